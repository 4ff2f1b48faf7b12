"""Tests, linters, benchmarks and the pins."""

import os
import shutil
import subprocess
from urllib.parse import urlsplit

from launcher import environment
from launcher.environment import PYTHON, ROOT
from launcher.words import Trouble, note, say

CODE = [
    "clinic",
    "scheduling",
    "monitoring",
    "notifications",
    "demo",
    "launcher",
    "tests",
    "benchmarks",
    "manage.py",
]
POSTGRES = ("postgres://postgres@127.0.0.1:5432", "postgres://root@127.0.0.1:5432")
TEST_DATABASE = "spravato_tests"


# Runs of hours or with much noise are commands of their own: `./run test crash`, and `./run test long` for those that
# search, by hypothesis or otherwise, which then look much further.
CRASH = ["-m", "long", "-n", "0", "-s", "tests/crash"]
SHORT, FAR = "not long", "(hypothesis or search) and not long"


def test(rest: list[str]) -> int:
    """The suite on SQLite with everything, then on PostgreSQL without what does not touch a database's kind."""
    _install()
    if rest[:1] == ["crash"]:
        return _pytest([*CRASH, *rest[1:]], {})
    if rest[:1] == ["long"]:
        return _on_both(FAR, rest[1:], {"HYPOTHESIS_PROFILE": "long"})
    return _on_both(SHORT, rest, {})


def _on_both(which: str, rest: list[str], environ: dict[str, str]) -> int:
    postgres = _reachable_postgres()
    say("== SQLite ==")
    results = [_pytest(["-m", which, *rest], environ)]
    if postgres:
        say("== PostgreSQL ==")
        results.append(
            _pytest(
                ["-m", f"{which} and not browser and not launcher and not once", *rest],
                {**environ, "DATABASE_URL": postgres},
            )
        )
    elif os.environ.get("REQUIRE_SERVICES") == "1":
        raise Trouble(
            "REQUIRE_SERVICES=1, and no PostgreSQL is reachable. Start one, or name it: TEST_DATABASE_URL=..."
        )
    else:
        say("PostgreSQL: skipped, none is reachable (TEST_DATABASE_URL names one).")
    return max(results)


def lint(rest: list[str]) -> int:
    _install()
    commands = [
        ["ruff", "check", *CODE],
        ["ruff", "format", "--check", *CODE],
        ["mypy"],
        # Its formatter puts white space into running text and titles; its linter is what helps.
        ["djlint", "templates", "--lint", "--quiet"],
        ["lint-imports"],
    ]
    failed = []
    for name, *arguments in commands:
        say(f"== {name} {' '.join(arguments[:2])} ==")
        env = {**os.environ, "DATA_DIR": str(ROOT / "build")}
        if subprocess.run([str(PYTHON.parent / name), *arguments], cwd=ROOT, env=env).returncode:
            failed.append(name)
    if failed:
        raise Trouble(f"not clean: {', '.join(dict.fromkeys(failed))}")
    return 0


def bench(rest: list[str]) -> int:
    names = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py") if not path.stem.startswith("_"))
    if not rest or rest[0] not in names:
        raise Trouble(f"name a benchmark: {', '.join(names)}. For example: ./run bench {names[0]}")
    _install()
    return subprocess.run([str(PYTHON), "-m", f"benchmarks.{rest[0]}", *rest[1:]], cwd=ROOT).returncode


def tour(rest: list[str]) -> int:
    _install()
    return subprocess.run([str(PYTHON), "-m", "tests.browser.tour", *rest], cwd=ROOT).returncode


def lock(rest: list[str]) -> int:
    uv = shutil.which("uv")
    if uv is None:
        raise Trouble("uv is needed to pin the requirements. Install it: pip install uv")
    options = [
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-header",
    ]
    for name in ("requirements", "requirements-dev"):
        subprocess.run(
            [uv, "pip", "compile", "-q", *options, f"{name}.in", "-o", f"{name}.txt"], cwd=ROOT, check=True
        )
    return 0


def _install() -> None:
    environment.install("requirements.txt", "requirements-dev.txt")


def _pytest(rest: list[str], extra: dict[str, str]) -> int:
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | extra
    code = subprocess.run([str(PYTHON), "-m", "pytest", *rest], cwd=ROOT, env=env).returncode
    # Nothing collected is no failure where a name was asked for that only one of the two passes has.
    return 0 if code == 5 and rest else code


def _reachable_postgres() -> str | None:
    named = os.environ.get("TEST_DATABASE_URL")
    for base in [named] if named else [f"{url}/{TEST_DATABASE}" for url in POSTGRES]:
        parts = urlsplit(base)
        server = f"{parts.scheme}://{parts.netloc}/postgres"
        probe = f"import psycopg; psycopg.connect({server!r}, connect_timeout=3).close()"
        if subprocess.run([str(PYTHON), "-c", probe], capture_output=True).returncode == 0:
            return base
    if named:
        note("TEST_DATABASE_URL is not reachable.")
    return None
