"""Celery's beat with our pulse in it."""

from datetime import timedelta

from django.conf import settings

from clinic import health
from clinic.beat import Scheduler
from clinic.celery import app


def test_all_that_is_due_is_sent_without_a_pause(monkeypatch):
    sent, pulses = [], []
    monkeypatch.setattr(health, "beat", pulses.append)
    scheduler = Scheduler(app=app)
    for entry in scheduler.schedule.values():
        entry.last_run_at -= timedelta(days=1)
    monkeypatch.setattr(scheduler, "apply_entry", lambda entry, producer=None: sent.append(entry.task))
    pauses = []
    while not pauses or not pauses[-1]:
        pauses.append(scheduler.tick())
    assert len(sent) == len(settings.CELERY_BEAT_SCHEDULE)
    assert pauses[:-1] == [0] * len(sent)
    assert 0 < pauses[-1] <= settings.TICK_SECONDS
    assert set(pulses) == {"beat"}
