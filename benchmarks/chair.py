"""The chair: readings of 16 nurses at once beside a bare INSERT, the Floor, and what a crash loses.

    ./run bench chair [--quick]

PostgreSQL, HTTP through the production server. With BENCH_DATABASE (a database made before, of any size) the figures
are of that one. The crash has a PostgreSQL of its own, on this machine, which is killed in the middle.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from benchmarks import _stage as stage

QUICK = "--quick" in sys.argv
NURSES = 16
CHAIRS = 32 if QUICK else 160
RUNNING = 100
ROUNDS = 30 if QUICK else 200
CRASH = 600 if QUICK else 10_000
MINUTES = (15, 30, 40, 60, 90, 120)
CALM = {
    "systolic": 128,
    "diastolic": 80,
    "heart_rate": 72,
    "spo2": 97,
    "respiratory_rate": 14,
    "sedation": 5,
    "dissociation": "none",
}


def main() -> None:
    if "--crash" in sys.argv:
        print(json.dumps(_crash()))
        return
    with stage.clinic(DJANGO_SETTINGS_MODULE="benchmarks.bare_settings", PYTHONPATH=str(_root())) as run:
        stage.django_here()
        answer = {"readings of 16 nurses at once": _readings(run.url)}
        _tell(answer)
        answer["floor of 100"] = _floor(run.url)
        _tell(answer)
    answer["killed in the middle"] = _crash_apart()
    print(json.dumps(answer, indent=2))


def _tell(answer: dict[str, object]) -> None:
    """What is known so far, for whoever waits."""
    print(json.dumps(answer), file=sys.stderr, flush=True)


def _root() -> Path:
    return Path(__file__).resolve().parent.parent


class Ward:
    """A site whose chairs are all taken by patients under observation, and a nurse with a token for each share."""

    def __init__(self, url: str, chairs: int, nurses: int):
        from clinic import tokens
        from tests.factories import make_staffed_site, make_user

        self.url, now = url, datetime.now(UTC)
        self.site = make_staffed_site(chairs=chairs, nurses=1)
        self.nurses = [make_user(site=self.site, role="nurse") for _ in range(nurses)]
        self.tokens = [tokens.make(user=nurse, name="bench", by=None, now=now) for nurse in self.nurses]
        self.t0 = now - timedelta(minutes=125)
        self.sessions = [self._seat(number, chair) for number, chair in enumerate(self.site.chairs.all())]

    def _seat(self, number: int, chair):
        """By the verbs, as a nurse does it, at the times of then."""
        from monitoring import chairside, dosing
        from monitoring.predose import Answers
        from tests.factories import make_course, make_patient, make_session

        nurse = self.nurses[number % len(self.nurses)]
        course = make_course(site=self.site, patient=make_patient(site=self.site))
        session = make_session(course=course, chair=chair, starts_at=self.t0 - timedelta(minutes=20))
        who, kit = {"session": session, "by": nurse}, {"lot": "L1", "expires_on": date(2030, 1, 1)}
        chairside.arrive(**who, now=session.starts_at)
        fine = Answers(120, 80, 70, 98, False, False, False, False, True, True, True)
        chairside.record_pre_dose(**who, answers=fine, now=self.t0 - timedelta(minutes=5))
        for device in (1, 2):
            at = self.t0 + timedelta(minutes=5 * (device - 1))
            dosing.start_device(**who, number=device, started_at=at, now=at, **kit)
        return session

    def entry(self, minute: int) -> dict[str, Any]:
        measured_at = (self.t0 + timedelta(minutes=minute)).isoformat()
        return {"client_id": str(uuid4()), "measured_at": measured_at, "minute": minute, **CALM}


def _readings(url: str) -> dict[str, object]:
    ward = Ward(url, CHAIRS, NURSES)
    counts = [_queries(ward, 0, minute) for minute in (15, 30, 60, 120)]
    work = [_round(ward, nurse, MINUTES) for nurse in range(NURSES)]
    # Each process's first answers load what later ones have: both are warm, and that is not counted.
    _at_once(url, _bare_work(ward, 160))
    _at_once(url, [tasks[:2] for tasks in work])
    work = [tasks[2:] for tasks in work]
    bare = _bare_work(ward, sum(map(len, work)))
    found = {"bare INSERT": _at_once(url, bare), "checkpoint": _at_once(url, work)}
    again = {"bare INSERT": _at_once(url, _bare_work(ward, 600)), "checkpoint": found["checkpoint"]}
    rates = found["checkpoint"]["per_second"] / found["bare INSERT"]["per_second"]
    p99 = found["checkpoint"]["p99_ms"] / found["bare INSERT"]["p99_ms"]
    ratios = {"rate_of_bare": round(rates, 2), "p99_of_bare": round(p99, 2)}
    return {**found, "bare INSERT afterwards": again["bare INSERT"], **ratios, "queries": counts}


def _round(ward: Ward, nurse: int, minutes) -> list[tuple]:
    """One nurse goes from chair to chair, again and again."""
    mine = [s for n, s in enumerate(ward.sessions) if n % NURSES == nurse and n > 0]
    return [
        (f"/api/v1/sessions/{session.pk}/checkpoints", ward.entry(minute), ward.tokens[nurse])
        for minute in minutes
        for session in mine
    ]


def _bare_work(ward: Ward, number: int) -> list[list[tuple]]:
    """As many plain rows, over as many connections."""
    session = ward.sessions[0]
    row = {"observation_id": str(session.observation.pk), "by_id": str(ward.nurses[0].pk), **CALM}
    at = ward.t0.isoformat()

    def one():
        return ("/api/bare", {**row, "client_id": str(uuid4()), "measured_at": at}, "none")

    return [[one() for _ in range(number // NURSES)] for _ in range(NURSES)]


def _at_once(url: str, work: list[list[tuple]]) -> dict[str, float]:
    times: list[float] = []
    began = time.perf_counter()
    stage.at_once([lambda tasks=tasks: _post_all(url, tasks, times) for tasks in work])
    seconds = time.perf_counter() - began
    return {**stage.figures(times), "per_second": round(len(times) / seconds, 1)}


def _post_all(url: str, tasks: list[tuple], times: list[float]) -> None:
    client = stage.Client(url, "")
    for path, body, token in tasks:
        client.headers["Authorization"] = f"Bearer {token}"
        began = time.perf_counter()
        status, content, _headers = client.ask("POST", path, body)
        times.append((time.perf_counter() - began) * 1000)
        assert status == 201, content


def _queries(ward: Ward, number: int, minute: int) -> int:
    """In this process, on the same database; transactions' own statements are left out."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"Authorization": f"Bearer {ward.tokens[0]}"})
    path = f"/api/v1/sessions/{ward.sessions[number].pk}/checkpoints"
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(path, ward.entry(minute), content_type="application/json")
    assert answer.status_code == 201, answer.content
    kinds = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return len([query for query in queries if not query["sql"].startswith(kinds)])


