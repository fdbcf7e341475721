"""Run the benchmarks one after the other: ``make bench``, or ``python -m benchmarks [NAME ...]``.

Each prints a table and writes ``benchmarks/results/NAME.json``; docs/benchmarks.md says what they mean.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NAMES = ("store", "team", "window", "actions", "loop", "throughput", "steps", "gate", "yardstick")
NEEDS_PHOTOS = ("yardstick",)
"""Real photos with masks, their folder in SKINSEG_DATA."""


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; return the number of those that failed."""
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    failed = 0
    for name in names or NAMES:
        if name in NEEDS_PHOTOS and not os.environ.get("SKINSEG_DATA"):
            print(f"\n== {name}: left out, SKINSEG_DATA names no folder of real photos")
            continue
        print(f"\n== {name}", flush=True)
        root = Path(__file__).parents[1]
        failed += subprocess.call([sys.executable, "-m", f"benchmarks.{name}"], cwd=root) != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
