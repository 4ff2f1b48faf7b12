"""Where there is room, what would be if, what breaks a rule, and what waits for a prescriber, as JSON."""

import dataclasses
from datetime import timedelta
from typing import Any

from ninja import Router

from clinic import clock, moments, paging
from clinic.access import May
from clinic.api import site_of
from clinic.errors import Fault, Invalid
from clinic.models import Site
from clinic.schemas import Body, Small, Text, local
from scheduling import at_risk, capacity, closures, diary, what_if
from scheduling.api import findings_out, sessions_out

router = Router(tags=["Boards"])


class WhatIfIn(Body):
    inductions_a_week: Small = 5
    weeks: Small = 4
    chairs: dict[Text, Small] = {}
    nurses: Small = 0


@router.get("/sites/{site_id}/load", response=dict, summary="A week's load by day and hour")
def load(request, site_id: str):
    """`date`: any day of the week, the site's present day without it."""
    site = site_of(request, site_id, May.SEE)
    today = clock.now().astimezone(site.tz).date()
    text = request.GET.get("date")
    day = moments.read_day(text) if text else today
    if day is None:
        raise Invalid.because("unreadable", "A date such as 2026-03-02.", "date")
    monday = day - timedelta(days=day.weekday())
    book = diary.load(site=site, first=monday, last=monday + timedelta(days=6), now=clock.now())
    items = [
        {"date": monday + timedelta(days=index), "hours": [_cell_out(cell, site) for cell in cells]}
        for index, cells in enumerate(capacity.week(book, monday))
    ]
    return {"items": items, "next": None}


@router.get("/sites/{site_id}/what-if", response=dict, summary="What would be if; changes nothing")
def what_if_get(request, site_id: str, inductions_a_week: int = 5, weeks: int = 4, nurses: int = 0):
    """`chairs=1:2`: on weekday 1 (Tuesday) two chairs more; may stand more than once. The same answer as by POST."""
    site = site_of(request, site_id, May.SEE)
    pairs = [text.split(":") for text in request.GET.getlist("chairs")]
    if not all(len(pair) == 2 for pair in pairs):
        raise Invalid.because("unreadable", "A weekday and a number, such as 1:2.", "chairs")
    return _answer(site, _by_weekday(pairs), inductions_a_week, weeks, nurses)


@router.post("/sites/{site_id}/what-if", response=dict, summary="What would be if; changes nothing")
def what_if_post(request, site_id: str, payload: WhatIfIn):
    """`chairs`: {weekday: more or fewer}. Answered by the planner over the book as it stands, from tomorrow on."""
    site = site_of(request, site_id, May.SEE)
    chairs = _by_weekday(payload.chairs.items())
    return _answer(site, chairs, payload.inductions_a_week, payload.weeks, payload.nurses)


@router.get("/sites/{site_id}/conflicts", response=dict, summary="Booked sessions that now break a rule")
def conflicts(request, site_id: str):
    """As hours, closures and shifts now stand."""
    site = site_of(request, site_id, May.SEE)
    found = closures.conflicts(site, now=clock.now())
    rows = sessions_out(session for session, _reasons in found)
    items = [
        {"session": row, "reasons": findings_out(reasons)}
        for row, (_session, reasons) in zip(rows, found, strict=True)
    ]
    return {"items": items, "next": None}


@router.get("/sites/{site_id}/decisions", response=dict, summary="What waits for a prescriber's decision")
def decisions(request, site_id: str, cursor: str | None = None):
    """A long gap, or missed maintenance. `POST /courses/{id}/frequency`, `/pause` or `/stop` closes it."""
    site = site_of(request, site_id, May.SEE)
    return paging.page(at_risk.undecided(site, now=clock.now()), cursor, undecided_out)


def undecided_out(item: at_risk.Undecided) -> dict[str, Any]:
    return {
        "course": str(item.course.pk),
        "patient": str(item.course.patient_id),
        "frequency": item.frequency,
        "last_given": item.last_given,
        "next_on": item.next_on,
        "code": item.finding.code,
        "detail": item.finding.detail,
    }


def _cell_out(cell: capacity.Cell, site: Site) -> dict[str, Any]:
    return {**dataclasses.asdict(cell), "at": local(cell.at, site), "room": cell.room}


def _answer(site: Site, chairs: dict[int, int], inductions: int, weeks: int, nurses: int) -> dict[str, Any]:
    found = what_if.ask(
        site=site,
        now=clock.now(),
        inductions_a_week=inductions,
        weeks=weeks,
        chairs=chairs,
        nurses=nurses,
    )
    return dataclasses.asdict(found)


def _by_weekday(pairs) -> dict[int, int]:
    found, faults = {}, []
    for weekday, count in pairs:
        try:
            found[int(str(weekday)[:4])] = int(str(count)[:8])
        except ValueError:
            faults.append(Fault("unreadable", "A weekday from 0 (Monday) to 6 and a whole number.", "chairs"))
    if faults:
        raise Invalid(faults)
    return found
