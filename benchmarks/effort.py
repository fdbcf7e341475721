"""What suggestions save on a folder of labelled photos: `skinseg simulate effort` with both hands; rivals.

    python -m benchmarks.effort DATA --labels 6 12 41 100 --draws 5 --out effort [--recipes probe skinseg]

For each hand a table without tools, one with *the rest follows your strokes* (R), one with *Select* too; then
what forests and boosted trees on the same features would take (`--rivals 0` leaves that out); `curve.svg`
draws the steering hand.

DATA is a folder with ``index.csv`` (columns id and split), ``images/ID.jpg`` and ``masks/ID.png`` (pixel =
class index). A project is made in a folder beside the results, which reads the photos where they are; called
again, it goes on.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path

from benchmarks.rivals import print_rivals
from trainer.cli.main import main as skinseg
from trainer.study.effort import read_points
from trainer.study.effort_plot import effort_svg


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


def draw_curve(out: Path) -> None:
    """Draw what the steering hand takes with each recipe and tools in one picture."""
    points = []
    for what, words in (("", ""), ("-follow", ", with R"), ("-follow-select", ", with R and Select")):
        for folder in sorted(out.glob(f"effort-steering{what}-val*")):
            points += [replace(p, recipe=p.recipe + words) for p in read_points(folder) if p.labels > 0]
    if points:
        (out / "curve.svg").write_text(effort_svg(points), encoding="utf-8")


def main() -> None:
    """Make the project, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--labels", nargs="+", default=["6", "12", "41", "100"])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--recipes", nargs="+", default=["probe"])
    parser.add_argument("--hands", nargs="+", default=["steering", "constant"])
    parser.add_argument("--tools", nargs="+", default=["none", "follow", "select,follow"], help="or select")
    parser.add_argument("--rivals", type=int, default=64, help="photos for the rivals, some 20 s each")
    parser.add_argument("--out", type=Path, default=Path("effort"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    project = args.out / "project"
    if not project.is_dir():
        make_project(args.data, project)
    for tools in args.tools:
        used = () if tools == "none" else ("--tools", tools)
        for hand in args.hands:
            words = ("--recipes", ",".join(args.recipes), "--draws", args.draws, "--hand", hand, *used)
            print(f"\nThe {hand} hand{'' if not used else f', with {tools}'}:")
            run("simulate", "effort", project, "--labels", ",".join(args.labels), *words, "--out", args.out)
    draw_curve(args.out)
    if args.rivals:
        print_rivals(project, (1, 2), args.rivals)


if __name__ == "__main__":
    main()
