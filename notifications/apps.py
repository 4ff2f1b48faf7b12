from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self):
        from clinic import health, metrics
        from notifications import (
            by_day,
            counts,
            receivers,  # noqa: F401 - connects them
            system_checks,  # noqa: F401 - registers them
            watch,
        )

        metrics.gauge("messages", "Texts by status", "status", counts.messages_by_status)
        metrics.gauge("replies_waiting", "Replies that need a person", "urgent", counts.replies_waiting)
        health.check("texts", watch.healthy)
        health.check("texts_callbacks", watch.callbacks_come)
        by_day.register()
