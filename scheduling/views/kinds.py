"""The decisions that a course's page offers: form, verb, who may, and in which state."""

from django.utils.translation import gettext_lazy

from clinic import access, clock
from clinic.access import May
from scheduling import decisions, mending
from scheduling.course_facts import how_often
from scheduling.enums import CourseStatus
from scheduling.forms.decisions import DecisionForm, ExtendForm, FrequencyForm, MendForm, ResumeForm
from scheduling.models import Course

# Name: form, verb, right, title, words of the button, the states in which it can be.
GOING = (CourseStatus.PLANNED, CourseStatus.ACTIVE)
KINDS = {
    "mend": (MendForm, mending.mend_course, (May.BOOK,), gettext_lazy("Make up what was lost"), GOING),
    "frequency": (
        FrequencyForm,
        decisions.change_frequency,
        (May.DECIDE,),
        gettext_lazy("Change how often"),
        GOING,
    ),
    "extend": (ExtendForm, decisions.extend_course, (May.DECIDE,), gettext_lazy("Book on"), GOING),
    "pause": (DecisionForm, decisions.pause_course, (May.BOOK, May.DECIDE), gettext_lazy("Pause"), GOING),
    "resume": (
        ResumeForm,
        decisions.resume_course,
        (May.BOOK, May.DECIDE),
        gettext_lazy("Go on"),
        (CourseStatus.PAUSED,),
    ),
    "stop": (
        DecisionForm,
        decisions.stop_course,
        (May.BOOK, May.DECIDE),
        gettext_lazy("Stop the course"),
        (*GOING, CourseStatus.PAUSED),
    ),
}


def offered(course: Course, user) -> list[dict]:
    """The decisions that this person may write down now, each with an empty form."""
    today = clock.now().astimezone(course.site.tz).date()
    initial = {"starts_on": today, "frequency": how_often(course, today=today).now}
    if access.may(user, May.DECIDE, course.site):
        initial["decided_by"] = user.display_name
    return [
        {"kind": kind, "title": title, "form": form(initial=initial, prefix=kind)}
        for kind, (form, _verb, rights, title, states) in KINDS.items()
        if course.status in states
        and any(access.may(user, right, course.site) for right in rights)
        and (kind != "mend" or mending.is_missing(course))
    ]
