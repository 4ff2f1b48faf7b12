"""Real processes for tests: started on free ports, waited for by condition, always ended."""

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds=60, what="the condition"):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.05)
    return found


def get(url):
    """Status and body, or (0, "") where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def children_of(pid):
    """Every living descendant of a process."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    alive = {int(p): int(parent) for p, parent, state in rows if not state.startswith("Z")}
    found, front = set(), {pid}
    while front:
        front = {p for p, parent in alive.items() if parent in front} - found
        found |= front
    return found


def is_alive(pid):
    try:
        return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0].startswith("Z")
    except OSError:
        return False


def tables():
    """An empty database of the embedded default with its tables, made once: nothing takes longer at a start."""
    made_of = [*sorted(ROOT.glob("*/migrations/*.py")), ROOT / "clinic" / "db.py", ROOT / "requirements.txt"]
    told = hashlib.sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()[:16]
    kept = ROOT / "build" / f"tables-{told}.sqlite3"
    kept.parent.mkdir(exist_ok=True)
    with (kept.parent / "tables.lock").open("w") as lock:
        # Whoever comes second waits for the first, instead of making the same beside it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _prepare(kept, "migrate", "-v", "0")
    return kept


def load_demo(kept):
    """Make the database `kept`, with the demo clinic as it is at this moment: a start then has it to copy."""
    shutil.copy(tables(), kept)
    _prepare(kept, "prepare")


def _prepare(kept, *command):
    """Run a command of the clinic on an embedded database, which is `kept` once that has gone well."""
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        database = Path(folder) / "clinic.sqlite3"
        if kept.exists():
            shutil.copy(kept, database)
        env = {**os.environ, "DATA_DIR": folder, "SECRET_KEY": "x" * 50, "DEMO_CLOCK": "1"}
        env.pop("DATABASE_URL", None)
        env["DJANGO_SETTINGS_MODULE"] = "clinic.settings"
        done = [sys.executable, "manage.py", *command]
        subprocess.run(done, cwd=ROOT, env=env, check=True, timeout=300, stdout=subprocess.DEVNULL)
        os.replace(database, kept)


class Run:
    """`./run` with a data folder of its own.

    `made`: on the embedded default its tables are there already. `demo`: a database with the demo clinic (`load_demo`)
    to begin with, and its clock at the moment at which that was loaded.
    """

    def __init__(self, data, *, made=True, demo=None, **variables):
        self.port = free_port()
        keep = (
            "PATH",
            "HOME",
            "VENV_DIR",
            "LANG",
            "PIP_FIND_LINKS",
            "PYENV_ROOT",
            "PIP_CERT",
            "SSL_CERT_FILE",
        )
        env = {name: os.environ[name] for name in keep if name in os.environ}
        env |= {
            "PORT": str(self.port),
            "DATA_DIR": str(data),
            "WEB_WORKERS": "1",
            "TICK_SECONDS": "1",
            **variables,
        }
        self.data, self.env, self.made, self.demo = Path(data), env, made, demo
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.env['PORT']}"

    def start(self):
        database = self.data / "clinic.sqlite3"
        if self.made and "DATABASE_URL" not in self.env and not database.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.demo or tables(), database)
            if self.demo:
                age = int(time.time() - self.demo.stat().st_mtime)
                (self.data / "demo_clock").write_text(str(-age))
        self.process = subprocess.Popen(
            ["./run"], cwd=ROOT, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        return self

    def wait_open(self, seconds=300):
        wait_until(lambda: self._is_open(), seconds, "the clinic's opening")
        return self

    def _is_open(self):
        if self.process.poll() is not None:
            raise AssertionError(f"./run ended: {self.process.communicate()[1]}")
        return get(f"{self.url}/healthz")[0] == 200

    def stop(self, number=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(40)
        return self.process.returncode if self.process else None

    def finish(self):
        """What a launcher that ends by itself says: code and the one line."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err.strip().splitlines()

    def manage(self, *arguments):
        done = subprocess.run(
            ["./run", "manage", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
