"""Wake-ups of the house itself."""

from datetime import timedelta

from celery import shared_task

from clinic import audit, clock, limiting
from clinic.models import IdempotencyRecord


@shared_task
def seal_audit():
    audit.seal(now=clock.now())


@shared_task
def forget_old_answers():
    """Answers hold patients' data and are wanted for a retry only: a day is enough."""
    IdempotencyRecord.objects.filter(created_at__lt=clock.now() - timedelta(days=1)).delete()
    limiting.forget(now=clock.now())
