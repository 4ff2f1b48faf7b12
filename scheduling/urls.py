"""Pages of the book."""

from django.urls import path

from scheduling.views import booking, courses, sessions, today

app_name = "scheduling"
urlpatterns = [
    path("today/", today.today, name="today"),
    path("conflicts/", today.conflicts, name="conflicts"),
    path("courses/new/", booking.book, name="book"),
    path("courses/<uuid:course_id>/", courses.course, name="course"),
    path("courses/<uuid:course_id>/plan/", booking.plan, name="plan"),
    path("patients/<uuid:patient_id>/courses/", courses.patient_courses, name="patient-courses"),
    path("sessions/<uuid:session_id>/move/", sessions.move, name="move"),
    path("sessions/<uuid:session_id>/cancel/", sessions.cancel, name="cancel"),
    path("sessions/<uuid:session_id>/late/", today.late, name="late"),
    path("sessions/<uuid:session_id>/no-show/", today.no_show, name="no-show"),
    path("sessions/<uuid:session_id>/undo/", today.undo, name="undo"),
    path("sessions/<uuid:session_id>/confirm/", today.confirm, name="confirm"),
]
