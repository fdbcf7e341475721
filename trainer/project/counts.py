"""Counts of a project's photos, by state and by split."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from trainer.project.scan import SPLITS
from trainer.project.schema import photo
from trainer.project.states import PhotoState

__all__ = ["Counts", "count_photos"]


@dataclass(frozen=True)
class Counts:
    """Photos of each kind; `by_split` holds (photos, labelled)."""

    photos: int = 0
    labelled: int = 0
    broken: int = 0
    skipped: int = 0
    flagged: int = 0
    parts: int = 0
    done: int = 0
    """Photos that a person has called done; `labelled` are all with a mask, parts and flagged ones too."""
    by_split: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def towards_first(self) -> int:
        """Labelled photos that count for the first model: those of training, and one other at most."""
        return min(self.labelled, self.by_split.get("train", (0, 0))[1] + 1)


def count_photos(connection: sa.Connection) -> Counts:
    """Count all photos of the catalog."""
    by_state = sa.select(photo.c.state, photo.c.split, sa.func.count()).group_by(photo.c.state, photo.c.split)
    labelled = (
        sa.select(photo.c.split, sa.func.count()).where(photo.c.head.is_not(None)).group_by(photo.c.split)
    )
    skipped = sa.select(sa.func.count()).where(
        photo.c.queued == sa.literal_column("1"), photo.c.back > 0, photo.c.state == PhotoState.NEW
    )
    states = connection.execute(by_state).all()
    heads = {str(split): int(count) for split, count in connection.execute(labelled)}
    skips = int(connection.execute(skipped).scalar_one())
    total = dict.fromkeys(SPLITS, 0)
    of_state: dict[str, int] = {}
    for state, split, count in states:
        total[split] += count
        of_state[state] = of_state.get(state, 0) + count
    return Counts(
        photos=sum(total.values()),
        labelled=sum(heads.values()),
        broken=of_state.get(PhotoState.BROKEN, 0),
        skipped=skips,
        flagged=of_state.get(PhotoState.FLAGGED, 0),
        parts=of_state.get(PhotoState.PART, 0),
        done=of_state.get(PhotoState.LABELLED, 0),
        by_split={split: (total[split], heads.get(split, 0)) for split in SPLITS},
    )
