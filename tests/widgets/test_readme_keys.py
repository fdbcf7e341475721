"""The key table of the README is written by hand: it must say what the window does."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_names_the_keys_of_the_window(session):
    rows = re.findall(r"^\| (.+) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    start = next(place for place, row in enumerate(rows) if row.startswith("key | does"))
    written: dict[str, str] = {}
    for row in rows[start + 1 :]:
        cells = row.split(" | ")
        if len(cells) != 4:
            break
        for keys, words in zip(cells[::2], cells[1::2], strict=True):
            names = re.findall(r"`([^`]+)`", keys)
            if "…" in keys:  # from the first to the last, as Alt+1 to Alt+9
                names = [f"{names[0][:-1]}{number}" for number in range(1, 10)]
            written |= dict.fromkeys(names, words)
    bound = {key: sentence for key, sentence, _ in session.bindings()}
    assert set(written) - {"F1"} == set(bound)
    for key in ("E", "X", "Space", "S", "T", "L", "0", "C", "D", "Shift+C"):
        assert bound[key].split(",")[0] in written[key].replace("*", ""), key
