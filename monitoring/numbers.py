"""Numbers of the chair: readings on time, alerts answered, waiting, ready after T0, deviations. From real rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clinic import clock, numbers
from clinic.models import Site
from clinic.numbers import Bar, Section, median, nine_in_ten, share
from monitoring import form_numbers, schedule
from monitoring.enums import DeviationKind
from monitoring.models import Alert, Checkpoint, Deviation, Observation
from monitoring.state import rules_of
from scheduling.enums import Phase

ON_TIME = timedelta(minutes=5)


def register() -> None:
    for code, make in {
        "readings-on-time": readings_on_time,
        "alerts": alerts_answered,
        "first-device": first_device,
        "ready": ready_after,
        "deviations": deviations,
        "forms-on-time": forms_on_time,
    }.items():
        numbers.section(code, make)


def readings_on_time(site: Site, first: date, last: date) -> Section:
    """Every checkpoint that should have been, by the rules of its own session."""
    taken = _answers(site, first, last)
    weeks: dict[date, Counter[str]] = defaultdict(Counter)
    seen = _observed(site, first, last).values_list("pk", "session__local_date", "t0_at", "left_at", "rules")
    for pk, day, t0, left_at, kept in seen:
        rules = schedule.rules_from(kept, 5) if kept else rules_of(site)
        for minute in schedule.scheduled(rules):
            due = _after(t0, minute)
            if due <= (left_at or clock.now()):
                weeks[_monday(day)][_state(taken.get((pk, minute)), due)] += 1
    rows = []
    for monday, found in sorted(weeks.items()):
        wanted = sum(found.values())
        counts = (found["on_time"], found["late"], found["missing"])
        rows.append((monday.isoformat(), wanted, *counts, share(found["on_time"], wanted)))
    return Section(
        _("Readings on time"),
        _("Measured within 5 minutes of when they were due, of all that were due, by week."),
        [_("Week of"), _("Due"), _("On time"), _("At another time"), _("Never"), _("On time, %")],
        rows,
        [Bar(row[0], row[5] or 0, f"{row[5]} % ({row[2]}/{row[1]})") for row in rows],
        scale=100,
    )


def alerts_answered(site: Site, first: date, last: date) -> Section:
    days = {"observation__session__site": site, "observation__session__local_date__range": (first, last)}
    found = Alert.objects.filter(**days).order_by()
    groups: dict[str, list[tuple]] = defaultdict(list)
    for level, recorded_at, answered_at, escalated in found.values_list(
        "level", "recorded_at", "acknowledged_at", "escalated"
    ):
        groups[level].append((recorded_at, answered_at, escalated))
    labels = {"red": _("Red"), "amber": _("Amber")}
    rows = [_alert_row(labels[level], groups[level], site) for level in labels if groups[level]]
    return Section(
        _("Alerts acknowledged"),
        _(
            "From the moment the clinic knew to the word of what was done; in time is within the site's minutes."
        ),
        [
            _("Level"),
            _("Raised"),
            _("Acknowledged"),
            _("Minutes, median"),
            _("Nine in ten within"),
            _("In time, %"),
            _("Escalated"),
        ],
        rows,
        [Bar(row[0], row[5] or 0, _("%(p)s %% in time") % {"p": row[5]}) for row in rows],
        scale=100,
    )


def _alert_row(label: str, rows: list[tuple], site: Site) -> tuple[Any, ...]:
    waits = [_minutes(recorded, answered) for recorded, answered, _e in rows if answered]
    in_time = sum(wait <= site.alert_minutes for wait in waits)
    escalated = sum(bool(step) for *_times, step in rows)
    return (
        label,
        len(rows),
        len(waits),
        median(waits),
        nine_in_ten(waits),
        share(in_time, len(rows)),
        escalated,
    )


def first_device(site: Site, first: date, last: date) -> Section:
    weeks: dict[date, list[float]] = defaultdict(list)
    seen = _observed(site, first, last).values_list("session__local_date", "session__starts_at", "t0_at")
    for day, starts_at, t0 in seen:
        weeks[_monday(day)].append(_minutes(starts_at, t0))
    rows = [(monday.isoformat(), *_spread(waits)) for monday, waits in sorted(weeks.items())]
    return Section(
        _("From the booked time to the first device"),
        _("Minutes from the time in the book to T0, by week."),
        [_("Week of"), _("Sessions"), _("Minutes, median"), _("Nine in ten within")],
        rows,
        [Bar(row[0], row[2] or 0, _("%s min") % f"{row[2]:g}") for row in rows],
    )


def ready_after(site: Site, first: date, last: date) -> Section:
    groups: dict[tuple[str, int], list[float]] = defaultdict(list)
    ready = _observed(site, first, last).filter(ready_at__isnull=False)
    for phase, dose, t0, ready_at in ready.values_list(
        "session__phase", "session__dose_mg", "t0_at", "ready_at"
    ):
        groups[phase, dose].append(_minutes(t0, ready_at))
    order = {phase: index for index, phase in enumerate(Phase.values)}
    keys = sorted(groups, key=lambda key: (order.get(key[0], 9), key[1]))
    rows = [(str(Phase(phase).label), dose, *_spread(groups[phase, dose])) for phase, dose in keys]
    return Section(
        _("Ready after the first device"),
        _("Minutes from T0 to the clinician's judgement, by phase and dose; two hours are the floor."),
        [_("Phase"), _("Dose, mg"), _("Sessions"), _("Minutes, median"), _("Nine in ten within")],
        rows,
        [Bar(f"{row[0]}, {row[1]} mg", row[3] or 0, _("%s min") % f"{row[3]:g}") for row in rows],
    )


def deviations(site: Site, first: date, last: date) -> Section:
    days = {"observation__session__site": site, "observation__session__local_date__range": (first, last)}
    counted = Counter(Deviation.objects.filter(**days).order_by().values_list("kind", flat=True))
    rows = [(str(label), counted[kind]) for kind, label in DeviationKind.choices if counted[kind]]
    return Section(
        _("Deviations"),
        _("Recorded with their reason and who was told; the record of each session has them."),
        [_("What"), _("Sessions")],
        rows,
        [Bar(row[0], row[1], str(row[1])) for row in rows],
    )


def forms_on_time(site: Site, first: date, last: date) -> Section:
    today = clock.now().astimezone(site.tz).date()
    weeks = form_numbers.on_time_by_week(site, first=first, last=last, today=today)
    rows = [
        (
            week.monday.isoformat(),
            week.on_time,
            week.late,
            week.never,
            week.waiting,
            None if week.share is None else round(100 * week.share),
        )
        for week in weeks
    ]
    return Section(
        _("Monitoring forms on time"),
        _("Sent within seven days of the session [REMS], by the week of the session."),
        [_("Week of"), _("On time"), _("Late"), _("Never"), _("Still in time"), _("On time, %")],
        rows,
        [Bar(row[0], row[5] or 0, "-" if row[5] is None else f"{row[5]} %") for row in rows],
        scale=100,
    )


def _observed(site: Site, first: date, last: date) -> QuerySet[Observation]:
    """Those who had a dose in these days."""
    days = {"session__site": site, "session__local_date__range": (first, last)}
    return Observation.objects.filter(**days, t0_at__isnull=False).order_by()


def _answers(site: Site, first: date, last: date) -> dict[tuple[Any, int], Any]:
    """Of each checkpoint the first reading that answers it: when it was measured, by the newest version."""
    days = {"observation__session__site": site, "observation__session__local_date__range": (first, last)}
    rows = Checkpoint.objects.filter(**days).order_by("version")
    names = ("entry", "observation_id", "minute", "measured_at", "not_taken")
    newest = {entry: row for entry, *row in rows.values_list(*names)}
    return _earliest(
        (observation, minute, measured_at)
        for observation, minute, measured_at, not_taken in newest.values()
        if minute is not None and not not_taken
    )


def _earliest(rows: Iterable[tuple]) -> dict[tuple[Any, int], Any]:
    found: dict[tuple[Any, int], Any] = {}
    for observation, minute, measured_at in rows:
        key = (observation, minute)
        found[key] = min(found.get(key, measured_at), measured_at)
    return found


def _state(measured_at, due) -> str:
    if measured_at is None:
        return "missing"
    return "on_time" if abs(measured_at - due) <= ON_TIME else "late"


def _spread(values: list[float]) -> tuple[int, float | None, float | None]:
    return len(values), median(values), nine_in_ten(values)


def _after(t0: Any, minute: int) -> Any:
    return t0 + timedelta(minutes=minute)


def _minutes(start: Any, end: Any) -> float:
    """Between two instants that the query has made sure of."""
    return (end - start).total_seconds() / 60


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
