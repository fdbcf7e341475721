"""RoundRecord: plan, parents and labels of a round, fixed at its start and kept until its end."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from trainer.data.trainset import Item
from trainer.settings.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class RoundRecord:
    """The task of a round, as ``begun.json`` and its checkpoints keep it.

    The fields never change; ``messages`` and ``curves`` are filled while the round runs, so that one that is
    resumed repeats none and draws on.
    """

    plan: Plan
    items: tuple[Item, ...]
    """Labelled photos with the revisions that are truth for this round, newest first."""
    newest: int = 0
    """So many of the first items are new to the served model."""
    parents: tuple[str, ...] = ()
    """Model the weights start from, if any."""
    learnt: int = 0
    """Steps that the parent and its own parents were trained for."""
    share: float | None = None
    """Share of the labelled groups that was asked for; None: all."""
    settings: dict[str, Any] | None = None
    """Settings a person had set then; None: those of the moment count, as in a study."""
    messages: list[str] = field(default_factory=list)
    """Notes to people so far."""
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    """Values plotted so far, where the catalog does not hold them."""

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON and for checkpoints."""
        return {
            "plan": self.plan.to_dict(),
            "items": [list(asdict(item).values()) for item in self.items],
            "newest": self.newest,
            "parents": list(self.parents),
            "learnt": self.learnt,
            "share": self.share,
            "settings": self.settings,
            "messages": list(self.messages),
            "curves": {name: list(points) for name, points in self.curves.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RoundRecord:
        """Read back :meth:`to_dict`, also of versions that kept fewer fields."""
        return cls(
            plan=Plan.from_dict(values["plan"]),
            items=tuple(Item(*item) for item in values["items"]),
            newest=values["newest"],
            parents=tuple(values["parents"]),
            learnt=values["learnt"],
            share=values.get("share"),
            settings=values.get("settings"),
            messages=list(values["messages"]),
            curves={
                name: [(step, value) for step, value in points]
                for name, points in values.get("curves", {}).items()
            },
        )
