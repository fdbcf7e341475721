"""Design of a study on a project: the list of its runs. No torch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from trainer.errors import ConfigError
from trainer.networks.published.folder import find_encoder, imagenet_encoders
from trainer.settings.model import Settings
from trainer.settings.toml_file import load_settings
from trainer.spelling import did_you_mean
from trainer.study.arms import Arm, Scale, Sections, Study, Values, merged
from trainer.study.runs import RunSpec, data_digest, is_done, test_split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trainer.evaluation.json_values import Json
    from trainer.project.project import Project

ALWAYS = ("photos",)
"""Sections of the project's own settings that a study follows; all others are the study's."""


@dataclass(frozen=True)
class Asked:
    """Options of the command line."""

    seeds: int | None = None
    scale: str = "small"
    labels: tuple[float, ...] | None = None
    arms: tuple[str, ...] | None = None
    steps: int | None = None
    pretext_steps: int | None = None
    encoder: str | None = None
    split: str | None = None
    set: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Design:
    """Runs of a study in their order, and the choices behind them."""

    study: Study
    asked: Asked
    scale: Scale
    arms: tuple[Arm, ...]
    labels: tuple[float, ...]
    seeds: tuple[int, ...]
    split: str
    runs: tuple[RunSpec, ...]
    """The pretext run first, where there is one."""
    notes: tuple[str, ...]
    """What was left out, and why."""

    def to_json(self) -> Json:
        """Return what `study.json` keeps, enough to print the tables again."""
        return {
            "study": self.study.name,
            "asked": asdict(self.asked),
            "arms": [arm.name for arm in self.arms],
            "labels": list(self.labels),
            "seeds": list(self.seeds),
            "split": self.split,
            "full_size": self.scale.full_size,
            "runs": [run.name for run in self.runs],
            "notes": list(self.notes),
        }


def make_design(project: Project, study: Study, asked: Asked) -> Design:
    """Decide which runs a study is made of on this project.

    Raises
    ------
    ConfigError
        An unknown scale, arm or setting, or one that is what the arms differ in.
    ProjectError
        Nothing to test on.
    """
    if asked.scale not in study.scales:
        raise ConfigError(f"--scale {asked.scale}: {did_you_mean(asked.scale, study.scales)}")
    scale = study.scales[asked.scale]
    arms = study.chosen(list(asked.arms) if asked.arms is not None else None)
    split = test_split(project, asked.split)
    set_by_hand = settings_by_hand(project.path, asked.set, arms)
    pretrained = project.path / "pretrained"
    encoder, why = choose_encoder(study, scale, asked, set_by_hand, pretrained)
    notes = [why] if why else []
    if encoder is not None:
        set_by_hand = merged(set_by_hand, {"training": {"encoder": encoder}})
    kept = []
    for arm in arms:
        if arm.weights == "imagenet" and find_encoder("imagenet", str(encoder), pretrained) is None:
            wanted = pretrained / f"{encoder}.safetensors"
            notes.append(f"left out: {arm.title}, because there is no {wanted}")
        else:
            kept.append(arm)
    if not kept:
        raise ConfigError(f"no arm of {study.name} can run: {'; '.join(notes)}")
    labels = asked.labels or study.labels
    seeds = tuple(range(asked.seeds or scale.seeds))
    base = project_settings(project)
    runs = _pretext(project, study, scale, asked.pretext_steps, kept, base, set_by_hand, encoder, split)
    given = pretrained / f"colorization-{encoder}.safetensors"
    made = runs[0].name if runs else _digest(given)
    if any(arm.weights == "colorization" for arm in kept):
        notes.append(f"colorization weights: {_which_weights(runs, given)}")
    for seed in seeds:  # seed by seed, so that an interrupted study has whole comparisons
        for share in labels:
            for arm in kept:
                values = merged(base, scale.settings, arm.settings, set_by_hand, {"training": {"seed": seed}})
                weights = find_encoder("imagenet", str(encoder), pretrained)
                data = data_digest(project, split, weights if arm.weights == "imagenet" else None)
                if arm.weights == "colorization":
                    data += made
                steps = asked.steps or scale.steps
                runs.append(
                    RunSpec(arm.name, share, seed, checked(values), steps, split, scale.full_size, data)
                )
    return Design(study, asked, scale, tuple(kept), labels, seeds, split, tuple(runs), tuple(notes))


def settings_by_hand(path: Path, words: Mapping[str, str], arms: Sequence[Arm]) -> Values:
    """Read the settings of `--set`, by section.

    Raises
    ------
    ConfigError
        An unknown setting, a value out of its range, or a setting in which the arms differ.
    """
    nowhere = path / ".no-such-file.toml"
    given = load_settings(nowhere, words).model_dump(exclude_unset=True)
    for section, values in given.items():
        for name in values:
            mine = {json.dumps(arm.settings.get(section, {}).get(name), default=str) for arm in arms}
            if mine != {"null"}:
                raise ConfigError(
                    f"--set {section}.{name}: the arms of this study set it; choose among them with --arms"
                )
    return given


def choose_encoder(
    study: Study, scale: Scale, asked: Asked, by_hand: Values, pretrained: Path
) -> tuple[str | None, str]:
    """Choose the encoder of all arms: as asked for, else one with ImageNet weights, else the scale's.

    Returns
    -------
    str or None
        None: each recipe takes its own.
    str
        A sentence where the choice was made for the sake of an arm.
    """
    if asked.encoder is not None:
        return asked.encoder, ""
    chosen = by_hand.get("training", {}).get("encoder") or scale.settings.get("training", {}).get("encoder")
    if not any(arm.weights == "imagenet" for arm in study.arms) or by_hand.get("training", {}).get("encoder"):
        return chosen, ""
    there = imagenet_encoders(pretrained)
    if not scale.any_encoder or chosen in there or not there:
        return chosen, ""
    return there[0], f"encoder {there[0]} for all arms, because its ImageNet weights are there"


def project_settings(project: Project) -> Values:
    """Select the project's own settings that a study takes over."""
    own = project.settings.model_dump(exclude_unset=True)
    return {section: own[section] for section in ALWAYS if section in own}


