"""Sixteen at once for one place, and sixteen courses that cross, in calm and while things break.

    ./run bench races [--races 10000] [--calm]

Everybody sends an Idempotency-Key and asks again, with the same key, when told to (503) or when the line breaks: so in
the end each has one answer. Meanwhile, without --calm, a web worker is killed (-9) and PostgreSQL crashes and starts
again, several times. Afterwards SQL over all sessions looks for what must not be. On a PostgreSQL of its own.
"""

import argparse
import http.client
import itertools
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import _stage as stage
from tests.launcher.processes import children_of
from tests.services import Postgres

CROWD = 16
SITES = 24
CROSSING_DAYS = 4
CROSSING_CHAIRS = 8
TROUBLES = 6
PATIENCE_SECONDS = 120
# Everything that must not be, as SQL that counts it over the whole database.
WRONG = {
    "chair twice at a time": """
        SELECT COUNT(*) FROM scheduling_treatmentsession a JOIN scheduling_treatmentsession b
        ON a.chair_id = b.chair_id AND a.id < b.id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
        WHERE a.status = 'booked' AND b.status = 'booked'""",
    "patient twice on a day": """
        SELECT COUNT(*) FROM (SELECT 1 FROM scheduling_treatmentsession WHERE status = 'booked'
        GROUP BY patient_id, local_date HAVING COUNT(*) > 1) found""",
    "number twice in a course": """
        SELECT COUNT(*) FROM (SELECT 1 FROM scheduling_treatmentsession WHERE status = 'booked'
        GROUP BY course_id, number HAVING COUNT(*) > 1) found""",
    "more patients than nurses may have": """
        SELECT COUNT(*) FROM scheduling_treatmentsession a JOIN clinic_site s ON s.id = a.site_id
        WHERE (SELECT COUNT(*) FROM scheduling_treatmentsession b WHERE b.site_id = a.site_id
               AND b.starts_at <= a.starts_at AND a.starts_at < b.ends_at AND b.status = 'booked')
        > s.patients_per_nurse * (SELECT COUNT(DISTINCT staff_id) FROM clinic_shift h
                                  WHERE h.site_id = s.id AND h.role = 'nurse')""",
    "session without its history": """
        SELECT COUNT(*) FROM scheduling_treatmentsession s WHERE
        (SELECT COUNT(*) FROM scheduling_sessionevent e WHERE e.session_id = s.id) <> 1 OR
        (SELECT COUNT(*) FROM clinic_auditevent a WHERE a.object_id = s.id AND a.action = 'session.booked') <> 1""",
    "session without its reminder": """
        SELECT COUNT(*) FROM scheduling_treatmentsession s JOIN clinic_patient p ON p.id = s.patient_id
        WHERE p.texts_allowed AND NOT EXISTS (SELECT 1 FROM notifications_message m
        WHERE m.session_id = s.id AND m.kind = 'reminder')""",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench races")
    parser.add_argument("--races", type=int, default=10_000)
    parser.add_argument("--calm", action="store_true", help="nothing is killed")
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.races, calm=chosen.calm), indent=2))


