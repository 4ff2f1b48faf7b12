"""For a container's health check: was this process seen within the last minute?"""

from django.core.management.base import BaseCommand, CommandError

from clinic import health


class Command(BaseCommand):
    help = "Exit 0 when NAME (worker or beat) was seen within the last minute."

    def add_arguments(self, parser):
        parser.add_argument("name", choices=["worker", "beat"])

    def handle(self, *args, name, **options):
        age = health.ages().get(name)
        if age is None or age > health.STALE_AFTER.total_seconds():
            raise CommandError(f"{name} has not been seen lately.")
