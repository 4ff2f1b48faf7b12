"""Is a session ready to happen: what is still missing, whose work it is, and when it becomes too late. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduling.authorized import Standing

CONFIRM_BEFORE = timedelta(hours=24)  # [practice]


@dataclass(frozen=True, slots=True)
class Ready:
    """One item. `owner` is a role, or a person's name; `by` the moment after which it is too late."""

    code: str
    ok: bool
    detail: str
    owner: str
    by: datetime

    def as_dict(self) -> dict[str, object]:
        return {"code": self.code, "ok": self.ok, "detail": self.detail, "owner": self.owner, "by": self.by}


def readiness(
    *,
    starts_at: datetime,
    enrolled_on: date | None,
    escort: str,
    confirmation: str,
    contraindicated: bool,
    authorization: Standing | None = None,
) -> list[Ready]:
    """Enrolment before the first dose [REMS], a ride home [label], no contraindication [label], confirmed.

    `authorization` is None where no payer wants to be asked.
    """
    found = [
        Ready("enrolment", enrolled_on is not None, "REMS enrolment", "prescriber", starts_at),
        Ready("contraindication", not contraindicated, "No contraindication", "prescriber", starts_at),
        Ready("escort", bool(escort), "Ride home", "desk", starts_at),
        Ready("confirmation", confirmation == "confirmed", "Confirmed", "desk", starts_at - CONFIRM_BEFORE),
    ]
    if authorization is not None:
        ok, detail, owner = authorization.ok, authorization.detail, authorization.owner
        found.append(Ready("authorization", ok, detail, owner, starts_at))
    return found
