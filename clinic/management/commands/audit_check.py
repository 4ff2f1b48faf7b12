"""Is the audit trail whole? Recomputes the chain of sealed blocks."""

from django.core.management.base import BaseCommand, CommandError

from clinic import audit
from clinic.models import AuditBlock


class Command(BaseCommand):
    help = "Recompute the hash chain of the audit trail; exit 1 and name the first block that does not match."

    def handle(self, *args, **options):
        broken = audit.broken_block()
        if broken is not None:
            raise CommandError(f"Block {broken} does not match its events: the trail was changed.")
        self.stdout.write(f"The trail is whole: {AuditBlock.objects.count()} blocks match their events.")
