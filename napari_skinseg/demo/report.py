"""Report of the headless demo: effort by stage, each photo beside itself from nothing; models, pictures."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any

from trainer.effort.paired import paired_share
from trainer.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path

STAGES = 3


def stage_name(number: int, per_stage: int) -> str:
    """Name a stage, counted from 0, by the photos that are annotated in it."""
    return f"photos {number * per_stage + 1} to {(number + 1) * per_stage}"


@dataclass(frozen=True)
class Visit:
    """Effort for one photo."""

    stage: str
    photo: str
    model: str | None
    strokes: int
    seconds: float
    from_nothing: float
    """Seconds that drawing the same photo takes without a suggestion."""
    by_select: float | None
    """The same with *Select*; None: there was nothing that finds whole things."""
    agreement: float
    """Share of the truth's pixels that the suggestion had right before the first stroke."""


def visit_line(visit: Visit) -> str:
    """Write a visit as a line of the terminal."""
    model = f"model {visit.model}" if visit.model else "no model"
    alone = "" if visit.by_select is None else f", by Select alone {visit.by_select:.0f} s"
    return (
        f"{visit.stage:>15}  {visit.photo:<24} {model:<12} "
        f"right before {visit.agreement:4.0%}   {visit.strokes:3d} strokes   {visit.seconds:4.0f} s "
        f"(from nothing {visit.from_nothing:.0f} s{alone})"
    )


def write_report(path: Path, visits: list[Visit]) -> None:
    """Write report.md, for people, and report.json, for programs, into the project folder `path`."""
    with Project.open(path) as project:
        counts, models = project.photos.counts(), project.models.all()
    stages = [{"stage": stage, **_means(visits, stage)} for stage in dict.fromkeys(v.stage for v in visits)]
    data = {
        "photos": counts.photos,
        "labelled": counts.labelled,
        "stages": stages,
        "visits": [asdict(visit) for visit in visits],
        "models": [
            {"id": m.id, "recipe": m.recipe, "decision": m.decision, "why": m.why, "metrics": m.metrics}
            for m in models
        ],
    }
    (path / "report.json").write_text(json.dumps(data, indent=1, default=str))
    lines = [
        "# The loop, with a simulated annotator\n",
        "Each photo is compared with itself: its seconds in the loop, and from nothing: drawn, "
        "and by Select where that finds whole things. The intervals (95 %) are over other photos of the "
        "same kind.\n",
        "| stage | photos | right before the first stroke | strokes a photo | seconds a photo "
        "| drawn from nothing | share of these | by Select from nothing | share of these |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(row) for row in stages if row["photos"]),
        "\n## Models\n",
        *(f"* model {model.id}: {model.why}" for model in models),
        "\n## The window\n",
        *(f"![{picture.stem}]({picture.name})\n" for picture in sorted(path.glob("[1-4]-*.png"))),
    ]
    (path / "report.md").write_text("\n".join(lines))


def _row(row: dict[str, Any]) -> str:
    by_select = "| | |"
    if "by_select" in row:
        by_select = f"| {row['by_select']:.0f} | {_interval(row, 'by_select_share')} |"
    return (
        f"| {row['stage']} | {row['photos']} | {row['agreement']:.0%} | {row['strokes']:.1f} "
        f"| {row['seconds']:.0f} | {row['from_nothing']:.0f} | {_interval(row, 'share')} {by_select}"
    )


def _interval(row: dict[str, Any], name: str) -> str:
    return f"{row[name]:.2f} ({row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f})"


def _means(visits: list[Visit], stage: str) -> dict[str, Any]:
    chosen = [visit for visit in visits if visit.stage == stage]
    if not chosen:
        return {"photos": 0}
    means: dict[str, Any] = {
        "photos": len(chosen),
        "agreement": mean(visit.agreement for visit in chosen),
        "strokes": mean(visit.strokes for visit in chosen),
        "seconds": mean(visit.seconds for visit in chosen),
        "from_nothing": mean(visit.from_nothing for visit in chosen),
        **_shares("share", [(visit.seconds, visit.from_nothing) for visit in chosen]),
    }
    if pairs := [(visit.seconds, visit.by_select) for visit in chosen if visit.by_select is not None]:
        means["by_select"] = mean(alone for _, alone in pairs)
        means |= _shares("by_select_share", pairs)
    return means


def _shares(name: str, pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Seconds with and without the suggestion as a share, with its interval."""
    found = paired_share([with_ for with_, _ in pairs], [without for _, without in pairs])
    return {name: found.share, f"{name}_low": found.low, f"{name}_high": found.high}
