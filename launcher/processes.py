"""Children that end with us: stopped in order, found again after a launcher that was killed, never left behind."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 15
_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """One process of the run, the leader of its own group."""

    name: str
    process: subprocess.Popen[bytes]
    pid_file: Path
    command: list[str]

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None


def begin(name: str, command: list[str], *, data: Path, env: dict[str, str], cwd: Path) -> Child:
    """Start a child with its output in the data folder's `logs/name.log`."""
    with (data / "logs" / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
    pid_file = data / "run" / f"{name}.pid"
    pid_file.write_text(f"{process.pid}\n{_born(process.pid)}")
    return Child(name, process, pid_file, command)


def stop(children: list[Child]) -> None:
    """Ask all to end, wait, and end those that did not listen."""
    for child in children:
        _signal_group(child.process.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.1, deadline - time.monotonic()))
        # Whatever is left of the group, grandchildren included.
        _signal_group(child.process.pid, signal.SIGKILL)
        child.process.wait()
        child.pid_file.unlink(missing_ok=True)


def clear_leftovers(data: Path) -> None:
    """End what a killed launcher left, if it is still the very process that we wrote down."""
    for pid_file in (data / "run").glob("*.pid"):
        pid, _line, born = pid_file.read_text().partition("\n")
        if pid.isdigit() and born and _born(int(pid)) == born:
            _signal_group(int(pid), signal.SIGTERM)
            _wait_gone(int(pid), born)
            _signal_group(int(pid), signal.SIGKILL)
        pid_file.unlink(missing_ok=True)


def _wait_gone(pid: int, born: str) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while _born(pid) == born and time.monotonic() < deadline:
        time.sleep(0.05)


def _born(pid: int) -> str:
    """When the process began: with its id it names one process for ever. Empty for none."""
    with contextlib.suppress(OSError):
        # Field 22, counted after the name, which may hold anything but ends with the last parenthesis.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    if Path("/proc/self/stat").exists():
        return ""
    asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
    return asked.stdout.strip()


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _die_with_parent() -> None:
    """Linux: the kernel ends the child when the launcher is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
