"""The book: finding, booking, a day's board, a closed day, a race. PostgreSQL, HTTP through the production server.

    ./run bench book [--quick]

Milliseconds as a client on the same machine sees them, each with its goal, the number of queries, and how many times
as long as the plainest request (/healthz) it took at that moment: on a busy machine the last says more than the first.
BENCH_KEEP=name runs it inside a large database of make_scale.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from benchmarks import _stage as stage

QUICK = "--quick" in sys.argv
ROUNDS = 20 if QUICK else 200
# The first answers of each process, which load what later ones have; not counted.
WARM = 10
RACES = 4 if QUICK else 48
BOARD = 100
GOALS: dict[str, dict[str, float]] = {
    "one session found and booked": {"median_ms": 6, "p99_ms": 20, "queries": 12},
    "induction of 8 planned and booked": {"median_ms": 15, "p99_ms": 40},
    "day board of 100 sessions": {"median_ms": 15, "queries": 6},
    "day board, nothing new (ETag)": {"median_ms": 3},
    "closed day of 100 sessions planned and committed": {"median_ms": 1000},
}


def main() -> None:
    with stage.clinic() as run:
        stage.django_here()
        print(json.dumps(_measure(run.url), indent=2))


def _measure(url: str) -> dict[str, object]:
    from tests.factories import make_staffed_site

    site = make_staffed_site(name=_name(), chairs=6, nurses=3, hours=(time(7), time(19)))
    desk = _Desk(url, site)
    rows = {
        "one session found and booked": lambda: _one(desk),
        "induction of 8 planned and booked": lambda: _induction(desk),
        "day board of 100 sessions": lambda: _board(desk),
        "day board, nothing new (ETag)": lambda: _same_board(desk),
        "closed day of 100 sessions planned and committed": lambda: _closed_day(desk),
        "16 race for one place, or cross": lambda: _race(url),
    }
    return {name: _row(name, desk, work) for name, work in rows.items()}


def _row(name: str, desk: "_Desk", work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The figures with their goal beside them, and how they stand to the plainest request before and after."""
    plain = desk.plain()
    found = work()
    plain = (plain + desk.plain()) / 2
    goal = GOALS.get(name, {})
    if "median_ms" in found:
        found |= {"healthz_ms": round(plain, 2), "times_healthz": round(found["median_ms"] / plain, 1)}
    met = {what: found[what] <= most for what, most in goal.items()}
    return {**found, "goal": goal, "met": met} if goal else found


def _name() -> str:
    """No site of a large database has it, nor one of an earlier run."""
    return f"Bench {datetime.now(UTC):%Y%m%d%H%M%S%f}"


