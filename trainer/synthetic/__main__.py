"""`python -P -m trainer.synthetic OUT --count 24 --seed 7 --long-side 640` renders photos with masks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trainer.synthetic.photos import render_photos


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m trainer.synthetic", description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write photos/, masks/ and groups.csv to")
    parser.add_argument("--count", type=int, default=24, help="how many photos (default 24)")
    parser.add_argument("--seed", type=int, default=7, help="same seed, same photos (default 7)")
    parser.add_argument(
        "--long-side", type=int, default=1024, help="pixels of the longest side (default 1024)"
    )
    parser.add_argument("--quality", type=int, default=86, help="JPEG quality (default 86)")
    parser.add_argument("--splits", action="store_true", help="write a split column into groups.csv")
    options = parser.parse_args(arguments)
    if options.count < 1 or options.long_side < 64:
        parser.error("--count must be at least 1 and --long-side at least 64")

    def show(done: int) -> None:
        print(f"\r{done}/{options.count} photos", end="", file=sys.stderr, flush=True)

    written = render_photos(
        options.out, options.count, options.seed, options.long_side, show, options.splits, options.quality
    )
    print(file=sys.stderr)
    print(f"{len(written)} photos in {options.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
