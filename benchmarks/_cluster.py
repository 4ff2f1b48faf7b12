"""A PostgreSQL of its own on this machine, that may be killed: the shared one never is."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.launcher.processes import free_port


class Cluster:
    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self._run(
            "pg_ctl",
            "-D",
            str(self.folder / "data"),
            "-o",
            options,
            "-l",
            str(self.folder / "log"),
            "-w",
            "start",
        )

    def kill(self) -> None:
        """As a crash does it: no checkpoint, no goodbye."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def make(self) -> None:
        self._run(
            "initdb", "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "--no-instructions"
        )

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [_binary(name), *arguments], check=True, stdout=subprocess.DEVNULL, timeout=120, **_as_postgres()
        )


@contextmanager
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="clinic-bench-cluster-"))
    if user := _as_postgres():
        shutil.chown(folder, user["user"])
    made = Cluster(folder)
    made.make()
    made.start()
    try:
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _as_postgres() -> dict[str, str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    return {"user": pwd.getpwnam("postgres").pw_name, "cwd": "/"}


def _binary(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else (shutil.which(name) or name)
