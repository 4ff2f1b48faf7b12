"""`./run [verb]`: which verb does what."""

import sys

from launcher import checks, environment
from launcher.words import Trouble, say

HELP = """./run                 install what is needed, start the clinic, print its address
./run test [args]     install what tests need and run them on SQLite, then on PostgreSQL where one is reachable
./run lint            ruff, mypy, djlint, import-linter
./run manage ...      Django's command line; `./run manage help` lists the commands
./run bench NAME      a benchmark of benchmarks/, as JSON
./run tour            make the pictures of the README anew, from the real pages
./run lock            pin the requirements anew, with hashes (wants uv)

PORT (8000), DATA_DIR (./data), DATABASE_URL (SQLite), REDIS_URL (an embedded Valkey), DEMO=0 (no demo clinic)
"""


def main(arguments: list[str]) -> int:
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("start", [])
    verbs = {
        "start": _start,
        "test": checks.test,
        "lint": checks.lint,
        "manage": _manage,
        "bench": checks.bench,
        "tour": checks.tour,
        "lock": checks.lock,
    }
    if verb in ("help", "-h", "--help"):
        say(HELP.rstrip())
        return 0
    if verb not in verbs:
        raise Trouble(f"there is no './run {verb}'. './run help' lists what there is.")
    return verbs[verb](rest)


def _start(rest: list[str]) -> int:
    from launcher import serve

    if rest:
        raise Trouble("'./run' alone starts the clinic and takes no arguments.")
    return serve.start()


def _manage(rest: list[str]) -> int:
    environment.install("requirements.txt")
    environment.data_dir()
    return environment.replace_by([str(environment.PYTHON), "manage.py", *rest])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        print(f"run: {trouble}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
