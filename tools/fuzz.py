"""Damaged files of all kinds, by chance but repeatable: every one must end in a result or one line of words.

python tools/fuzz.py --inputs 20000 --seed 1            all kinds
python tools/fuzz.py --inputs 5000 --kinds photos,exif  some of them
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from fuzz_kinds import kinds  # noqa: E402

from trainer.errors import SkinsegError  # noqa: E402

HANG_SECONDS = 20
SHARES = {  # of the inputs; what costs more gets less
    "photos": 30,
    "exif": 12,
    "masks": 16,
    "shapes": 12,
    "tables": 18,
    "settings": 5,
    "groups": 4,
    "models": 2,
    "rows": 1,
}


class Hang(BaseException):
    """An input took too long."""


@dataclass
class Findings:
    """How many inputs ran, and what each wrong one led to."""

    inputs: int = 0
    refused: int = 0
    wrong: dict[str, str] = field(default_factory=dict)


@contextmanager
def no_hang() -> Iterator[None]:
    """Raise `Hang` where the block takes too long; where there are no such signals, wait."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(*_: object) -> None:
        raise Hang(f"more than {HANG_SECONDS} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(HANG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(inputs: int, seed: int, only: list[str] | None = None, place: Path | None = None) -> Findings:
    """Run damaged inputs, shared among the kinds; each is made of the seed, its kind and its number alone."""
    findings = Findings()
    with tempfile.TemporaryDirectory(dir=place) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        takers = kinds(Path(folder))
        wanted = {kind: share for kind, share in SHARES.items() if only is None or kind in only}
        for kind, share in wanted.items():
            for number in range(max(1, round(inputs * share / sum(wanted.values())))):
                name = f"{seed}/{kind}/{number}"
                try:
                    with no_hang():
                        takers[kind](random.Random(name))
                except SkinsegError as error:
                    findings.refused += 1
                    if "\n" in str(error):
                        findings.wrong[name] = f"more than one line: {error}"
                except (Exception, Hang):
                    findings.wrong[name] = traceback.format_exc()
                findings.inputs += 1
    return findings


def main_() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--inputs", type=int, default=20_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kinds", help=", ".join(SHARES))
    chosen = options.parse_args()
    started = time.monotonic()
    found = run(chosen.inputs, chosen.seed, chosen.kinds.split(",") if chosen.kinds else None)
    for name, what in found.wrong.items():
        print(f"--- {name}\n{what}")
    seconds = time.monotonic() - started
    print(f"{found.inputs:,} inputs, {found.refused:,} refused, {len(found.wrong):,} wrong, {seconds:.0f} s")
    return bool(found.wrong)


if __name__ == "__main__":
    sys.exit(main_())
