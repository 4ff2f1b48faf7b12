"""No provider: texts are printed to a file of the data folder, and shown on the Texts page and the demo phones."""

from pathlib import Path
from threading import Lock

from django.conf import settings

from .base import Accepted, Outgoing

_lock = Lock()


class ConsoleGateway:
    def send(self, text: Outgoing) -> Accepted:
        # In production the file would be one more place with patients' data, and nobody's to read.
        if not settings.PRODUCTION:
            with _lock, (Path(settings.DATA_DIR) / "texts.txt").open("a", encoding="utf-8") as file:
                file.write(f"to {text.to}: {text.body}\n")
        return Accepted(sid=f"console-{text.id}", delivered=True)