def _floor(url: str) -> dict[str, object]:
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    ward = Ward(url, RUNNING, 25)
    for number in range(RUNNING):
        _queries(ward, number, MINUTES[number % len(MINUTES)])
    client = Client()
    client.force_login(ward.nurses[0])
    client.get("/floor/")
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/floor/").content.count(b"chair-card ") == RUNNING
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    line, headers = stage.Client(url, ""), {"Cookie": cookie, "HX-Request": "true"}
    whole = [stage.timed(lambda: line.ask("GET", "/floor/", None, **headers)) for _ in range(ROUNDS)]
    again, statuses = _unchanged(line, headers)
    unchanged = {**stage.figures(again), "statuses": statuses}
    return {**stage.figures(whole), "queries": len(queries), "unchanged": unchanged}


def _unchanged(line: stage.Client, headers: dict[str, str]) -> tuple[list[float], dict[int, int]]:
    """Answers of 304 only: a new minute is a change, and asks for the page again."""
    times, statuses = [], {}
    etag = ""
    while len(times) < ROUNDS:
        began = time.perf_counter()
        status, _content, answered = line.ask("GET", "/floor/", None, **headers, **{"If-None-Match": etag})
        if status == 304:
            times.append((time.perf_counter() - began) * 1000)
        statuses[status] = statuses.get(status, 0) + 1
        etag = answered.get("etag", etag)
    return times, statuses