def checked(values: Values) -> Sections:
    """Validate settings and return them as plain values.

    Raises
    ------
    ConfigError
        One of them is not.
    """
    try:
        plain: Sections = Settings.model_validate(values).model_dump(mode="json", exclude_unset=True)
    except ValueError as error:
        raise ConfigError(f"this study's settings do not work together: {error}") from error
    return plain


def _pretext(
    project: Project,
    study: Study,
    scale: Scale,
    steps: int | None,
    arms: Sequence[Arm],
    base: Values,
    by_hand: Values,
    encoder: str | None,
    split: str,
) -> list[RunSpec]:
    """Make the run for colorization weights, where an arm needs some that are not there or as asked."""
    if not any(arm.weights == "colorization" for arm in arms):
        return []
    training = {"recipe": "colorization", "init": "scratch", "seed": 0}
    by_hand = {
        section: values for section, values in by_hand.items() if section in ("training", "colorization")
    }
    values = merged(base, scale.settings, by_hand, {"training": training})
    pool = hashlib.sha256(",".join(map(str, sorted(project.photos.ids("train")))).encode()).hexdigest()[:16]
    run = RunSpec(
        "pretext", 1.0, 0, checked(values), steps or scale.pretext_steps, split, False, pool, pretext=True
    )  # fmt: skip
    given = project.path / "pretrained" / f"colorization-{encoder}.safetensors"
    if steps is None and given.is_file() and not is_done(runs_folder(project.path, study.name), run.name):
        return []
    return [run]


def _which_weights(pretext: Sequence[RunSpec], given: Path) -> str:
    """Describe the colorization weights a study starts from, and their training."""
    if pretext:
        steps = f"{pretext[0].steps:,} steps" if pretext[0].steps else "as many steps as the source"
        return f"made by the study's own pretext run, {steps}"
    try:
        steps = f"{json.loads(given.with_suffix('.json').read_text(encoding='utf-8'))['plan']['steps']:,}"
    except (OSError, ValueError, KeyError, TypeError):
        steps = "nobody knows how many"
    return f"{given.name} as it lay in pretrained/, made in {steps} steps; --pretext-steps makes others"


def _digest(path: Path) -> str:
    """Digest a file, shortened; empty where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else ""


def study_folder(project: Path, name: str) -> Path:
    """Return the folder of a study's files."""
    return project / "studies" / name


def runs_folder(project: Path, name: str) -> Path:
    """Return the folder of a study's runs."""
    return study_folder(project, name) / "runs"
