"""Write the tables of the studies into docs: ``python docs/make_tables.py "body parts=DIR" lesions=DIR2``.

For each study that the projects hold: all tables as ``docs/tables/STUDY.md``, and the verdicts of all
projects side by side in ``docs/seeds.md``, between ``<!-- verdicts of STUDY -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from trainer.study.studies.registry import STUDIES

DOCS = Path(__file__).parent

Projects = dict[str, Path]


def signed(value: float) -> str:
    """``+.031`` or ``−.040``."""
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + f"{abs(value):.3f}".lstrip("0")


def cell(claim: dict[str, Any] | None) -> str:
    """Verdict, difference and interval of a claim on one project."""
    if claim is None or claim["difference"] is None:
        return "–"
    word = f"**{claim['verdict']}**" if claim["verdict"] == "reproduced" else claim["verdict"]
    low, high = map(signed, claim["ci95"])
    return f"{word}: {signed(claim['difference'])} ({low} to {high})"


def verdicts(study: str, projects: Projects) -> str:
    """Make a table of claims by projects."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, path in projects.items():
        for claim in read_claims(path, study):
            found.setdefault(claim["claim"], {})[name] = claim
    names = [name for name in projects if any(name in of for of in found.values())]
    rows = [["claim", *names, "the source"], ["---"] * (len(names) + 2)]
    for title, of in found.items():
        source = next(iter(of.values()))["source"] or "–"
        rows.append([title, *(cell(of.get(name)) for name in names), source])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def read_claims(project: Path, study: str) -> list[dict[str, Any]]:
    """Claims of a study on a project; none where it was not run."""
    path = project / "studies" / study / "claims.json"
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []


def write_tables(study: str, projects: Projects) -> None:
    """All tables of a study, project by project."""
    parts = [
        f"# Study `{study}`: full tables",
        "Read with [the sources](../seeds.md) and [studies](../studies.md).",
    ]
    for name, path in projects.items():
        table = path / "studies" / study / "table.md"
        if table.is_file():
            body = re.sub(r"^## .*\n", "", table.read_text(encoding="utf-8"), count=1)
            parts += [f"## {name[0].upper()}{name[1:]}", body.strip()]
    if len(parts) > 2:
        (DOCS / "tables").mkdir(exist_ok=True)
        (DOCS / "tables" / f"{study}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def main() -> None:
    """Write them all."""
    projects = {name: Path(path) for name, _, path in (word.rpartition("=") for word in sys.argv[1:])}
    seeds = DOCS / "seeds.md"
    text = seeds.read_text(encoding="utf-8")
    for study in STUDIES:
        write_tables(study, projects)
        before, mark, rest = text.partition(f"<!-- verdicts of {study} -->\n")
        if mark:
            _, end, after = rest.partition("<!-- end -->")
            text = f"{before}{mark}\n{verdicts(study, projects)}\n\n{end}{after}"
    seeds.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
