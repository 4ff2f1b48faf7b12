"""Celery's beat with a pulse, so that a dead one is seen. A second one does no harm: claims are exclusive."""

from celery.beat import Scheduler as MemoryScheduler

from clinic import health


class Scheduler(MemoryScheduler):
    """The static schedule, kept in memory: after a restart everything is simply due."""

    def tick(self, *args, **kwargs):
        health.beat("beat")
        # 0 means that something was sent and more may be due: each tick sends one.
        return min(super().tick(*args, **kwargs), health.EVERY_SECONDS)
