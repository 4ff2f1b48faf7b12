"""Wake-ups. Each may be lost, late or doubled: the rows are the truth."""

from celery import shared_task

from clinic import clock
from monitoring import escalation, rems


@shared_task
def escalate():
    escalation.escalate(now=clock.now())


@shared_task
def mind_forms():
    rems.sweep(now=clock.now())
