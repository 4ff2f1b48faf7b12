"""Before the first request: the database as the code wants it, and the demo in an empty one."""

from django.core.management import BaseCommand, CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from clinic import clock
from clinic.models import User
from demo import clinic as demo_clinic


class Command(BaseCommand):
    help = "Migrate, load the demo clinic into an empty database, and print the demo's sign-ins."

    def add_arguments(self, parser):
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")

    def handle(self, *args, no_demo=False, **options):
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(
                "the database of DATABASE_URL is not reachable. Is it running, and the name right?"
            ) from error
        if MigrationExecutor(connection).migration_plan(
            MigrationExecutor(connection).loader.graph.leaf_nodes()
        ):
            call_command("migrate", verbosity=0)
        if not no_demo and not User.objects.exists():
            demo_clinic.load(now=clock.now())
        if demo_clinic.is_loaded():
            self.stdout.write(demo_clinic.sign_ins())