def _crash_apart() -> dict[str, object]:
    """In a process of its own, with a PostgreSQL of its own."""
    from benchmarks._cluster import cluster

    with cluster() as server:
        env = {**os.environ, "BENCH_SERVER": server.url, "BENCH_CLUSTER": str(server.folder)}
        for name in ("BENCH_DATABASE", "BENCH_KEEP"):
            env.pop(name, None)
        command = [sys.executable, "-m", "benchmarks.chair", "--crash", *(["--quick"] if QUICK else [])]
        asked = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
        assert asked.stdout is not None
        assert asked.stdin is not None
        for line in asked.stdout:
            if line.startswith("kill"):
                server.kill()
                server.start()
                asked.stdin.write("up\n")
                asked.stdin.flush()
            elif line.startswith("{"):
                return json.loads(line)
    raise AssertionError("the crash had no end")


def _crash() -> dict[str, object]:
    """Acknowledged readings, sent by 8 nurses who try again, while workers and the database are killed."""
    with stage.clinic() as run:
        stage.django_here()
        ward = Ward(run.url, 16 if QUICK else 80, 8)
        work = [_many(ward, nurse) for nurse in range(8)]
        acknowledged: dict[str, str] = {}
        killer = threading.Thread(target=_kill, args=[run, acknowledged])
        killer.start()
        stage.at_once([lambda tasks=tasks: _insist(run.url, tasks, acknowledged) for tasks in work])
        killer.join()
        stored = _stored()
        lost = [client_id for client_id in acknowledged if client_id not in stored]
        replayed: dict[str, str] = {}
        stage.at_once([lambda tasks=tasks: _insist(run.url, tasks, replayed) for tasks in work])
        return {
            "acknowledged": len(acknowledged),
            "lost": len(lost),
            "stored": len(stored),
            "changed_by_replays": sum(acknowledged[key] != replayed[key] for key in acknowledged)
            + abs(len(_stored()) - len(stored)),
        }


def _many(ward: Ward, nurse: int) -> list[tuple]:
    """Extra readings, each of its own second."""
    mine = [session for number, session in enumerate(ward.sessions) if number % 8 == nurse]
    tasks = []
    for number in range(CRASH // 8):
        body = ward.entry(15)
        body.pop("minute")
        body["measured_at"] = (ward.t0 + timedelta(minutes=15, seconds=number)).isoformat()
        path = f"/api/v1/sessions/{mine[number % len(mine)].pk}/checkpoints"
        tasks.append((path, body, ward.tokens[nurse]))
    return tasks


def _insist(url: str, tasks: list[tuple], acknowledged: dict[str, str]) -> None:
    """As a tablet does: the same entry again and again, until the clinic says that it has it."""
    client = None
    for path, body, token in tasks:
        while True:
            client = client or stage.Client(url, token)
            try:
                status, content, _headers = client.ask("POST", path, body)
            except OSError:
                client = None
                time.sleep(0.2)
                continue
            except Exception as error:
                if type(error).__module__ != "http.client":
                    raise
                client = None
                continue
            if status == 201:
                acknowledged[body["client_id"]] = json.loads(content)["id"]
                break
            assert status >= 500, content
            time.sleep(0.2)


def _kill(run, acknowledged: dict[str, str]) -> None:
    """Workers at a quarter and at three quarters, the database at the half."""
    from tests.launcher.processes import wait_until

    for part, deed in ((1, _kill_workers), (2, _kill_database), (3, _kill_workers)):
        wait_until(lambda part=part: len(acknowledged) >= CRASH * part // 4, 3000, "the middle")
        deed(run)


def _kill_workers(run) -> None:
    from tests.launcher.processes import children_of

    for pid in children_of(run.process.pid):
        command = Path(f"/proc/{pid}/cmdline").read_bytes() if Path(f"/proc/{pid}").exists() else b""
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1] if command else "0"
        above = Path(f"/proc/{parent}/cmdline").read_bytes() if Path(f"/proc/{parent}").exists() else b""
        if b"granian" in above or (b"granian" in command and b"granian" in above):
            os.kill(pid, signal.SIGKILL)


def _kill_database(run) -> None:
    """The parent process owns the server: it is asked, and answers when it is up again."""
    print("kill", flush=True)
    sys.stdin.readline()


def _stored() -> set[str]:
    with psycopg.connect(f"{stage.SERVER}/{stage.DATABASE}") as line:
        rows = line.execute("SELECT client_id::text FROM monitoring_checkpoint WHERE version = 1").fetchall()
    return {row[0] for row in rows}


if __name__ == "__main__":
    main()
