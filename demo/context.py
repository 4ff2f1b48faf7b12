"""What pages show of a demo: the sign-ins where one signs in, and the way to the demo phones."""

from django.conf import settings
from django.urls import reverse

from demo.clinic import is_loaded, sign_ins


def page(request):
    shown = {"demo_phone": settings.TEXTS_PROVIDER == "console"}
    if settings.DEMO_CLOCK and request.path == reverse("account_login") and is_loaded():
        shown["demo_signins"] = sign_ins()
    return shown
