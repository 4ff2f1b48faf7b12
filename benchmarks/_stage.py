"""What the benchmarks share: a clinic on PostgreSQL behind the production server, clients on the same machine, medians.

The database is made anew for each run and dropped afterwards. `BENCH_SERVER` names another PostgreSQL, BENCH_DATABASE
another database (two runs at a time want two names), BENCH_REDIS another Redis. BENCH_KEEP names a database that stands
already and stays: a large one of make_scale.
"""

import http.client
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.launcher.processes import Run

SERVER = os.environ.get("BENCH_SERVER", "postgres://postgres@127.0.0.1:5432")
DATABASE = os.environ.get("BENCH_DATABASE", "spravato_bench")
KEY = "for-benchmarks-only-0123456789012345678901234567"
REDIS = os.environ.get("BENCH_REDIS", "redis://127.0.0.1:6379/9")


KEPT = os.environ.get("BENCH_KEEP", "")


@contextmanager
def clinic(server: str = SERVER, **variables: str) -> Iterator[Run]:
    """A clinic on a fresh database, served as in production."""
    _remake(server)
    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as folder:
        url = f"{server}/{KEPT or DATABASE}"
        # The same in both processes, so that a session made here is known there.
        options = {
            "SECRET_KEY": KEY,
            "DATABASE_URL": url,
            "REDIS_URL": REDIS,
            "DEMO": "0",
            "WEB_WORKERS": "2",
            "TICK_SECONDS": "5",
        }
        run = Run(Path(folder), **{**options, **variables})
        try:
            yield run.start().wait_open(300)
        finally:
            run.stop()
            _drop(server)


def django_here(server: str = SERVER) -> None:
    """Use the same database from this process, for what is prepared and for counting queries."""
    os.environ["DATABASE_URL"] = f"{server}/{KEPT or DATABASE}"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="clinic-bench-django-")
    os.environ["SECRET_KEY"] = KEY
    import django

    django.setup()


class Client:
    """One person's keep-alive connection with a token."""

    def __init__(self, url: str, token: str):
        parts = urlsplit(url)
        self.line = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        content = json.dumps(body) if body is not None else None
        self.line.request(method, path, content, {**self.headers, **headers})
        answer = self.line.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}

    def json(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        status, content, _headers = self.ask(method, f"/api/v1{path}", body)
        return status, json.loads(content)


def timed(deed: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    deed()
    return (time.perf_counter() - began) * 1000


def figures(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "median_ms": round(statistics.median(ordered), 1),
        "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 1),
        "rounds": len(ordered),
    }


def at_once(deeds: list[Callable[[], object]]) -> None:
    """All of them from one starting shot."""
    gate = threading.Barrier(len(deeds))

    def go(deed: Callable[[], object]) -> None:
        gate.wait()
        deed()

    threads = [threading.Thread(target=go, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _remake(server: str) -> None:
    if not KEPT:
        _drop(server)
        with psycopg.connect(f"{server}/postgres", autocommit=True) as line:
            line.execute(f"CREATE DATABASE {DATABASE}")


def _drop(server: str) -> None:
    if not KEPT:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as line:
            line.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
