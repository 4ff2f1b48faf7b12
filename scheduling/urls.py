"""Pages of the book."""

from django.urls import path

from scheduling.views import (
    authorizations,
    booking,
    calendars,
    closing,
    courses,
    decisions,
    life,
    sessions,
    today,
    week,
)

app_name = "scheduling"
_course, _session = "courses/<uuid:course_id>", "sessions/<uuid:session_id>"
urlpatterns = [
    path("today/", today.today, name="today"),
    path("week/", week.week, name="week"),
    path("week/what-if/", week.ask, name="what-if"),
    path("calendars/", calendars.calendars, name="calendars"),
    path("calendars/<uuid:feed_id>/revoke/", calendars.revoke, name="calendar-revoke"),
    path("calendar/<slug:token>.ics", calendars.read, name="calendar-feed"),
    path("closures/new/", closing.close, name="close"),
    path("shifts/<uuid:shift_id>/drop/", closing.drop_shift, name="shift-drop"),
    path("conflicts/", life.conflicts, name="conflicts"),
    path("replan/", life.replan, name="replan"),
    path("decisions/", life.undecided, name="decisions"),
    path("inductions/", life.inductions, name="inductions"),
    path("freed/", life.freed, name="freed"),
    path("freed/today/", life.freed_today, name="freed-today"),
    path("freed/offer/", life.offer, name="offer"),
    path("offers/<uuid:offer_id>/accept/", life.accept, name="offer-accept"),
    path("offers/<uuid:offer_id>/decline/", life.decline, name="offer-decline"),
    path("waitlist/<uuid:entry_id>/remove/", life.unlist, name="unlist"),
    path("courses/new/", booking.book, name="book"),
    path(f"{_course}/", courses.course, name="course"),
    path(f"{_course}/plan/", booking.plan, name="plan"),
    path(f"{_course}/decide/<slug:kind>/", decisions.decide, name="decide"),
    path(f"{_course}/wait/", decisions.wait, name="wait"),
    path(f"{_course}/authorize/", authorizations.add, name="authorize"),
    path(f"{_course}/payer-authorizes/", authorizations.expect, name="payer-authorizes"),
    path(
        "authorizations/<uuid:authorization_id>/change/", authorizations.change, name="authorization-change"
    ),
    path("authorizations/<uuid:authorization_id>/end/", authorizations.end, name="authorization-end"),
    path("patients/<uuid:patient_id>/courses/", courses.patient_courses, name="patient-courses"),
    path(f"{_session}/move/", sessions.move, name="move"),
    path(f"{_session}/other-times/", sessions.other_times, name="other-times"),
    path(f"{_session}/move-back/", sessions.move_back, name="move-back"),
    path(f"{_session}/place/", today.place, name="place"),
    path(f"{_session}/cancel/", sessions.cancel, name="cancel"),
    path(f"{_session}/late/", today.late, name="late"),
    path(f"{_session}/no-show/", sessions.no_show, name="no-show"),
    path(f"{_session}/undo/", today.undo, name="undo"),
    path(f"{_session}/confirm/", today.confirm, name="confirm"),
]
