"""Print a new API token for a user, and nothing else."""

from django.core.management.base import BaseCommand, CommandError

from clinic import clock, tokens
from clinic.models import User


class Command(BaseCommand):
    help = "Print a new API token that acts as USERNAME. It is shown only here: what is kept is a digest."

    def add_arguments(self, parser):
        parser.add_argument("username")
        parser.add_argument("--name", default="made by command", help="to know it by in the list of tokens")

    def handle(self, *args, username, name, **options):
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"there is no active user {username!r}.")
        self.stdout.write(tokens.make(user=user, name=name[:80], by=None, now=clock.now()))
