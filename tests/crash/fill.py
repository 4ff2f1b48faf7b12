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
    from clinic.models import Chair, Patient, Site
    from notifications.models import Message
    from scheduling.models import Course, TreatmentSession

    present = datetime.now(UTC)
    visit, due = present + timedelta(days=1), present + timedelta(seconds=seconds)
    with transaction.atomic():
        site = Site.objects.create(
            name=f"Site {new_id()}", alias="Cardinal Care", timezone="UTC", phone="+16145550100"
        )
        chairs = [Chair(site=site, name=f"Chair {n}", position=n % 30_000) for n in range(count)]
        patients = [
            Patient(
                site=site,
                mrn=f"M{n}",
                given_name="Avery",
                family_name=f"Patient{n}",
                birth_date=date(1980, 1, 1),
                phone=f"+1614{n:07}",
                texts_allowed=True,
            )
            for n in range(first, first + count)
        ]
        courses = [
            Course(
                site=site,
                patient=patient,
                indication="trd",
                starts_on=visit.date(),
                weekdays=[0, 3],
                time=time(9),
                dose_mg=56,
            )
            for patient in patients
        ]
        sessions = [
            TreatmentSession(
                course=course,
                site=site,
                patient=course.patient,
                chair=chair,
                number=1,
                week=1,
                phase="induction",
                starts_at=visit,
                ends_at=visit + timedelta(minutes=150),
                local_date=visit.date(),
                dose_mg=56,
            )
            for course, chair in zip(courses, chairs, strict=True)
        ]
        messages = [
            Message(
                site=site,
                patient=session.patient,
                session=session,
                kind="reminder",
                rule="1d-10:00",
                about_at=visit,
                language="en",
                to=session.patient.phone,
                body=f"Hello Avery, reminder {number} from Cardinal Care. Reply C to confirm.",
                due_at=due,
                expires_at=visit - timedelta(hours=1),
            )
            for number, session in enumerate(sessions, start=first)
        ]
        for model, rows in (
            (Chair, chairs),
            (Patient, patients),
            (Course, courses),
            (TreatmentSession, sessions),
            (Message, messages),
        ):
            model.objects.bulk_create(rows, batch_size=500)


if __name__ == "__main__":
    main()
