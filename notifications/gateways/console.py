"""No provider: texts are printed to a file of the data folder, and shown on the Texts page and the demo phones."""

from pathlib import Path

from django.conf import settings

from .base import Accepted, Found, Look, NotThere, Outcome, Outgoing, Sought


class ConsoleGateway:
    async def __aenter__(self) -> "ConsoleGateway":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pass

    async def send(self, text: Outgoing) -> Outcome:
        # In production the file would be one more place with patients' data, and nobody's to read.
        if not settings.PRODUCTION:
            with _file().open("a", encoding="utf-8") as file:
                file.write(f"{text.id} to {text.to}: {text.body}\n")
        return Accepted(sid=f"console-{text.id}", delivered=True)

    async def look(self, sought: Sought) -> Look:
        """Whether a text whose sender died stands in the file."""
        printed = not settings.PRODUCTION and _file().exists()
        there = printed and f"{sought.id} to " in _file().read_text(encoding="utf-8")
        return Found(f"console-{sought.id}", "delivered") if there else NotThere()

    async def redact(self, sid: str) -> bool:
        return True


def _file() -> Path:
    return Path(settings.DATA_DIR) / "texts.txt"
