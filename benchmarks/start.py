"""How long `./run` takes: the first start with and without the demo clinic, and every later one.

In seconds, from the command to the first page answered; the requirements are installed already. Medians.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path

from tests.launcher.processes import Run

ROUNDS = 5


def _seconds(folder: Path, **variables: str) -> float:
    run = Run(folder, made=False, **{"WEB_WORKERS": "2", **variables})
    began = time.monotonic()
    run.start()
    try:
        run.wait_open()
        return time.monotonic() - began
    finally:
        run.stop()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as name:
        folder = Path(name)
        first = _seconds(folder / "demo")
        empty = _seconds(folder / "empty", DEMO="0")
        later = [_seconds(folder / "demo") for _ in range(ROUNDS)]
    answer = {
        "first_start_with_demo_s": round(first, 2),
        "first_start_empty_s": round(empty, 2),
        "later_start_s": round(statistics.median(later), 2),
        "later_starts_s": [round(value, 2) for value in later],
    }
    print(json.dumps(answer, indent=2))


if __name__ == "__main__":
    main()
