"""How a verb says no: one exception with every reason, each with a code that pages and API share."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason.

    `code` is for programs and never changes; `detail` is a sentence fit for the person who asked; `field`
    names the input it belongs to ("sessions[2].starts_at"), or is empty; `extra` holds what helps to mend it.
    """

    code: str
    detail: str
    field: str = ""
    extra: dict[str, Any] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The shape of an item of `errors` in problem+json."""
        return {"code": self.code, "field": self.field, "detail": self.detail, **self.extra}


class Refused(Exception):
    """A rule forbids it (HTTP 409). Carries all the reasons, never the first only."""

    status = 409

    def __init__(self, faults: Iterable[Fault]):
        self.faults = list(faults)
        if not self.faults:
            raise ValueError("a refusal needs a reason")
        # Codes only: an exception's text may reach a log, and details can name people.
        super().__init__(", ".join(fault.code for fault in self.faults))

    @property
    def codes(self) -> list[str]:
        return [fault.code for fault in self.faults]

    @classmethod
    def because(cls, code: str, detail: Any, field: str = "", **extra: Any) -> "Refused":
        """A refusal with a single reason."""
        return cls([Fault(code, str(detail), field, extra)])


class Invalid(Refused):
    """A value that cannot be (HTTP 422)."""

    status = 422


class NotAllowed(Refused):
    """The person has no right to do this here (HTTP 403)."""

    status = 403


class ReasonRequired(Refused):
    """Warnings that want a reason before going on (HTTP 409, `reason_required`).

    Each fault has the warning's own code in `extra["warning"]`: the key that `override` wants.
    """

    @classmethod
    def for_warnings(cls, warnings: Iterable[Any]) -> "ReasonRequired":
        """From anything with `code` and `detail`."""
        return cls(
            Fault("reason_required", w.detail, f"override.{w.code}", {"warning": w.code}) for w in warnings
        )
