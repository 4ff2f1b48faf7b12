"""The Celery application. Tasks are wake-ups: two lines around a function that can be called twice."""

import os

from celery import Celery
from celery.signals import heartbeat_sent, setup_logging, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")

app = Celery("clinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_django_logging(**kwargs):
    """Celery would add handlers that print whole exceptions; ours leave patients' data out."""


@worker_ready.connect
@heartbeat_sent.connect
def _worker_lives(**kwargs):
    from clinic import health

    health.beat("worker")
