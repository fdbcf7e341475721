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
    """Seconds that the same photo takes without a suggestion."""
    agreement: float
    """Share of the truth's pixels that the suggestion had right before the first stroke."""


def visit_line(visit: Visit) -> str:
    """Write a visit as a line of the terminal."""
    model = f"model {visit.model}" if visit.model else "no model"
    return (
        f"{visit.stage:>15}  {visit.photo:<24} {model:<12} "
        f"right before {visit.agreement:4.0%}   {visit.strokes:3d} strokes   {visit.seconds:4.0f} s "
        f"(from nothing {visit.from_nothing:.0f} s)"
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
        "Each photo is compared with itself: its seconds with the suggestion, and from nothing. The interval "
        "(95 %) is over other photos of the same kind.\n",
        "| stage | photos | right before the first stroke | strokes a photo | seconds a photo | from nothing "
        "| share of seconds |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {row['stage']} | {row['photos']} | {row['agreement']:.0%} "
            f"| {row['strokes']:.1f} | {row['seconds']:.0f} | {row['from_nothing']:.0f} "
            f"| {row['share']:.2f} ({row['share_low']:.2f} to {row['share_high']:.2f}) |"
            for row in stages
            if row["photos"]
        ),
        "\n## Models\n",
        *(f"* model {model.id}: {model.why}" for model in models),
        "\n## The window\n",
        *(f"![{picture.stem}]({picture.name})\n" for picture in sorted(path.glob("[1-4]-*.png"))),
    ]
    (path / "report.md").write_text("\n".join(lines))


def _means(visits: list[Visit], stage: str) -> dict[str, Any]:
    chosen = [visit for visit in visits if visit.stage == stage]
    if not chosen:
        return {"photos": 0}
    share = paired_share([visit.seconds for visit in chosen], [visit.from_nothing for visit in chosen])
    return {
        "photos": len(chosen),
        "agreement": mean(visit.agreement for visit in chosen),
        "strokes": mean(visit.strokes for visit in chosen),
        "seconds": mean(visit.seconds for visit in chosen),
        "from_nothing": mean(visit.from_nothing for visit in chosen),
        "share": share.share,
        "share_low": share.low,
        "share_high": share.high,
    }
