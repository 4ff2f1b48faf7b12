"""`./run manage make_scale`: an empty PostgreSQL database becomes a large one, for figures and for tests."""

from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from clinic import clock, moments
from clinic.models import Patient, Site, User
from demo.scale import filling
from demo.scale.layout import Size


class Command(BaseCommand):
    help = "Fill an empty PostgreSQL database with invented clinics, patients and sessions, by COPY."

    def add_arguments(self, parser):
        parser.add_argument("--sites", type=int, default=5_000)
        parser.add_argument("--patients", type=int, default=1_000_000)
        parser.add_argument("--sessions", type=int, default=10_000_000)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--monday", help="sessions before this day are done; default: this week's Monday")

    def handle(self, *, sites, patients, sessions, seed, monday, **options):
        size = Size(sites, patients, sessions)
        if faults := [*_unfit(), *size.faults()]:
            raise CommandError(" ".join(faults))
        now = clock.now()
        day = now.date() if monday is None else moments.read_day(monday)
        if day is None:
            raise CommandError("--monday wants a date such as 2026-03-02.")
        wish = filling.Wish(size, seed, day - timedelta(days=day.weekday()))
        counts = filling.fill(wish, now=now, tell=lambda done: self.stderr.write(f"{done} of {sites} sites"))
        for name, rows in counts.items():
            self.stdout.write(f"{name}: {rows}")


def _unfit() -> list[str]:
    """Why this database may not be filled."""
    if connection.vendor != "postgresql":
        return ["This wants PostgreSQL: set DATABASE_URL. SQLite has no COPY."]
    if Site.objects.exists() or Patient.objects.exists() or User.objects.exists():
        return ["This database has people or places already. Make an empty one and name it in DATABASE_URL."]
    return []
