from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self):
        from clinic import metrics
        from notifications import (
            counts,
            receivers,  # noqa: F401 - connects them
        )

        metrics.gauge("messages", "Texts by status", "status", counts.messages_by_status)
        metrics.gauge("replies_waiting", "Replies that need a person", "urgent", counts.replies_waiting)
