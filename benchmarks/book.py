"""The book: finding, booking, a day's board, a closed day, races. PostgreSQL, HTTP through the production server.

    ./run bench book [--quick]

Milliseconds as a client on the same machine sees them, with the number of queries of each.
"""

import json
import sys
from datetime import UTC, datetime, time, timedelta

from benchmarks import _stage as stage

QUICK = "--quick" in sys.argv
ROUNDS = 20 if QUICK else 200
RACES = 20 if QUICK else 300
BOARD = 100


def main() -> None:
    with stage.clinic() as run:
        stage.django_here()
        print(json.dumps(_measure(run.url), indent=2))


def _measure(url: str) -> dict[str, object]:
    from tests.factories import make_staffed_site

    answer: dict[str, object] = {}
    site = make_staffed_site(chairs=6, nurses=3, hours=(time(7), time(19)))
    desk = _Desk(url, site)
    answer["one session found and booked"] = _one(desk)
    answer["induction of 8 planned and booked"] = _induction(desk)
    answer["day board of 100 sessions"] = _board(desk)
    answer["closed day of 100 sessions"] = _closed_day(url)
    answer["16 race for one slot"] = _race(desk)
    return answer


class _Desk:
    """Somebody at the desk of a site, over HTTP and, for counting queries, in this process."""

    def __init__(self, url, site):
        from clinic import tokens
        from tests.factories import make_user

        self.url, self.site = url, site
        self.user = make_user(site=site, role="desk")
        self.token = tokens.make(user=self.user, name="bench", by=None, now=datetime.now(UTC))
        self.client = stage.Client(url, self.token)

    def another(self) -> stage.Client:
        return stage.Client(self.url, self.token)

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


def _one(desk: _Desk) -> dict[str, object]:
    times = []
    for round_ in range(ROUNDS):
        course = desk.course(**_wish(round_))
        day = course.starts_on + timedelta(days=course.weekdays[0])
        times.append(stage.timed(lambda c=course, d=day: _find_and_book(desk.client, desk.site, c, d)))
    course = desk.course(**_wish(1))
    day = course.starts_on + timedelta(days=1)
    found = desk.client.json("GET", f"/sites/{desk.site.pk}/openings?from={day}&to={day}")[1]["items"]
    finding = desk.counted("GET", f"/sites/{desk.site.pk}/openings?from={day}&to={day}")
    placement = {"sessions": [{"number": 1, "starts_at": found[-1]["starts_at"]}]}
    booking = desk.counted("POST", f"/courses/{course.pk}/book", placement)
    return {**stage.figures(times), "queries": {"find": finding, "book": booking}}


def _find_and_book(client: stage.Client, site, course, day) -> None:
    status, found = client.json("GET", f"/sites/{site.pk}/openings?from={day}&to={day}")
    assert status == 200, found
    body = {"sessions": [{"number": 1, "starts_at": found["items"][0]["starts_at"]}]}
    status, booked = client.json("POST", f"/courses/{course.pk}/book", body)
    assert status == 201, booked


