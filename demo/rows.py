"""Past visits as rows, many at a time: the same rows that the verbs would have written, visit by visit."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from clinic.ids import new_id
from clinic.models import Chair, Site, User
from demo import readings
from demo.journeys import Journey, PastVisit
from monitoring import predose, schedule
from monitoring.limits import Limits
from monitoring.models import Checkpoint, DeviceUse, Observation, PreDose
from scheduling import protocol
from scheduling.enums import CourseStatus, SessionEventKind
from scheduling.models import Course, SessionEvent, TreatmentSession

ARRIVES, DOSED, LEAVES = timedelta(minutes=-4), timedelta(minutes=22), timedelta(minutes=128)
LOTS = ("5JG2201", "5JG2207", "5KA0113")
QUIET_DAY: dict[str, Any] = {
    "ate_within_2h": False,
    "drank_within_30min": False,
    "nasal_spray_within_1h": False,
    "suicidal_thoughts": False,
    "escort_confirmed": True,
    "prescriber_on_site": True,
    "oximeter_on_site": True,
}


def answers(seed: int) -> predose.Answers:
    """The answers of somebody who may be dosed."""
    values: dict[str, Any] = {**readings.before(seed), **QUIET_DAY}
    return predose.Answers(**values)


class PastBook:
    """Collects past visits, finds each a chair, and writes them all at once."""

    def __init__(self, site: Site, staff: dict[str, User]):
        self.site, self.staff = site, staff
        self.chairs = list(Chair.objects.filter(site=site))
        self.taken: dict[date, list[tuple[datetime, Chair]]] = defaultdict(list)
        self.rows: dict[type, list[Any]] = defaultdict(list)
        self.courses: set[Any] = set()
        self.length = timedelta(minutes=site.session_minutes)

    def add(self, course: Course, plan: Journey, visits: list[PastVisit]) -> None:
        first = visits[0].on if visits else None
        for visit in visits:
            start, chair = self._place(visit.on, plan)
            session = self._session(course, visit, first or visit.on, start, chair)
            self._events(session, visit)
            if visit.outcome == "completed":
                self._observe(session)
                self.courses.add(course.pk)

    def write(self) -> None:
        for model in (TreatmentSession, SessionEvent, Observation, PreDose, DeviceUse, Checkpoint):
            model.objects.bulk_create(self.rows[model], batch_size=400)
        Course.objects.filter(pk__in=self.courses).update(status=CourseStatus.ACTIVE)

    def _place(self, on: date, plan: Journey) -> tuple[datetime, Chair]:
        """The first free chair at the wished time or soon after."""
        start = datetime.combine(on, plan.at, self.site.tz).astimezone(UTC)
        while True:
            busy = {chair.pk for other, chair in self.taken[on] if abs(other - start) < self.length}
            free = next((chair for chair in self.chairs if chair.pk not in busy), None)
            if free:
                self.taken[on].append((start, free))
                return start, free
            start += timedelta(minutes=15)

    def _session(self, course, visit: PastVisit, first: date, start, chair) -> TreatmentSession:
        week = protocol.week_of(first, visit.on)
        session = TreatmentSession(
            id=new_id(),
            course=course,
            site=self.site,
            patient=course.patient,
            chair=chair,
            number=visit.number,
            week=week,
            phase=protocol.phase_of_session(visit.number, week),
            starts_at=start,
            ends_at=start + self.length,
            local_date=visit.on,
            dose_mg=56 if visit.number == 1 and course.indication == "trd" else course.dose_mg,
            status=visit.outcome,
            confirmation="confirmed" if visit.outcome == "completed" else "unconfirmed",
            created_at=start - timedelta(days=8),
            updated_at=start,
        )
        self.rows[TreatmentSession].append(session)
        return session

    def _events(self, session: TreatmentSession, visit: PastVisit) -> None:
        start, t0 = session.starts_at, session.starts_at + DOSED
        story = [("", "booked", start - timedelta(days=8), "desk", "")]
        if visit.outcome == "completed":
            last = t0 + timedelta(minutes=5 * (schedule.devices_for(session.dose_mg) - 1))
            story += [
                ("booked", "arrived", start + ARRIVES, "desk", ""),
                ("arrived", "dosing", t0, "nurse", ""),
                ("dosing", "observing", last, "nurse", ""),
                ("observing", "ready", t0 + timedelta(minutes=122), "nurse", ""),
                ("ready", "completed", t0 + LEAVES, "nurse", ""),
            ]
        elif visit.outcome == "no_show":
            story.append(("booked", "no_show", start + timedelta(minutes=30), "desk", ""))
        else:
            story.append(("booked", "cancelled", start - timedelta(hours=20), "desk", "Has a cold"))
        for old, new, at, who, reason in story:
            event = SessionEvent(
                session=session, kind=SessionEventKind.STATUS, from_status=old, to_status=new
            )
            event.at, event.by, event.reason = at, self.staff[who], reason
            if new == "cancelled":
                event.detail = {"cancelled_by": "patient"}
            self.rows[SessionEvent].append(event)

    def _observe(self, session: TreatmentSession) -> None:
        nurse, t0 = self.staff["nurse"], session.starts_at + DOSED
        devices = schedule.devices_for(session.dose_mg)
        observation = Observation(
            id=new_id(),
            session=session,
            nurse=nurse,
            t0_at=t0,
            last_device_at=t0 + timedelta(minutes=5 * (devices - 1)),
            escort_reached_at=t0 + timedelta(minutes=115),
            instructions_given_at=t0 + timedelta(minutes=121),
            ready_at=t0 + timedelta(minutes=122),
            ready_by=nurse,
            ready_name=nurse.display_name,
            left_at=t0 + LEAVES,
            left_by=nurse,
            left_with_escort=True,
            created_at=session.starts_at + ARRIVES,
        )
        self.rows[Observation].append(observation)
        seed = session.pk.int % 100_000
        self._pre_dose(observation, session, seed, nurse)
        for number in range(1, devices + 1):
            at = t0 + timedelta(minutes=5 * (number - 1))
            self.rows[DeviceUse].append(_device(observation, number, at, nurse))
        for minute in readings.MINUTES:
            at = t0 + timedelta(minutes=minute)
            row = Checkpoint(observation=observation, client_id=new_id(), minute=minute, measured_at=at)
            for name, value in readings.after(seed, minute).items():
                setattr(row, name, value)
            row.recorded_at, row.by = at + timedelta(seconds=40), nurse
            self.rows[Checkpoint].append(row)

    def _pre_dose(self, observation, session, seed: int, nurse) -> None:
        given, at = answers(seed), session.starts_at + timedelta(minutes=12)
        facts = predose.PatientFacts(session.local_date, session.local_date)
        found = predose.gates(given, facts, Limits())
        self.rows[PreDose].append(
            PreDose(
                observation=observation,
                version=1,
                measured_at=at,
                recorded_at=at,
                by=nurse,
                **readings.before(seed),
                answers={**QUIET_DAY, "medicines": [], "conditions": []},
                gates=[gate.as_dict() for gate in found],
                may_dose=True,
            )
        )


def _device(observation: Observation, number: int, at: datetime, nurse: User) -> DeviceUse:
    return DeviceUse(
        observation=observation,
        number=number,
        started_at=at,
        recorded_at=at,
        by=nurse,
        lot=LOTS[number % len(LOTS)],
        expires_on=(at + timedelta(days=300)).date(),
    )
