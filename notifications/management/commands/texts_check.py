"""Can the provider's settings work? One line for each fault; 1 where no text can go. No secret is printed."""

from django.core.management.base import BaseCommand

from clinic import texts_settings
from notifications.system_checks import as_mapping


class Command(BaseCommand):
    help = __doc__
    # It tells of them itself.
    requires_system_checks: list[str] = []

    def handle(self, *args, **options):
        faults = texts_settings.faults(as_mapping())
        for fault in faults:
            self.stdout.write(f"{fault.detail} {fault.hint}")
        if any(fault.fatal for fault in faults):
            raise SystemExit(1)
