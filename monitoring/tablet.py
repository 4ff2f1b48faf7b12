"""Entries of a tablet's queue: each is taken once, however often it is sent."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Invalid, Refused
from monitoring.enums import TabletOutcome
from monitoring.models import TabletEntry
from scheduling.models import TreatmentSession

# Older than this, an entry lay on the tablet: a page waits for its answer for seconds.
IN_FRONT = timedelta(minutes=1)
# What a discarded entry showed, line by line.
MOST_LINES, LONGEST_LINE = 60, 1200


@dataclass(frozen=True, slots=True)
class Entry:
    """As the tablet made it: its id, its own clock, and how far it measured that clock to be ahead of ours."""

    client_id: UUID
    kind: str
    tapped_at: datetime
    skew_ms: int | None
    by: str
    fields: Mapping[str, list[str]]

    @property
    def digest(self) -> str:
        content = [self.kind, self.tapped_at.isoformat(), sorted(self.fields.items())]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def waited(self, now: datetime) -> bool:
        """Whether it was made before, without a connection: whoever made it cannot be asked any more."""
        return now - self.tapped_at + timedelta(milliseconds=self.skew_ms or 0) > IN_FRONT


@dataclass(frozen=True, slots=True)
class Taken:
    """`words` is what `save` said; empty for a replay, which runs nothing."""

    words: str
    replayed: bool = False


def take(
    *, session: TreatmentSession, entry: Entry | None, save: Callable[[], str], by, now: datetime
) -> Taken:
    """Run `save`, and write the entry down in the same transaction. None is no entry: somebody's plain form.

    Raises:
        Refused: what `save` refuses; `other_person` where somebody else made the entry; `conflict` where this
            id holds something else.
    """
    if entry is None:
        return Taken(save())
    if _is_known(session, entry, by):
        return Taken("", replayed=True)
    try:
        with transaction.atomic():
            # First, so that the same entry sent twice at once waits here for the other one.
            _write(session, entry, TabletOutcome.SAVED, by, now)
            return Taken(save())
    except IntegrityError:
        if _is_known(session, entry, by):
            return Taken("", replayed=True)
        raise


@transaction.atomic
def discard(
    *, session: TreatmentSession, entry: Entry, content: list[str], reason: str, by, now: datetime
) -> None:
    """An entry that was refused and is not wanted any more: what it held and why it was dropped stay readable.

    Raises:
        Invalid: no reason.
        Refused: `other_person`; `conflict` where the entry was saved after all.
    """
    if not _plain(reason, 500).strip():
        raise Invalid.because("required", _("Say why."), "reason")
    if _is_known(session, entry, by, TabletOutcome.DISCARDED):
        return
    lines = [_plain(line, LONGEST_LINE) for line in content[:MOST_LINES]]
    more = {"content": lines, "reason": _plain(reason.strip(), 500)}
    row = _write(session, entry, TabletOutcome.DISCARDED, by, now, **more)
    audit.record(
        "tablet.discarded",
        by=by,
        now=now,
        site=session.site_id,
        patient=session.patient_id,
        on=row,
        reason=row.reason,
        kind=entry.kind,
    )


def _plain(text: str, length: int) -> str:
    """Without the one character that PostgreSQL cannot hold."""
    return text.replace("\x00", "")[:length]


def _is_known(session, entry: Entry, by, outcome=TabletOutcome.SAVED) -> bool:
    if entry.by != str(by.pk):
        raise Refused.because(
            "other_person", _("Somebody else made this entry. It waits for them to sign in.")
        )
    row = TabletEntry.objects.filter(pk=entry.client_id).first()
    if row is None:
        return False
    same = (row.session_id, row.digest, row.outcome) == (session.pk, entry.digest, outcome)
    if not same:
        raise Refused.because("conflict", _("Another entry has this id, or this one was dealt with before."))
    return True


def _write(session, entry: Entry, outcome, by, now, **more) -> TabletEntry:
    return TabletEntry.objects.create(
        id=entry.client_id,
        session=session,
        by=by,
        kind=entry.kind,
        outcome=outcome,
        tapped_at=entry.tapped_at,
        skew_ms=entry.skew_ms,
        received_at=now,
        digest=entry.digest,
        **more,
    )
