"""A whole clinic in real processes, a provider that outlives it, and ways to hurt it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.launcher.processes import ROOT, Run, free_port, get, wait_until

ACCOUNT, TOKEN, SERVICE = "AC" + "1" * 32, "secret", "MG" + "2" * 32
# What is not yet settled: waiting, on its way, or being looked up.
OPEN = "status IN ('pending', 'claimed', 'sending', 'unknown')"


class Provider:
    """The stand-in of Twilio as a process of its own."""

    def __init__(self, **behaviour):
        self.port = free_port()
        command = [sys.executable, "-m", "tests.twilio.stand_in", "--port", str(self.port)]
        command += ["--behave", json.dumps({"token": TOKEN, **behaviour})]
        self.process = subprocess.Popen(command, cwd=ROOT)
        wait_until(lambda: get(f"{self.url}/_seen")[0] == 200, 60, "the provider")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def seen(self) -> dict:
        return json.loads(get(f"{self.url}/_seen")[1] or "{}") or {"accepted": 0}

    def behave(self, **behaviour) -> None:
        content = json.dumps(behaviour).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_behave", content, headers)
        urllib.request.urlopen(request, timeout=10).close()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def by(provider: Provider) -> dict[str, str]:
    """The variables that send a clinic's texts by this provider, as fast as it goes."""
    return {
        "TEXTS_PROVIDER": "twilio",
        "TEXTS_PER_SECOND": "0",
        "TWILIO_API_URL": provider.url,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_MESSAGING_SERVICE_SID": SERVICE,
    }


class Clinic:
    """`./run` with texts by the stand-in. On its own SQLite and Valkey, unless they are named."""

    def __init__(self, run: Run):
        self.run = run

    @classmethod
    def made(cls, folder: Path, provider: Provider, **variables: str) -> "Clinic":
        port = str(free_port())
        address = {"PORT": port, "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}"}
        return cls(Run(folder, **{**address, **by(provider), "DEMO": "0", **variables}))

    def start(self) -> "Clinic":
        self.run.start().wait_open()
        return self

    def stop(self) -> None:
        self.run.stop()

    def fill(self, count: int, seconds: float = 3, first: int = 0) -> None:
        """Not under `./run manage`: what the launcher installs is there already."""
        env = {
            **os.environ,
            **self.run.env,
            "SECRET_KEY": "x" * 50,
            "DJANGO_SETTINGS_MODULE": "clinic.settings",
        }
        command = [sys.executable, "-m", "tests.crash.fill", str(count), str(seconds), str(first)]
        subprocess.run(command, cwd=ROOT, env=env, check=True, timeout=300)

    def pid(self, name: str) -> int:
        return int((self.run.data / "run" / f"{name}.pid").read_text().split()[0])

    def kill(self, name: str) -> None:
        """-9, the process and whatever it started."""
        os.killpg(self.pid(name), signal.SIGKILL)

    def count(self, where: str = "1 = 1") -> int:
        sql = f"SELECT count(*) FROM notifications_message WHERE {where}"
        url = self.run.env.get("DATABASE_URL")
        if url:
            parts = urlsplit(url)
            try:
                with psycopg.connect(parts.geturl().replace("postgres://", "postgresql://")) as line:
                    return line.execute(sql).fetchone()[0]
            except psycopg.OperationalError:
                return -1
        with sqlite3.connect(self.run.data / "clinic.sqlite3", timeout=20) as line:
            return line.execute(sql).fetchone()[0]

    def settled(self) -> bool:
        return self.count(OPEN) == 0


@contextmanager
def clinic(folder: Path, provider: Provider, **variables: str):
    made = Clinic.made(folder, provider, **variables)
    try:
        yield made.start()
    finally:
        made.stop()
