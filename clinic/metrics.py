"""Numbers for Prometheus: counts and ages, never anything about a patient.

Read from the database when asked, so that any number of web processes give the same answer. Upper apps add their
own with `gauge`, each a function that runs one query.
"""

import ipaddress
import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpResponse, HttpResponseForbidden
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from clinic import health

# Label value and number, for a metric's one label.
Samples = Callable[[], dict[str, float]]
_gauges: list[tuple[str, str, str, Samples]] = []


def gauge(name: str, words: str, label: str, samples: Samples) -> None:
    """Add a metric: `samples()` gives a number for each value of `label`."""
    _gauges.append((f"clinic_{name}", words, label, samples))


class _Collector:
    def collect(self):
        for name, words, label, samples in _gauges:
            family = GaugeMetricFamily(name, words, labels=[label])
            for value, number in samples().items():
                family.add_metric([value], number)
            yield family


@require_safe
def metrics(request):
    """For this machine, or with the token of METRICS_TOKEN."""
    if not (_is_loopback(request) or _has_token(request)):
        return HttpResponseForbidden()
    registry = CollectorRegistry()
    registry.register(_Collector())
    return HttpResponse(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")


def _is_loopback(request) -> bool:
    # Behind a proxy everybody comes from the proxy: then only the token counts.
    if request.headers.get("X-Forwarded-For"):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(settings.METRICS_TOKEN) and secrets.compare_digest(given, settings.METRICS_TOKEN)


gauge("heartbeat_age_seconds", "Since a process was last seen", "process", health.ages)
