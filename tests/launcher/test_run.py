"""`./run` as a person uses it: real processes, a data folder of its own."""

import signal
import socket
import stat
import subprocess

import pytest

from tests.launcher.processes import ROOT, Run, children_of, get, is_alive, wait_until

pytestmark = pytest.mark.launcher


@pytest.fixture
def run(tmp_path):
    """With tables that are made already."""
    made = Run(tmp_path / "data", DEMO="0")
    yield made
    made.stop()


@pytest.fixture
def first_run(tmp_path):
    """Nothing is there yet."""
    made = Run(tmp_path / "data", DEMO="0", made=False)
    yield made
    made.stop()


def test_it_opens_is_ready_and_stops_without_leaving_a_process(first_run):
    run = first_run.start().wait_open()
    wait_until(lambda: get(f"{run.url}/readyz")[0] == 200, what="worker and beat")
    children = children_of(run.process.pid)
    assert len(children) >= 4

    assert run.stop(signal.SIGTERM) == 0

    wait_until(lambda: not any(is_alive(pid) for pid in children), 10, "the end of every child")
    assert stat.S_IMODE((run.data / "secret_key").stat().st_mode) == 0o600


def test_ctrl_c_stops_it_too(run):
    run.start().wait_open()
    children = children_of(run.process.pid)
    assert run.stop(signal.SIGINT) == 0
    assert not any(is_alive(pid) for pid in children)


def test_a_killed_launcher_leaves_nothing_that_stops_the_next_start(run):
    run.start().wait_open()
    children = children_of(run.process.pid)
    run.process.kill()
    run.process.wait()

    run.start()

    wait_until(lambda: not any(is_alive(pid) for pid in children), 30, "the end of what was left")
    run.wait_open()
    assert get(f"{run.url}/healthz") == (200, "ok\n")


def test_a_worker_that_dies_is_started_again(run):
    run.start().wait_open()
    pid_file = run.data / "run" / "worker.pid"
    first = pid_file.read_text().split()[0]
    subprocess.run(["kill", "-9", first], check=True)
    wait_until(lambda: pid_file.exists() and pid_file.read_text().split()[0] != first, what="a new worker")


def test_a_taken_port_is_one_plain_line(run):
    with socket.socket() as other:
        other.bind(("127.0.0.1", run.port))
        other.listen()
        code, out, said = run.start().finish()
    assert (code, out) == (1, "")
    assert said == [f"run: port {run.port} is taken. Choose another: PORT={run.port + 1} ./run"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PORT": "eighty"}, "PORT must be a number"),
        ({"DATA_DIR": "/proc/none"}, "cannot be written"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "nothing answers at REDIS_URL"),
        ({"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}, "DATABASE_URL is not reachable"),
        ({"TEXTS_PROVIDER": "twilio", "TWILIO_AUTH_TOKEN": " "}, "TWILIO_ACCOUNT_SID is missing"),
    ],
)
def test_what_can_go_wrong_is_one_line_with_the_remedy(tmp_path, variables, words):
    run = Run(tmp_path / "data", DEMO="0", made=False, **variables)
    code, _out, said = run.start().finish()
    assert code == 1
    assert words in said[-1]
    assert said[-1].startswith("run: ")
    assert not any("Traceback" in line for line in said)


def test_a_second_clinic_in_the_same_folder_is_refused(run):
    run.start().wait_open()
    second = Run(run.data, DEMO="0")
    code, _out, said = second.start().finish()
    assert (code, "runs in" in said[-1]) == (1, True)


def test_an_old_python_is_told_what_is_needed(tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\nif [ "$1" = --version ]; then echo "Python 3.8.1"; exit 0; fi\nexit 1\n')
    old.chmod(0o755)
    path = f"{tmp_path}:/bin:/usr/bin"
    for name in ("python3.14", "python3.13", "python3.12", "python3.11", "python"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(["./run"], cwd=ROOT, env={"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("run: Python 3.11 or newer is needed; this machine has Python 3.8.1.")


def test_an_unknown_verb_is_told_what_there_is():
    done = subprocess.run(["./run", "dance"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "run: there is no './run dance'. './run help' lists what there is.\n",
    )
    assert "./run test" in subprocess.run(["./run", "help"], cwd=ROOT, capture_output=True, text=True).stdout
