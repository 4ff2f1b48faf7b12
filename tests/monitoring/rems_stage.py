"""A whole session of one patient, and what is done to its monitoring form afterwards."""

from datetime import timedelta

from monitoring import chairside, form_sending, leaving, rems
from tests.factories import MONDAY, make_session
from tests.monitoring.test_chairside import at, device, read
from tests.monitoring.test_predose import FINE

LEFT = at(130)
DAY = timedelta(days=1)


def go_through(course, nurse, days=0):
    """A whole session, that many days after Monday, with the same readings each time."""
    later = timedelta(days=days)
    session = make_session(course=course, starts_at=MONDAY + later)
    chairside.arrive(session=session, by=nurse, now=MONDAY + later)
    chairside.record_pre_dose(session=session, answers=FINE, by=nurse, now=at(-5) + later)
    for number in (1, 2):
        minute = 5 * (number - 1) + days * 1440
        device(session, nurse, number, minute)
    for minute in (40, 120):
        read(session, nurse, minute + days * 1440, minute=minute)
    ready = at(121) + later
    leaving.mark_ready(
        session=session,
        at=ready,
        clinician="Nora Nurse",
        escort_reached=True,
        instructions_given=True,
        by=nurse,
        now=ready,
    )
    leaving.leave(session=session, at=LEFT + later, with_escort=True, by=nurse, now=LEFT + later)
    return session


def answer(form, nurse, now=LEFT, reasons=None, **answers):
    return rems.answer_form(form=form, answers=answers, by=nurse, now=now, reasons=reasons)


def send(form, nurse, when=LEFT, **options):
    facts = {"channel": "portal", "reference": "C-1", "sent_at": when, "now": when, **options}
    return form_sending.send_form(form=form, by=nurse, **facts)
