"""A PostgreSQL and a Redis of a test's own, which may be killed and started again; the shared ones never are."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from tests.launcher.processes import free_port, wait_until


class Postgres:
    """A cluster in a folder of its own on a free port. Use with `with`."""

    def __init__(self):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="clinic-postgres-"))
        self.data = self.folder / "data"
        # PostgreSQL refuses to run as root.
        self._as = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        self.process = None

    @staticmethod
    def is_here() -> bool:
        return bool(_binaries()) and (os.geteuid() != 0 or _is_user("postgres"))

    def __enter__(self) -> "Postgres":
        if self._as:
            shutil.chown(self.folder, "postgres", "postgres")
        command = [_binaries() / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._as)
        self.start()
        return self

    def __exit__(self, *exc_info) -> None:
        self.stop(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        command = [_binaries() / "postgres", "-D", self.data, "-p", str(self.port), "-h", "127.0.0.1"]
        command += ["-k", self.folder, "-c", "max_connections=100"]
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._as
        )
        wait_until(self.answers, 60, "PostgreSQL's start")

    def stop(self, number: int = signal.SIGQUIT) -> None:
        """SIGQUIT is the crash: no checkpoint, connections cut. SIGINT lets it close properly."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(60)

    def restart(self) -> None:
        self.stop()
        self.start()

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
            return True
        except psycopg.OperationalError:
            return False

    def make(self, database: str) -> str:
        with psycopg.connect(self.url(), autocommit=True) as line:
            line.execute(f"CREATE DATABASE {database}")
        return self.url(database)


class Redis:
    """A Redis that keeps nothing on disk, on a free port. Use with `with`."""

    def __init__(self):
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="clinic-redis-")
        self.process = None

    @staticmethod
    def is_here() -> bool:
        return shutil.which("redis-server") is not None

    def __enter__(self) -> "Redis":
        self.start()
        return self

    def __exit__(self, *exc_info) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(
            [*command, "--dir", self.folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: self.ask("PING") == "PONG", 20, "Redis")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)

    def flush(self) -> None:
        self.ask("FLUSHALL")

    def ask(self, command: str) -> str:
        done = subprocess.run(
            ["redis-cli", "-p", str(self.port), command], capture_output=True, text=True, timeout=10
        )
        return done.stdout.strip()


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    here = shutil.which("initdb")
    return found[-1].parent if found else (Path(here).parent if here else None)


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
