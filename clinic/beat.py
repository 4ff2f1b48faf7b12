"""Celery's beat with a pulse, so that a dead one is seen. A second one does no harm: claims are exclusive."""

from celery.beat import Scheduler as MemoryScheduler

from clinic import health


class Scheduler(MemoryScheduler):
    """The static schedule, kept in memory: after a restart everything is simply due."""

    def tick(self, *args, **kwargs):
        health.beat("beat")
        return min(super().tick(*args, **kwargs) or self.max_interval, health.EVERY_SECONDS)
