"""The virtual environment, the data folder and the variables of a run."""

import hashlib
import os
import secrets
import subprocess
import sys
from pathlib import Path

from launcher.words import Trouble, note

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("VENV_DIR", ROOT / ".venv")).absolute()
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# What pip says of each trouble, and what a person can do.
_REMEDIES = [
    (
        ("DO NOT MATCH THE HASHES", "do not match the hashes"),
        "a package differs from the one that was pinned (its hash). Do not install it; look at requirements.txt.",
    ),
    (
        ("No space left",),
        "the disk is full. Make room, then start again.",
    ),
    (
        (
            "Could not fetch",
            "NewConnectionError",
            "Temporary failure",
            "No matching distribution",
            "timed out",
        ),
        "the packages could not be fetched. Is there a network? They are needed once, at the first start.",
    ),
]


def install(*files: str) -> None:
    """Make the environment and install the pinned requirements, unless that was done already.

    Raises:
        Trouble: with the remedy.
    """
    _make_venv()
    for name in files:
        stamp = VENV / f".installed-{name}"
        wanted = hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        note(f"Installing {name} ...")
        _pip(["install", "--quiet", "--require-hashes", "--no-input", "-r", str(ROOT / name)])
        stamp.write_text(wanted)


def data_dir() -> Path:
    """The data folder, made and tried.

    Raises:
        Trouble: it cannot be written.
    """
    path = Path(os.environ.get("DATA_DIR", ROOT / "data")).absolute()
    try:
        (path / "run").mkdir(parents=True, exist_ok=True)
        (path / "logs").mkdir(exist_ok=True)
        probe = path / "run" / f"probe-{os.getpid()}"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        reason = error.strerror or "unknown"
        raise Trouble(
            f"the data folder {path} cannot be written ({reason}). Choose another: DATA_DIR=/some/folder ./run"
        ) from error
    return path


def variables(data: Path) -> dict[str, str]:
    """The environment of every process of a run: this one's, and what it does not set."""
    return {
        **os.environ,
        "DATA_DIR": str(data),
        "SECRET_KEY": os.environ.get("SECRET_KEY") or _secret(data),
        "PYTHONUNBUFFERED": "1",
    }


def replace_by(command: list[str]) -> int:
    """Become this command."""
    data = data_dir()
    os.chdir(ROOT)
    os.execve(command[0], command, variables(data))


def _secret(data: Path) -> str:
    """Made once for a data folder, for the owner's eyes only."""
    path = data / "secret_key"
    if not path.exists():
        fresh = path.with_name(f"secret_key.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(50))
        fresh.rename(path)
    return path.read_text()


def _make_venv() -> None:
    if PYTHON.exists() and (VENV / "pyvenv.cfg").exists():
        return
    note("Making .venv ...")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise Trouble(
            f"no virtual environment can be made in {VENV}. Is the folder writable, and Python's venv module there? "
            f"On Debian and Ubuntu: apt install python{version}-venv"
        )


def _pip(arguments: list[str]) -> None:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode == 0:
        return
    said = done.stderr + done.stdout
    for signs, remedy in _REMEDIES:
        if any(sign in said for sign in signs):
            raise Trouble(remedy)
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "no reason given")
    raise Trouble(f"pip could not install the requirements: {last}")
