"""A freed place offered by text: to one patient at a time, as the waitlist ranks them, until one says yes.

A round has at most one open turn. `tick` goes on from what the rows say, whatever ended the turn: an answer, its time,
a text that cannot go, STOP, a course that was paused, or the desk. The book has the last word: `offers.accept_offer`
gives the place to the first yes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Invalid, Refused
from clinic.ids import new_id
from clinic.models import Site
from notifications import houses, projection, timing
from notifications.bodies import body
from notifications.candidates import Candidate as Waiting
from notifications.enums import MessageKind, MessageStatus, RoundEnd
from notifications.models import Message, OfferRound, OfferText
from notifications.timing import When
from scheduling import offers, waitlist
from scheduling.conditions import check
from scheduling.enums import OfferStatus
from scheduling.locking import patiently
from scheduling.models import Offer
from scheduling.waitlist import Candidate

S = MessageStatus
LEAST_MINUTES, MOST_MINUTES = 5, 600


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a round stands: whom it asked so far, and who would be asked if the present turn ended now."""

    round: OfferRound
    turns: list[OfferText]
    next: Candidate | None


@dataclass(frozen=True, slots=True)
class Running:
    """A round that runs, and the turn that waits for an answer; none between two turns."""

    round: OfferRound
    turn: OfferText | None


@patiently
@transaction.atomic
def start(*, site: Site, starts_at: datetime, by, now: datetime, minutes: int | None = None) -> OfferRound:
    """Offer a place by text: the first of those for whom it is right is asked now, or in the morning.

    `minutes` for an answer: the site's where none are given.

    Raises:
        Invalid: minutes that cannot be.
        Refused: `running` already; `nobody` for whom the place is right can be asked by text.
    """
    minutes = houses.policy_of(site).offer_minutes if minutes is None else minutes
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        detail = _("From %(low)s to %(high)s.") % {"low": LEAST_MINUTES, "high": MOST_MINUTES}
        raise Invalid.because("out_of_range", detail, "minutes")
    try:
        with transaction.atomic():
            round_ = OfferRound.objects.create(
                site=site, starts_at=starts_at, minutes=minutes, started_at=now, by=by
            )
    except IntegrityError as error:
        raise Refused.because("running", _("This place is being offered by text already.")) from error
    if not _ask_next(round_, now):
        detail = _("The place is gone, or nobody for whom it is right can be asked by text.")
        raise Refused.because("nobody", detail)
    _tell("started", round_, by, now)
    return round_


def running_at(site: Site, starts_at: datetime) -> Running | None:
    """What goes on for a place, if anything."""
    round_ = OfferRound.objects.running().filter(site=site, starts_at=starts_at).first()
    return round_ and Running(round_, turns_of([round_]).open().first())


@patiently
@transaction.atomic
def take_back(*, round_: OfferRound, by, now: datetime) -> OfferRound:
    """Nobody else is asked, and who was asked is told so when they answer. Twice is the same as once."""
    held = _held(round_)
    if held.ended_at is None:
        for turn in _open_turns(held):
            offers.withdraw_offer(offer=turn.offer, by=by, now=now)
            projection.withdraw(turn.message, cause="offer_ended", now=now)
        _end(held, RoundEnd.BACK, by, now)
    return held


def tick(*, now: datetime) -> int:
    """Go on with the rounds whose turn has ended; return how many. One look where none runs.

    A text that is about to go is looked at too: it may have waited for the morning, and the place be gone.
    """
    waiting = OfferText.objects.open().answerable().filter(round=OuterRef("pk"), offer__expires_at__gt=now)
    asked = waiting.exclude(message__status=S.PENDING, message__due_at__lte=now)
    due = list(OfferRound.objects.running().filter(~Exists(asked)))
    return sum(_go_on(round_, now) for round_ in due)


def standings(site: Site, *, now: datetime) -> list[Standing]:
    """Those that run, then those of places still ahead that ended; what it costs grows only with those that run."""
    rows = OfferRound.objects.filter(site=site, starts_at__gt=now).select_related("site")
    found = sorted(
        rows, key=lambda round_: (round_.ended_at is not None, round_.starts_at, round_.started_at)
    )
    by_round: dict[Any, list[OfferText]] = {round_.pk: [] for round_ in found}
    for turn in turns_of(found):
        by_round[turn.round_id].append(turn)
    return [
        Standing(round_, by_round[round_.pk], None if round_.ended_at else _next(round_, now))
        for round_ in found
    ]


def turns_of(rounds: Sequence[OfferRound]):
    """In the order in which the patients were asked."""
    turns = OfferText.objects.filter(round__in=rounds).select_related("offer__course__patient", "message")
    return turns.order_by("offer__offered_at", "pk")


