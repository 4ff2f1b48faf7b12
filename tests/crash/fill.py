"""Fills a clinic's outbox with due texts, past its web pages: `python -m tests.crash.fill COUNT SECONDS FIRST`.

Each is the reminder of a booked session of a patient of its own, so that every question of the last moment is asked.
They are due SECONDS from now, all at once; patients are counted from FIRST on. Prints nothing about anybody.
"""

import os
import sys
from datetime import UTC, date, datetime, time, timedelta


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    import django

    django.setup()
    fill(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))


def fill(count: int, seconds: float, first: int) -> None:
    from django.db import transaction

    from clinic.ids import new_id
    from clinic.models import Chair, Site

    present = datetime.now(UTC)
    visit, due = present + timedelta(days=1), present + timedelta(seconds=seconds)
    with transaction.atomic():
        site = Site.objects.create(
            name=f"Site {new_id()}", alias="Cardinal Care", timezone="UTC", phone="+16145550100"
        )
        chairs = [Chair(site=site, name=f"Chair {n}", position=n % 30_000) for n in range(count)]
        patients = _patients(site, range(first, first + count))
        courses = _courses(patients, visit)
        sessions = _sessions(courses, chairs, visit)
        for rows in (chairs, patients, courses, sessions, _messages(sessions, visit, due, first)):
            type(rows[0]).objects.bulk_create(rows, batch_size=500)


def _patients(site, numbers):
    from clinic.models import Patient

    name = {"given_name": "Avery", "birth_date": date(1980, 1, 1), "texts_allowed": True}
    return [
        Patient(site=site, mrn=f"M{n}", family_name=f"Patient{n}", phone=f"+1614{n:07}", **name)
        for n in numbers
    ]


def _courses(patients, visit):
    from scheduling.models import Course

    plan = {
        "indication": "trd",
        "starts_on": visit.date(),
        "weekdays": [0, 3],
        "time": time(9),
        "dose_mg": 56,
    }
    return [Course(site=patient.site, patient=patient, **plan) for patient in patients]


def _sessions(courses, chairs, visit):
    from scheduling.models import TreatmentSession

    when = {"starts_at": visit, "ends_at": visit + timedelta(minutes=150), "local_date": visit.date()}
    first = {"number": 1, "week": 1, "phase": "induction", "dose_mg": 56, **when}
    return [
        TreatmentSession(course=course, site=course.site, patient=course.patient, chair=chair, **first)
        for course, chair in zip(courses, chairs, strict=True)
    ]


def _messages(sessions, visit, due, first):
    from notifications.models import Message

    when = {"about_at": visit, "due_at": due, "expires_at": visit - timedelta(hours=1)}
    return [
        Message(
            site=session.site,
            patient=session.patient,
            session=session,
            kind="reminder",
            rule="1d-10:00",
            language="en",
            to=session.patient.phone,
            body=f"Hello Avery, reminder {number} from Cardinal Care. Reply C to confirm.",
            **when,
        )
        for number, session in enumerate(sessions, start=first)
    ]


if __name__ == "__main__":
    main()