def _induction(desk: _Desk) -> dict[str, object]:
    courses = [desk.course(**_wish(round_)) for round_ in range(ROUNDS // 2)]
    times = [stage.timed(lambda c=course: _plan_and_book(desk.client, c)) for course in courses]
    course = desk.course(**_wish(3))
    planning = desk.counted("POST", f"/courses/{course.pk}/plan", {"until": "induction"})
    plan = desk.client.json("POST", f"/courses/{course.pk}/plan", {"until": "induction"})[1]["sessions"]
    body = {"sessions": [{"number": s["number"], "starts_at": s["starts_at"]} for s in plan]}
    booking = desk.counted("POST", f"/courses/{course.pk}/book", body)
    return {**stage.figures(times), "queries": {"plan": planning, "book": booking}}


def _plan_and_book(client: stage.Client, course) -> None:
    status, plan = client.json("POST", f"/courses/{course.pk}/plan", {"until": "induction"})
    assert status == 200, plan
    body = {"sessions": [{"number": s["number"], "starts_at": s["starts_at"]} for s in plan["sessions"]]}
    status, booked = client.json("POST", f"/courses/{course.pk}/book", body)
    assert status == 201, booked


def _full_day(count: int):
    """A large site with `count` sessions on one day, each of another patient, and its desk."""
    from tests.factories import make_course, make_patient, make_session, make_staffed_site

    site = make_staffed_site(chairs=count // 2, nurses=count // 4, hours=(time(7), time(19)))
    chairs = list(site.chairs.all())
    start = _monday(2).replace(hour=13)
    for number in range(count):
        course = make_course(site=site, patient=make_patient(site=site), starts_on=start.date())
        at = start + timedelta(hours=4 * (number // len(chairs)), minutes=15 * (number % 4))
        make_session(course=course, chair=chairs[number % len(chairs)], starts_at=at)
    return site, start.date()


def _board(desk: _Desk) -> dict[str, object]:
    from django.test import Client

    from tests.factories import make_user

    counts, found = {}, {}
    for count in (10, 100) if QUICK else (10, 100, 1000):
        site, day = _full_day(count)
        client = Client()
        client.force_login(make_user(site=site, role="desk"))
        counts[count] = _queries_of(client, f"/today/?day={day}")
        if count == BOARD:
            found = _board_times(desk.url, client, f"/today/?day={day}")
    return {**found, "queries": counts}


def _queries_of(client, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return len(queries)


def _board_times(url: str, client, path: str) -> dict[str, object]:
    from django.conf import settings

    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    line, headers = stage.Client(url, ""), {"Cookie": cookie, "HX-Request": "true"}
    status, _content, answered = line.ask("GET", path, None, **headers)
    assert status == 200
    unchanged = {**headers, "If-None-Match": answered.get("etag", "")}
    whole = [stage.timed(lambda: line.ask("GET", path, None, **headers)) for _ in range(ROUNDS // 2)]
    again = [stage.timed(lambda: line.ask("GET", path, None, **unchanged)) for _ in range(ROUNDS // 2)]
    status, _content, _answered = line.ask("GET", path, None, **unchanged)
    return {**stage.figures(whole), "unchanged": {**stage.figures(again), "status": status}}


def _closed_day(url: str) -> dict[str, object]:
    from clinic import places

    times, planned = [], 0
    for _ in range(2 if QUICK else 5):
        site, day = _full_day(BOARD)
        midnight = datetime.combine(day, time(), site.tz)
        span = {"starts_at": midnight, "ends_at": midnight + timedelta(days=1)}
        places.close(site=site, reason="Snow", by=None, now=datetime.now(UTC), **span)
        desk = _Desk(url, site)
        done: dict = {}

        def replan(desk=desk, site=site, day=day, done=done):
            done["answer"] = desk.client.json("POST", f"/sites/{site.pk}/replan?date={day}")

        times.append(stage.timed(replan))
        status, body = done["answer"]
        assert status == 200, body
        planned = len(body["items"])
    return {**stage.figures(times), "moved": planned}


def _race(desk: _Desk) -> dict[str, object]:
    """16 people book the last chair at one moment, again and again."""
    from scheduling.models import TreatmentSession
    from tests.factories import make_staffed_site

    site = make_staffed_site(chairs=1, nurses=1, hours=(time(7), time(19)))
    owner = _Desk(desk.url, site)
    clients = [owner.another() for _ in range(16)]
    courses = [owner.course() for _ in clients]
    statuses: dict[int, int] = {}
    wrong = 0
    for round_ in range(RACES):
        start = _monday(1) + timedelta(days=round_ // 3 + 2 * (round_ // 15), hours=3 * (round_ % 3) - 2)
        answers: list[tuple[int, dict]] = []

        def book(client, course, start=start, answers=answers, number=round_ + 1):
            body = {"sessions": [{"number": number, "starts_at": start.isoformat()}]}
            answers.append(client.json("POST", f"/courses/{course.pk}/book", body))

        stage.at_once([lambda c=c, k=k: book(c, k) for c, k in zip(clients, courses, strict=True)])
        for status, _body in answers:
            statuses[status] = statuses.get(status, 0) + 1
        wrong += TreatmentSession.objects.filter(site=site, starts_at=start, status="booked").count() > 1
    return {"races": RACES, "answers": statuses, "double_bookings": wrong}


if __name__ == "__main__":
    main()
