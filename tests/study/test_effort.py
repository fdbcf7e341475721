"""`skinseg simulate effort`: paired seconds against labels, resumable, as a table, a CSV and a picture."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET

import pytest

from trainer.cli.main import main

QUICK = ["--device", "cpu"]
for word in ("backbone=handmade", "heads=2", "width=16", "steps_heads=40", "photo_side=96", "pixels=128"):
    QUICK += ["--set", f"probe.{word}"]


@pytest.fixture
def effort(project, capfd):
    """Run the command on a labelled project; its exit status, output and complaints."""

    def run(*words):
        capfd.readouterr()
        code = main(["simulate", "effort", str(project.path), *map(str, words), *QUICK])
        out, err = capfd.readouterr()
        return code, out, err

    return run


def test_a_curve_with_intervals_and_what_is_there_is_not_done_again(effort, tmp_path):
    code, out, err = effort("--labels", "4,8", "--draws", 2, "--out", tmp_path / "out", "--json")
    assert code == 0, err
    data = json.loads(out)
    (folder,) = (tmp_path / "out").iterdir()
    assert str(folder) == data["folder"]
    few, many = data["points"]
    assert (few["labels"], few["draws"], many["labels"]) == (4, 2, 8)
    assert few["share"]["photos"] == 4
    assert few["share"]["low"] <= few["share"]["share"] <= few["share"]["high"]
    assert 0 < many["share"]["share"] < 1.1
    rows = list(csv.DictReader((folder / "effort.csv").open()))
    assert [row["labels"] for row in rows] == ["4", "8"]
    assert ET.parse(folder / "effort.svg").getroot().tag.endswith("svg")
    files = {path: path.stat().st_mtime_ns for path in folder.glob("probe-*.json")}
    assert len(files) == 4
    next(iter(files)).unlink()
    code, out, _ = effort("--labels", "4,8", "--draws", 2, "--out", tmp_path / "out", "--json")
    again = json.loads(out)["points"]
    for name in ("labels", "share", "by_draw"):
        assert [p[name] for p in again] == [p[name] for p in data["points"]], "the missing run gave the same"
    assert sum(path.stat().st_mtime_ns == then for path, then in files.items()) == 3


def test_a_later_command_adds_to_the_table(effort, tmp_path):
    for labels in (4, 8):
        assert effort("--labels", labels, "--draws", 1, "--out", tmp_path / "out")[0] == 0
    (folder,) = (tmp_path / "out").iterdir()
    assert [row["labels"] for row in csv.DictReader((folder / "effort.csv").open())] == ["4", "8"]


def test_nothing_of_it_is_in_the_projects_history(effort, project):
    assert effort("--labels", "8", "--draws", 1)[0] == 0
    assert project.trainer.rounds() == []
    assert project.models.all() == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--labels", "six"], "write numbers of labelled photos"),
        (["--labels", "0"], "write numbers of labelled photos"),
        (["--labels", "4,99"], "has 8 labelled training photos, not 99: give --labels up to 8"),
        (["--hand", "robot"], "choose steering or constant"),
        (["--split", "train"], "choose val or test"),
        (["--recipes", "prob"], "probe"),
    ],
)
def test_bad_words_are_refused_in_one_line(effort, words, complaint):
    code, _, err = effort(*words)
    assert code == 2
    assert complaint in err
    assert len(err.strip().splitlines()) == 1


def test_a_project_without_masks_says_so(empty_project, capfd):
    assert main(["simulate", "effort", str(empty_project.path), "--labels", "4"]) == 2
    assert "save or import some masks first" in capfd.readouterr().err


def test_a_hand_with_the_windows_tools_and_what_they_save_alone(effort, tmp_path):
    words = ("--labels", "8", "--draws", 1, "--out", tmp_path / "out", "--json")
    code, out, err = effort(*words, "--tools", "follow")
    assert code == 0, err
    data = json.loads(out)
    assert data["folder"].endswith("effort-steering-follow-val" + data["folder"][-9:])
    alone, helped = data["points"]
    assert (alone["recipe"], alone["labels"]) == ("no suggestion", 0)
    assert helped["recipe"] == "probe"
    assert 0 < helped["share"]["share"] < 1.2
    assert "no suggestion" not in (next((tmp_path / "out").iterdir()) / "effort.svg").read_text()


def test_tools_that_do_not_exist_or_lack_their_weights_are_named(effort, tmp_path, monkeypatch):
    monkeypatch.setenv("SKINSEG_WEIGHTS", str(tmp_path / "none"))
    code, _, err = effort("--labels", "4", "--tools", "lasso")
    assert code == 2
    assert "choose from select, follow" in err
    code, _, err = effort("--labels", "4", "--tools", "select")
    assert code == 2
    assert "skinseg weights get mobilesam" in err