def no_longer_open(found: Sequence[Waiting]) -> dict[Any, str]:
    """Texts of offers that have ended, however that came: id and cause."""
    texts = {text.pk for text in found if text.kind == MessageKind.OFFER}
    if not texts:
        return {}
    open_ = OfferText.objects.open().filter(message__in=texts).values_list("message", flat=True)
    return dict.fromkeys(texts - set(open_), "offer_ended")


def _next(round_: OfferRound, now: datetime) -> Candidate | None:
    return next((candidate for candidate, _when in _may_be_asked(round_, now)), None)


@patiently
@transaction.atomic
def _go_on(round_: OfferRound, now: datetime) -> bool:
    held = _held(round_)
    if held.ended_at is not None:
        return False
    gone = bool(check(waitlist.diary_of(held.site, [held.starts_at], now), held.starts_at))
    answerable = set(held.turns.open().answerable().values_list("pk", flat=True))
    for turn in _open_turns(held):
        if gone or turn.pk not in answerable:
            offers.withdraw_offer(offer=turn.offer, by=None, now=now)
        elif not offers.expire_offer(offer=turn.offer, now=now):
            return False
    for turn in held.turns.filter(message__status=S.PENDING).select_related("message"):
        projection.withdraw(turn.message, cause="offer_ended", now=now)
    if held.turns.filter(offer__status=OfferStatus.ACCEPTED).exists():
        _end(held, RoundEnd.TAKEN, None, now)
    elif gone:
        _end(held, RoundEnd.GONE, None, now)
    elif not _ask_next(held, now):
        _end(held, RoundEnd.NOBODY, None, now)
    return True


def _held(round_: OfferRound) -> OfferRound:
    return OfferRound.objects.select_for_update(of=("self",)).select_related("site").get(pk=round_.pk)


def _open_turns(round_: OfferRound) -> list[OfferText]:
    return list(round_.turns.open().select_related("offer__course", "message"))


def _ask_next(round_: OfferRound, now: datetime) -> bool:
    """Make the next patient's offer and its text; False where nobody is left."""
    for candidate, when in _may_be_asked(round_, now):
        course = candidate.entry.course
        try:
            offer = offers.make_offer(
                course=course, starts_at=round_.starts_at, until=when.expires_at, by=round_.by, now=now
            )
        except Refused:
            # The desk has offered it to them by telephone, or it is no longer right for them.
            continue
        message = _text(offer, when, now)
        message.save(force_insert=True)
        OfferText.objects.create(round=round_, offer=offer, message=message)
        return True
    return False


def _may_be_asked(round_: OfferRound, now: datetime) -> list[tuple[Candidate, When]]:
    """In the waitlist's order: those who were not asked yet, agreed to texts, and have time for an answer."""
    asked = set(round_.turns.values_list("offer__course_id", flat=True))
    right = waitlist.candidates(round_.site, round_.starts_at, now=now)
    allowed = projection.who_may_be_texted([candidate.entry.course for candidate in right])
    found = []
    for candidate in right:
        course = candidate.entry.course
        when = timing.offer(
            starts_at=round_.starts_at,
            minutes=round_.minutes,
            notice_minutes=candidate.entry.notice_minutes,
            zone=course.patient.tz,
            now=now,
        )
        if course.pk not in asked and course.patient_id in allowed and isinstance(when, When):
            found.append((candidate, when))
    return found


def _text(offer: Offer, when: When, now: datetime) -> Message:
    site, patient = offer.site, offer.course.patient
    house = houses.of([site.pk])[site.pk]
    kind, language = MessageKind.OFFER, patient.language
    return Message(
        id=new_id(),
        site=site,
        patient=patient,
        session=offer.session,
        kind=kind,
        # Each offer has a text of its own, also where the same place is offered to them again.
        rule=offer.pk.hex[-20:],
        about_at=offer.starts_at,
        language=language,
        to=patient.number,
        body=body(
            kind, site, patient, house=house, language=language, about=offer.starts_at, until=offer.expires_at
        ),
        due_at=when.due_at,
        expires_at=timing.expiry(when.due_at, patient.tz, when.expires_at),
        created_at=now,
    )


def _end(round_: OfferRound, end: RoundEnd, by, now: datetime) -> None:
    round_.ended_at, round_.end = now, end
    round_.save(update_fields=["ended_at", "end"])
    _tell("ended", round_, by, now, end=str(end))


def _tell(what: str, round_: OfferRound, by, now: datetime, **detail: Any) -> None:
    starts = round_.starts_at.isoformat()
    audit.record(
        f"offers_by_text.{what}", by=by, now=now, site=round_.site_id, on=round_, starts_at=starts, **detail
    )
