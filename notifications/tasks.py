"""Wake-ups. Each may be lost, late or doubled: the rows are the truth."""

from datetime import timedelta

from celery import shared_task
from celery.signals import worker_shutting_down

from clinic import clock
from notifications import forgetting, offering, outbox, repairing

# Far enough for the longest reminder; the sweep heals what a lost signal left.
AHEAD = timedelta(days=35)


@shared_task
def dispatch():
    now = clock.now()
    try:
        offering.tick(now=now)
    finally:
        # Whatever is wrong with an offer, the other texts go.
        outbox.dispatch(now=now)


@shared_task
def sweep():
    now = clock.now()
    repairing.repair(now=now, until=now + AHEAD)


@shared_task
def forget_words():
    now = clock.now()
    forgetting.remove_words(now=now)
    forgetting.remove_links(now=now)
    forgetting.redact(now=now)


@worker_shutting_down.connect
def _end_runs(**kwargs):
    """A run settles what is in flight and returns, instead of being killed in the middle."""
    outbox.closing.set()
