"""The measure for `chair`: the clinic's own addresses and one more, a plain INSERT without any rule.

Served with `bare_settings`; the product knows nothing of it.
"""

import json

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from clinic.urls import urlpatterns as _clinic


@csrf_exempt
def insert(request: HttpRequest) -> JsonResponse:
    """One row of the very table, as JSON brings it."""
    from monitoring.models import Checkpoint

    row = Checkpoint.objects.create(**json.loads(request.body))
    return JsonResponse({"id": str(row.pk)}, status=201)


urlpatterns = [path("api/bare", insert), *_clinic]
