"""Numbers about texts, for who watches the machine."""

from django.db.models import Count

from notifications.models import InboundMessage, Message


def messages_by_status() -> dict[str, float]:
    rows = Message.objects.order_by().values_list("status").annotate(Count("pk"))
    return {status: float(number) for status, number in rows}


def replies_waiting() -> dict[str, float]:
    waiting = InboundMessage.objects.filter(needs_person=True, handled_at__isnull=True)
    rows = waiting.order_by().values_list("urgent").annotate(Count("pk"))
    return {str(urgent).lower(): float(number) for urgent, number in rows}
