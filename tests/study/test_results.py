"""What is printed and drawn of runs made up by hand."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from tiny_study import TWO, made_run, tiny

from trainer.errors import ProjectError, SkinsegError
from trainer.study.design import make_design, study_folder
from trainer.study.plot import plot, ticks
from trainer.study.results import read_results, write_design
from trainer.study.runs import write_run
from trainer.study.studies.registry import find_study
from trainer.study.tables import figure, grids, markdown, results_csv, signed, to_json

if TYPE_CHECKING:
    from pathlib import Path


def written(path: Path, name: str, arms: list[str], labels: list[float], seeds: int = 3) -> Path:
    """A study's folder with runs whose arms are each five hits better than the one before."""
    names = []
    for share in labels:
        for seed in range(seeds):
            for index, arm in enumerate(arms):
                hits = [60 + 5 * index + seed + i % 3 for i in range(8)]
                run = made_run(arm, seed, hits, labels=share)
                names.append(f"{arm}-{share}-{seed}")
                about = {
                    "arm": arm, "labels": share, "seed": seed, "pretext": False, "full_size": False,
                    "photo_ids": run.photo_ids, "groups": run.groups, "all_seconds": 1.0,
                    "plan": {"arch": "x", "encoder": "y", "fit": "crop", "size": 8, "batch": 2, "steps": 4,
                             "long_side": 8},
                    "machine": {"torch": "2"},
                    "curves": {"epoch_loss": [[1, 0.5], [2, 0.25]], "epoch_iou": [[1, 0.4], [2, 0.75]]},
                }  # fmt: skip
                write_run(path / "studies" / name / "runs", names[-1], about, run.evidence)
    about = {"asked": {"scale": "small"}, "arms": arms, "labels": labels, "seeds": list(range(seeds)),
             "split": "test", "runs": names, "notes": []}  # fmt: skip
    (path / "studies" / name / "study.json").write_text(json.dumps(about))
    return path


def test_curves_over_the_labels(tmp_path):
    written(tmp_path, "default", ["supervised", "skinseg"], [0.05, 0.25])
    results = read_results(tmp_path, "default", TWO)
    assert results.missing == 0
    cell = results.cell("skinseg", 0.05, "dice2")
    assert 0 <= cell.estimate.low < cell.estimate.value < cell.estimate.high <= 1
    (verdict,) = results.verdicts
    assert verdict.verdict == "reproduced"
    text = markdown(results)
    assert "| skinseg beats supervised | reproduced: better beyond chance |" in text
    assert "| supervised | 5 % |" in text
    picture = ET.fromstring(plot(results))
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}circle"))) == 3 * 2 * 2
    assert to_json(results)["claims"][0]["p_holm"] < 0.05
    assert results_csv(results).count("\n") == 1 + 12 * (3 + 4 * 2)


def test_a_table_per_class(tmp_path):
    written(tmp_path, "adversarial", ["supervised", "fcn", "patch"], [1.0])
    results = read_results(tmp_path, "adversarial", TWO)
    per_class = grids(results)[1:]
    assert [grid.title.split(",")[0] for grid in per_class] == ["supervised", "fcn", "patch"]
    assert per_class[0].head == ("class", "IoU", "precision", "recall", "F1")
    rows = {row[0]: row for row in per_class[0].rows}
    assert list(rows) == ["not", "skin", "mean"]
    iou, dice = float(rows["skin"][1]), float(rows["skin"][4])
    assert iou == pytest.approx(dice / (2 - dice), abs=2e-3)
    ET.fromstring(plot(results))


def test_a_table_too_wide_for_the_terminal_has_a_row_for_each_figure(tmp_path):
    written(tmp_path, "multitask", ["fl+jl", "only-masks"], [1.0], seeds=1)
    results = read_results(tmp_path, "multitask", TWO)
    wide, narrow = grids(results)[0], grids(results, width=80)[0]
    assert narrow.width <= 80 < wide.width
    assert grids(results, width=wide.width)[0] == wide
    first = next(row for row in narrow.rows if row[1] == "only-masks")
    assert first[0] == "JA, skin or not"
    assert re.fullmatch(r"\.\d{3} \(\.\d{3} to \.\d{3}\)", first[2])
    titles = wide.head[1:]
    assert {"AC", "AC, classes"} < set(titles)
    assert len(set(titles)) == len(titles)
    assert "2 runs done, 0 to do; 1 seed, " in markdown(results)


def test_a_table_per_epoch(tmp_path):
    written(tmp_path, "fpn", ["fpn"], [1.0])
    results = read_results(tmp_path, "fpn", TWO)
    table = grids(results)[0]
    assert table.head == ("epoch", "DL", "IoU")
    assert table.rows == (("1", ".500", ".400"), ("2", ".250", ".750"))
    ET.fromstring(plot(results))


def test_half_a_study_says_what_is_missing(tmp_path):
    written(tmp_path, "default", ["supervised", "skinseg"], [0.05])
    next((tmp_path / "studies" / "default" / "runs").glob("skinseg*.json")).unlink()
    results = read_results(tmp_path, "default", TWO)
    assert results.missing == 1
    assert results.verdicts[0].estimate.seeds == 2
    assert "5 runs done, 1 to do" in markdown(results)


def test_a_study_without_any_run_can_be_shown(tmp_path):
    written(tmp_path, "default", ["supervised"], [0.05])
    for path in (tmp_path / "studies" / "default" / "runs").glob("*.json"):
        path.unlink()
    results = read_results(tmp_path, "default", TWO)
    assert "0 runs done, 3 to do" in markdown(results)
    ET.fromstring(plot(results))


def test_what_is_not_there_or_damaged_is_said(tmp_path):
    with pytest.raises(ProjectError, match="start it with skinseg study unet"):
        read_results(tmp_path, "unet", TWO)
    written(tmp_path, "default", ["supervised"], [0.05])
    (tmp_path / "studies" / "default" / "study.json").write_text("{")
    with pytest.raises(SkinsegError, match="damaged"):
        read_results(tmp_path, "default", TWO)


def test_figures_for_people():
    assert [figure(v) for v in (0.8123, 1.0, -0.05, math.nan)] == [".812", "1.000", "-.050", "–"]
    assert [signed(v) for v in (0.05, -0.05, 0.0)] == ["+.050", "-.050", "+.000"]


def test_ticks_are_round():
    assert ticks(0.31, 0.58) == [0.35, 0.4, 0.45, 0.5, 0.55]


def test_the_tables_of_other_runs_are_kept(project):
    def write(**asked):
        design = make_design(project, find_study("default"), tiny(**asked))
        return design, write_design(project.path, design)

    folder = study_folder(project.path, "default")
    first, kept = write(labels=(0.5,))
    assert kept is None
    assert write(labels=(0.25,))[1] is None, "there was nothing to lose"
    write(labels=(0.5,))
    (folder / "runs").mkdir()
    (folder / "runs" / f"{first.runs[0].name}.json").write_text("{}")
    (folder / "table.md").write_text("found")
    assert write(labels=(0.25, 0.5))[1] is None, "its runs are among these"
    before = (folder / "study.json").read_bytes()
    _, kept = write(labels=(0.25,))
    assert kept.parent == folder / "earlier"
    assert (kept / "study.json").read_bytes() == before
    assert (kept / "table.md").read_text() == "found"
    assert not (folder / "table.md").exists()
    assert json.loads((folder / "study.json").read_text())["labels"] == [0.25]
