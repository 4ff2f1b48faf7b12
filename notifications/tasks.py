"""Wake-ups. Each may be lost, late or doubled: the rows are the truth."""

from datetime import timedelta

from celery import shared_task

from clinic import clock
from notifications import outbox, projection

# Far enough for the longest reminder; the sweep heals what a lost signal left.
AHEAD = timedelta(days=35)


@shared_task
def dispatch():
    outbox.dispatch(now=clock.now())


@shared_task
def sweep():
    now = clock.now()
    outbox.recover(now=now)
    projection.repair(now=now, until=now + AHEAD)
