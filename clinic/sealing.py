"""What a browser keeps while it is offline is sealed with its person's key, which only a signed-in page holds."""

import base64

from django.utils.crypto import salted_hmac


def key_of(user) -> str:
    """256 bits in base64, the same at every sign-in until SECRET_KEY changes."""
    digest = salted_hmac("clinic.sealing", str(user.pk), algorithm="sha256").digest()
    return base64.b64encode(digest).decode()