def measure(races: int, *, calm: bool) -> dict[str, Any]:
    with (
        Postgres() as postgres,
        stage.clinic(postgres.url("").rstrip("/"), DATABASE_CONN_MAX_AGE="600") as run,
    ):
        stage.django_here(postgres.url("").rstrip("/"))
        began = time.monotonic()
        ground = Ground(run.url, races)
        trouble = _Trouble(run, postgres, ground, 0 if calm else min(TROUBLES, races // 4))
        trouble.start()
        ground.run()
        trouble.join()
        answer = {**ground.told(), **trouble.told(), **_found()}
        answer["seconds"] = round(time.monotonic() - began, 1)
    wrong = [*answer["wrong"].values(), answer["server_errors"], answer["races_without_their_winners"]]
    answer["met"] = not any(wrong) and not answer["losers_without_a_reason"]
    return answer


class Ground:
    """The sites, courses and people; each race has a place and days that no other race has."""

    def __init__(self, url: str, races: int):
        from clinic import tokens
        from clinic.models import Membership
        from tests.factories import make_user

        self.races, self.done = races, 0
        sites = [self._site(index) for index in range(SITES)]
        user = make_user(site=sites[0][0], role="desk")
        Membership.objects.bulk_create(
            Membership(user=user, site=s, role="desk") for s, _courses in sites[1:]
        )
        token = tokens.make(user=user, name="races", by=None, now=datetime.now(UTC))
        self.sites = sites
        self.people = [_Person(url, token, index) for index in range(CROWD)]
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.lacking = self.unreasoned = 0

    @staticmethod
    def _site(index: int):
        """Even ones have one chair, odd ones as many as half of the crowd."""
        from datetime import time as wall

        from tests.factories import make_course, make_patient, make_staffed_site

        chairs = 1 if index % 2 == 0 else CROSSING_CHAIRS
        site = make_staffed_site(chairs=chairs, nurses=chairs, hours=(wall(7), wall(19)))
        return site, [make_course(site=site, patient=make_patient(site=site)) for _ in range(CROWD)]

    def run(self) -> None:
        turns = Counter[int]()
        for race in range(self.races):
            index = race % SITES
            self._race(index, turns[index])
            turns[index] += 1
            self.done += 1

    def _race(self, index: int, turn: int) -> None:
        _site, courses = self.sites[index]
        wishes = _one_place(turn) if index % 2 == 0 else _crossing(turn)
        answers: list[tuple[int, dict]] = []
        stage.at_once(
            [
                lambda p=person, c=course, w=wish: answers.append(p.book(c, w))
                for person, course, wish in zip(self.people, courses, wishes, strict=True)
            ]
        )
        self._count(answers, winners=1 if index % 2 == 0 else CROSSING_CHAIRS)

    def _count(self, answers: list[tuple[int, dict]], winners: int) -> None:
        self.statuses.update(str(status) for status, _body in answers)
        self.lacking += sum(status == 201 for status, _body in answers) != winners
        for status, body in answers:
            if status == 409:
                codes = {fault["code"] for fault in body["errors"]}
                self.reasons.update(codes)
                self.unreasoned += not codes & {"chair_taken", "no_nurse", "starts_crowded", "same_day"}

    def told(self) -> dict[str, Any]:
        asked_again = sum((person.again for person in self.people), Counter[str]())
        return {
            "races": self.done,
            "clients": CROWD,
            "answers": dict(self.statuses),
            "reasons": dict(self.reasons),
            "asked_again_after": dict(asked_again),
            "server_errors": sum(n for status, n in self.statuses.items() if status >= "500"),
            "races_without_their_winners": self.lacking,
            "losers_without_a_reason": self.unreasoned,
        }


def _monday() -> date:
    today = datetime.now(UTC).date()
    return today + timedelta(days=14 - today.weekday())


def _one_place(turn: int) -> list[list[dict[str, Any]]]:
    """Everybody wants the same chair at the same time: three such a day."""
    day = _monday() + timedelta(days=turn // 15 * 7 + turn // 3 % 5)
    start = datetime(day.year, day.month, day.day, 14 + 3 * (turn % 3), tzinfo=UTC)
    return [[{"number": turn + 1, "starts_at": start.isoformat()}] for _ in range(CROWD)]


def _crossing(turn: int) -> list[list[dict[str, Any]]]:
    """Everybody wants the same four days, each in another order."""
    first = _monday() + timedelta(weeks=turn)
    days = [first + timedelta(days=offset) for offset in range(CROSSING_DAYS)]
    orders = list(itertools.permutations(range(CROSSING_DAYS)))
    dice = random.Random(turn)
    return [
        [
            {
                "number": CROSSING_DAYS * turn + index + 1,
                "starts_at": _three_o_clock(days[index]),
            }
            for index in dice.choice(orders)
        ]
        for _ in range(CROWD)
    ]


def _three_o_clock(day: date) -> str:
    return datetime(day.year, day.month, day.day, 15, tzinfo=UTC).isoformat()


class _Person:
    """Asks until there is an answer: with the same key it is the same deed."""

    def __init__(self, url: str, token: str, index: int):
        self._url, self._token, self._index = url, token, index
        self._client = stage.Client(url, token)
        self._asked = 0
        self.again: Counter[str] = Counter()

    def book(self, course, sessions: list[dict[str, Any]]) -> tuple[int, dict]:
        self._asked += 1
        key = {"Idempotency-Key": f"{self._index}-{self._asked}"}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                status, content, _headers = self._client.ask(
                    "POST", f"/api/v1/courses/{course.pk}/book", {"sessions": sessions, **_REASONS}, **key
                )
            except (OSError, http.client.HTTPException) as error:
                self.again[type(error).__name__] += 1
                self._client = stage.Client(self._url, self._token)
                time.sleep(0.1)
                continue
            if status != 503:
                return status, json.loads(content)
            self.again["503"] += 1
            time.sleep(0.1)
        return 599, {"errors": []}


# The course goes on for years here; a desk would be asked why.
_REASONS = {
    "override": dict.fromkeys(
        ("gap_short", "gap_long", "week_full", "late_for_week", "beyond_label"), "benchmark"
    )
}


class _Trouble(threading.Thread):
    """By turns: a web worker is killed, PostgreSQL crashes and comes back. Spread over the races."""

    def __init__(self, run, postgres: Postgres, ground: Ground, times: int):
        super().__init__(daemon=True)
        self.clinic, self.postgres, self.ground, self.times = run, postgres, ground, times
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        for number in range(self.times):
            due = (number + 1) * self.ground.races // (self.times + 1)
            while self.ground.done < due:
                time.sleep(0.02)
            if number % 2:
                self.postgres.restart()
                self.done["PostgreSQL crashed and started again"] += 1
            else:
                os.kill(self._worker(), signal.SIGKILL)
                self.done["web worker killed"] += 1

    def _worker(self) -> int:
        web = int((Path(self.clinic.data) / "run" / "web.pid").read_text().split()[0])
        return max(children_of(web))

    def told(self) -> dict[str, Any]:
        return {"trouble": dict(self.done)}


def _found() -> dict[str, Any]:
    """What stands in the database that must not."""
    from django.db import connection

    found = {}
    connection.close()  # it may be one to the PostgreSQL before the last crash
    with connection.cursor() as cursor:
        for name, sql in WRONG.items():
            cursor.execute(sql)
            found[name] = cursor.fetchone()[0]
        cursor.execute("SELECT COUNT(*) FROM scheduling_treatmentsession")
        return {"sessions_booked": cursor.fetchone()[0], "wrong": found}


if __name__ == "__main__":
    main()
