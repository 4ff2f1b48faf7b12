"""The texts: 20,000 due reminders through a provider with 20 ms latency. PostgreSQL, Redis, the real worker.

    ./run bench texts [--quick] [--in-flight 32] [--future 2000000]

The provider is a process on the same two cores; every text goes through Twilio's own library over HTTP. The rate is
counted from the first to the last acceptance, as the provider saw them.
"""

import argparse
import json
import os
import subprocess
import time

import psycopg

from benchmarks import _stage as stage
from tests.crash.stage import OPEN, Clinic, Provider, by
from tests.launcher.processes import wait_until

LATENCY = 0.02
GOAL = 1450


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--texts", type=int)
    parser.add_argument("--in-flight", type=int, nargs="*", default=[32, 256])
    parser.add_argument("--future", type=int, default=2_000_000)
    options = parser.parse_args()
    count = options.texts or (2_000 if options.quick else 20_000)
    future = 20_000 if options.quick else options.future
    print(json.dumps(measure(count, options.in_flight, future), indent=2))


def measure(count: int, in_flight: list[int], future: int) -> dict[str, object]:
    answer: dict[str, object] = {"texts": count, "latency_ms": LATENCY * 1000, "goal_per_second": GOAL}
    for number in in_flight:
        answer[f"{number} in flight"] = _run(count, number)
    answer[f"{in_flight[0]} in flight, {future} reminders of the future"] = _run(count, in_flight[0], future)
    answer["idle"] = _idle()
    return answer


def _run(count: int, in_flight: int, future: int = 0) -> dict[str, object]:
    provider = Provider(latency=LATENCY)
    try:
        with stage.clinic(**by(provider), TEXTS_IN_FLIGHT=str(in_flight), WEB_WORKERS="1") as run:
            house = Clinic(run)
            house.fill(1, seconds=0)
            wait_until(house.settled, 120, "the first text")
            provider.behave(first_at=0, last_at=0)
            if future:
                _promise(house.run.env["DATABASE_URL"], future)
            house.fill(count, seconds=0, first=1)
            _analyze(house.run.env["DATABASE_URL"])
            # Those of the future stay open; what is tried again in a moment is waited for.
            due = f"{OPEN} AND due_at <= now() + interval '1 day'"
            wait_until(lambda: house.count(due) == 0, 900, "every due text's being settled")
            seen = provider.seen()
            claim, events = _claim_plan(house.run.env["DATABASE_URL"]), _events(house.run.env["DATABASE_URL"])
    finally:
        provider.close()
    rate = (count - 1) / (seen["last_at"] - seen["first_at"])
    return {
        "per_second": round(rate),
        "ceiling_per_second": round(in_flight / LATENCY),
        "accepted": seen["accepted"],
        "twice": len(seen["twice"]),
        "events": events,
        "claim_plan": claim,
    }


def _events(url: str) -> dict[str, int]:
    """What happened to texts, and how often."""
    with psycopg.connect(url) as line:
        return dict(
            line.execute("SELECT event, count(*) FROM notifications_attempt GROUP BY event").fetchall()
        )


def _promise(url: str, count: int) -> None:
    """Reminders of the future, made by the database itself."""
    with psycopg.connect(url, autocommit=True) as line:
        columns = 'id, kind, rule, about_at, language, "to", body, due_at, expires_at, status, cause'
        line.execute(
            f"INSERT INTO notifications_message ({columns}, looks, redact_tries, provider_sid, created_at, site_id) "
            "SELECT gen_random_uuid(), 'reminder', '', now() + interval '40 days', 'en', '+16145550100', 'x', "
            "now() + interval '10 days' + n * interval '1 second', now() + interval '40 days', 'pending', '', "
            "0, 0, '', now(), (SELECT id FROM clinic_site LIMIT 1) FROM generate_series(1, %s) AS n",
            [count],
        )
        line.execute("ANALYZE notifications_message")


def _analyze(url: str) -> None:
    """What autovacuum does for tables that were not filled a second ago."""
    with psycopg.connect(url, autocommit=True) as line:
        line.execute("ANALYZE")


def _claim_plan(url: str) -> str:
    """By which index the claim finds its rows."""
    with psycopg.connect(url) as line:
        rows = line.execute(
            "EXPLAIN SELECT id FROM notifications_message WHERE status = 'pending' AND due_at <= now() "
            "AND expires_at > now() ORDER BY due_at, id LIMIT 128 FOR UPDATE SKIP LOCKED"
        ).fetchall()
    return next((row[0].strip() for row in rows if "Scan" in row[0]), "")


def _idle(seconds: float = 30) -> dict[str, object]:
    """What the worker and beat take of a core while nothing is due, and how many statements reach the database."""
    provider = Provider()
    try:
        with stage.clinic(**by(provider), WEB_WORKERS="1") as run:
            house = Clinic(run)
            house.fill(1, seconds=0)
            wait_until(house.settled, 120, "the first text")
            before, began = _cpu(house), time.monotonic()
            statements = _statements(house.run.env["DATABASE_URL"])
            time.sleep(seconds)
            took = time.monotonic() - began
            used = {
                name: round((after - before[name]) / took * 100, 2) for name, after in _cpu(house).items()
            }
            made = _statements(house.run.env["DATABASE_URL"]) - statements
    finally:
        provider.close()
    return {"percent_of_a_core": used, "transactions_a_second": round(made / took, 2)}


def _cpu(house: Clinic) -> dict[str, float]:
    """Seconds of processor time so far, children included."""
    tick = os.sysconf("SC_CLK_TCK")
    found = {}
    for name in ("worker", "beat"):
        listed = subprocess.run(
            ["ps", "-o", "pid=", "-g", str(house.pid(name))], capture_output=True, text=True
        )
        times = [_times(int(pid)) for pid in listed.stdout.split()]
        found[name] = sum(times) / tick
    return found


def _times(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _statements(url: str) -> int:
    with psycopg.connect(url) as line:
        return line.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()[0]


if __name__ == "__main__":
    main()
