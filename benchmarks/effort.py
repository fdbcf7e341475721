"""What suggestions save on a folder of labelled photos: `skinseg simulate effort` with both hands.

    python -m benchmarks.effort DATA --labels 6 12 41 100 --draws 5 --out effort

DATA is a folder with ``index.csv`` (columns id and split), ``images/ID.jpg`` and ``masks/ID.png`` (pixel =
class index). A project is made in a folder beside the results, which reads the photos where they are; called
again, it goes on.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from trainer.cli.main import main as skinseg


def make_project(data: Path, path: Path) -> None:
    """Register the photos with the splits of the index, each a group of its own, and import the masks."""
    groups = path.with_name("groups.csv")
    with (data / "index.csv").open(encoding="utf-8") as index, groups.open("w", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["photo", "group", "split"])
        lines.writerows([f"{row['id']}.jpg", row["id"], row["split"]] for row in csv.DictReader(index))
    run("new", path, "--photos", data / "images", "--groups", groups)
    run("import", path, data / "masks")


def run(*words: object) -> None:
    """Run a command, or end with its exit status."""
    if code := skinseg([str(word) for word in words]):
        raise SystemExit(code)


def main() -> None:
    """Make the project, and print a table for each hand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--labels", nargs="+", default=["6", "12", "41", "100"])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--recipes", nargs="+", default=["probe"])
    parser.add_argument("--hands", nargs="+", default=["steering", "constant"])
    parser.add_argument("--out", type=Path, default=Path("effort"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    project = args.out / "project"
    if not project.is_dir():
        make_project(args.data, project)
    for hand in args.hands:
        words = ("--recipes", ",".join(args.recipes), "--draws", args.draws, "--hand", hand)
        run("simulate", "effort", project, "--labels", ",".join(args.labels), *words, "--out", args.out)


if __name__ == "__main__":
    main()
