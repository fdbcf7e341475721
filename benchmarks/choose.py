"""Which photo to label next, on a folder of labelled photos: `skinseg simulate choose` with every strategy.

    python -m benchmarks.choose DATA --seeds 10 --out choose

DATA is a folder as `benchmarks.effort` takes it. A project is made beside the results, which reads
the photos where they are; called again, it goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.effort import make_project, run


def main() -> None:
    """Make the project, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--strategies", default="all")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--budgets", default="8,16,24,32,40,56,80")
    parser.add_argument("--whole", type=int, default=0, help="seeds that whole probes learn from, 2 min each")
    parser.add_argument("--out", type=Path, default=Path("choose"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    project = args.out / "project"
    if not project.is_dir():
        make_project(args.data, project)
    words = ("--strategies", args.strategies, "--seeds", args.seeds, "--budgets", args.budgets)
    if args.whole:
        words += ("--whole", args.whole)
    run("simulate", "choose", project, *words, "--out", args.out)


if __name__ == "__main__":
    main()