class _Desk:
    """Somebody at the desk of a site, over HTTP and, for counting queries, in this process."""

    def __init__(self, url, site):
        from clinic import tokens
        from tests.factories import make_user

        self.url, self.site = url, site
        self.user = make_user(site=site, role="desk")
        self.token = tokens.make(user=self.user, name="bench", by=None, now=datetime.now(UTC))
        self.client = stage.Client(url, self.token)
        self.page: Any = None

    def plain(self) -> float:
        """Milliseconds of a request that does nothing. On a new line: the server cuts one that was idle for long."""
        client = stage.Client(self.url, self.token)
        return stage.figures([stage.timed(lambda: client.ask("GET", "/healthz")) for _ in range(50)])[
            "median_ms"
        ]

    def course(self, **wish):
        from tests.factories import make_course, make_patient

        return make_course(site=self.site, patient=make_patient(site=self.site), **wish)

    def counted(self, method: str, path: str, body: object = None) -> int:
        from django.db import connection
        from django.test import Client
        from django.test.utils import CaptureQueriesContext

        client = Client(headers={"Authorization": f"Bearer {self.token}"})
        with CaptureQueriesContext(connection) as queries:
            client.generic(method, f"/api/v1{path}", json.dumps(body or {}), content_type="application/json")
        return len(
            [q for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
        )


def _monday(weeks: int) -> datetime:
    now = datetime.now(UTC)
    day = (now + timedelta(days=7 - now.weekday() + 7 * weeks)).date()
    return datetime.combine(day, time(14), UTC)


def _wish(round_: int) -> dict[str, object]:
    """Spread over some weeks, days and hours, as telephone calls are."""
    first = _monday(1 + round_ % 30)
    pair = [(0, 3), (1, 4)][round_ % 2]
    return {"starts_on": first.date(), "weekdays": list(pair), "time": time(7 + round_ % 9)}


def _one(desk: _Desk) -> dict[str, Any]:
    times = []
    for round_ in range(WARM + ROUNDS):
        course = desk.course(**_wish(round_))
        day = course.starts_on + timedelta(days=course.weekdays[0])
        times.append(stage.timed(lambda c=course, d=day: _find_and_book(desk.client, desk.site, c, d)))
    del times[:WARM]
    course = desk.course(**_wish(1))
    path = f"/sites/{desk.site.pk}/openings?from={course.starts_on}&to={course.starts_on}"
    found = desk.client.json("GET", path)[1]["items"]
    cold, finding = desk.counted("GET", path), desk.counted("GET", path)
    counts = []
    for start in (found[-1], found[0]):
        placement = {"sessions": [{"number": 1, "starts_at": start["starts_at"]}]}
        counts.append(desk.counted("POST", f"/courses/{course.pk}/book", placement))
        course = desk.course(**_wish(1))
    booking = counts[1]
    parts = {"find": finding, "book": booking, "first of a process": {"find": cold, "book": counts[0]}}
    return {**stage.figures(times), "queries": finding + booking, "queries_of": parts}


def _find_and_book(client: stage.Client, site, course, day) -> None:
    status, found = client.json("GET", f"/sites/{site.pk}/openings?from={day}&to={day}")
    assert status == 200, found
    body = {"sessions": [{"number": 1, "starts_at": found["items"][0]["starts_at"]}]}
    status, booked = client.json("POST", f"/courses/{course.pk}/book", body)
    assert status == 201, booked


def _induction(desk: _Desk) -> dict[str, Any]:
    courses = [desk.course(**_wish(round_)) for round_ in range(ROUNDS // 2)]
    times = [stage.timed(lambda c=course: _plan_and_book(desk.client, c)) for course in courses]
    counts = {count: _queries_of_plan(desk, count) for count in (2, 8, 16)}
    return {**stage.figures(times), "queries": sum(counts[8].values()), "queries_by_sessions": counts}


def _queries_of_plan(desk: _Desk, count: int) -> dict[str, int]:
    """Of planning a course, and of booking its first `count` sessions, once the house is known."""
    course = desk.course(**_wish(3))
    wish = {"until": "maintenance", "weeks": 16}
    desk.counted("POST", f"/courses/{course.pk}/plan", wish)
    planning = desk.counted("POST", f"/courses/{course.pk}/plan", wish)
    plan = desk.client.json("POST", f"/courses/{course.pk}/plan", wish)[1]["sessions"][:count]
    body = {"sessions": [{"number": s["number"], "starts_at": s["starts_at"]} for s in plan]}
    assert len(plan) == count
    refused = {"sessions": [*body["sessions"], {**body["sessions"][0], "number": 99}]}
    desk.counted("POST", f"/courses/{course.pk}/book", refused)
    return {"plan": planning, "book": desk.counted("POST", f"/courses/{course.pk}/book", body)}


def _plan_and_book(client: stage.Client, course) -> None:
    status, plan = client.json("POST", f"/courses/{course.pk}/plan", {"until": "induction"})
    assert status == 200, plan
    body = {"sessions": [{"number": s["number"], "starts_at": s["starts_at"]} for s in plan["sessions"]]}
    status, booked = client.json("POST", f"/courses/{course.pk}/book", body)
    assert status == 201, booked


def _full_day(count: int):
    """A large site with `count` sessions on one day, each of another patient."""
    from tests.factories import make_course, make_patient, make_session, make_staffed_site

    site = make_staffed_site(name=_name(), chairs=count // 2, nurses=count // 4, hours=(time(7), time(19)))
    chairs = list(site.chairs.all())
    start = _monday(2).replace(hour=13)
    for number in range(count):
        course = make_course(site=site, patient=make_patient(site=site), starts_on=start.date())
        at = start + timedelta(hours=4 * (number // len(chairs)), minutes=15 * (number % 4))
        make_session(course=course, chair=chairs[number % len(chairs)], starts_at=at)
    return site, start.date()


class _Page:
    """The day board of a full site, as the page itself fetches it."""

    def __init__(self, desk: _Desk, count: int):
        from django.conf import settings
        from django.test import Client

        from tests.factories import make_user

        site, day = _full_day(count)
        self.here = Client()
        self.here.force_login(make_user(site=site, role="desk"))
        cookie = self.here.cookies[settings.SESSION_COOKIE_NAME].value
        self.path, self.line = f"/today/?day={day}", stage.Client(desk.url, "")
        self.headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}", "HX-Request": "true"}

    def ask(self, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        return self.line.ask("GET", self.path, None, **self.headers, **headers)

    def queries(self) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        self.here.get(self.path, headers={"hx-request": "true"})
        with CaptureQueriesContext(connection) as queries:
            self.here.get(self.path, headers={"hx-request": "true"})
        return len(queries)


def _board(desk: _Desk) -> dict[str, Any]:
    pages = {count: _Page(desk, count) for count in ((10, BOARD) if QUICK else (10, BOARD, 1000))}
    counts = {count: page.queries() for count, page in pages.items()}
    first = stage.timed(pages[BOARD].ask)
    times = [stage.timed(pages[BOARD].ask) for _ in range(ROUNDS // 2)]
    desk.page = pages[BOARD]
    return {
        **stage.figures(times),
        "first_ms": round(first, 1),
        "queries": max(counts.values()),
        "queries_by_sessions": counts,
    }


def _same_board(desk: _Desk) -> dict[str, Any]:
    etag = desk.page.ask()[2]["etag"]
    known = {"If-None-Match": etag}
    assert desk.page.ask(**known)[0] == 304
    return stage.figures([stage.timed(lambda: desk.page.ask(**known)) for _ in range(ROUNDS // 2)])


def _closed_day(desk: _Desk) -> dict[str, Any]:
    from clinic import places

    times, moved = [], 0
    for _ in range(2 if QUICK else 5):
        site, day = _full_day(BOARD)
        midnight = datetime.combine(day, time(), site.tz)
        span = {"starts_at": midnight, "ends_at": midnight + timedelta(days=1)}
        places.close(site=site, reason="Snow", by=None, now=datetime.now(UTC), **span)
        there, done = _Desk(desk.url, site), {}

        def replan(there=there, site=site, day=day, done=done):
            done["answer"] = there.client.json("POST", f"/sites/{site.pk}/replan?date={day}")

        times.append(stage.timed(replan))
        status, body = done["answer"]
        assert status == 200, body
        moved = len(body["items"])
    return {**stage.figures(times), "moved": moved}


def _race(url: str) -> dict[str, Any]:
    """The short form, in calm. `./run bench races` is the long one, in which things are killed."""
    from benchmarks.races import Ground

    ground = Ground(url, RACES)
    ground.run()
    return ground.told()


if __name__ == "__main__":
    main()
