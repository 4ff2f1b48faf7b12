"""Numbers about the floor, for who watches the machine."""

from django.db.models import Count

from monitoring.models import Alert
from scheduling.models import TreatmentSession


def open_alerts() -> dict[str, float]:
    rows = Alert.objects.unacknowledged().order_by().values_list("level").annotate(Count("pk"))
    return {level: float(number) for level, number in rows}


def in_house() -> dict[str, float]:
    rows = TreatmentSession.objects.in_house().order_by().values_list("status").annotate(Count("pk"))
    return {status: float(number) for status, number in rows}
