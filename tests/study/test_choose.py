"""`skinseg simulate choose`: learning curves of strategies, resumable, as a table, a CSV and a picture."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from trainer.cli.main import main
from trainer.study.choose import Curve
from trainer.study.choose_curves import area, summarise, until

QUICK = []
for word in ("backbone=handmade", "photo_side=96", "steps_heads=60"):
    QUICK += ["--set", f"probe.{word}"]


@pytest.fixture
def choose(project, capfd):
    """Run the command on a labelled project; its exit status, output and complaints."""

    def run(*words):
        capfd.readouterr()
        code = main(["simulate", "choose", str(project.path), *map(str, words), *QUICK])
        out, err = capfd.readouterr()
        return code, out, err

    return run


WHOLE = ("--pool", 1)
SMALL = ("--budgets", "2,4,8", "--batch", 2, "--seeds", 2, "--json", *WHOLE)


def test_curves_with_intervals_and_what_is_there_is_not_done_again(choose, tmp_path):
    words = ("--strategies", "random,default", *SMALL, "--mended", 1, "--out", tmp_path / "out")
    code, out, err = choose(*words)
    assert code == 0, err
    data = json.loads(out)
    (folder,) = (tmp_path / "out").iterdir()
    assert str(folder) == data["folder"]
    assert [row["strategy"] for row in data["strategies"]] == ["default", "random"]
    for row in data["strategies"]:
        assert row["labels"] == [2, 4, 8]
        assert row["seeds"] == 2
        spent = [point["value"] for point in row["seconds"]]
        assert 0 < spent[0] < spent[1] < spent[2]
        assert row["dice"][2]["value"] == pytest.approx(data["full"]["value"]), (
            "all labels in the end, whatever the order"
        )
    assert data["strategies"][1]["labels_ratio"]["value"] in (1, None)
    rows = list(csv.DictReader((folder / "choose.csv").open()))
    assert {row["measure"] for row in rows} >= {"dice", "seconds", "area", "labels to 95 %"}
    assert ET.parse(folder / "choose.svg").getroot().tag.endswith("svg")
    files = {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    assert len(files) == 6
    gone = folder / "default-1.npz"
    before = gone.read_bytes()
    gone.unlink()
    code, out, _ = choose(*words)
    assert json.loads(out) == data, "the missing run gave the same"
    assert gone.read_bytes() == before
    assert sum(path.stat().st_mtime_ns == then for path, then in files.items()) == 5


def test_whole_probes_learn_the_photos_that_were_chosen_and_nothing_else(choose, tmp_path):
    words = ("--strategies", "random", "--budgets", "2,8", *WHOLE, "--seeds", 2, "--mended", 0, "--json")
    code, out, err = choose(*words, "--out", tmp_path / "out", "--whole", 1)
    assert code == 0, err
    data = json.loads(out)
    (row,) = data["strategies"]
    (folder,) = (tmp_path / "out").iterdir()
    assert data["folder"] == str(folder / "whole")
    assert row["seeds"] == 1
    assert row["dice"][1]["value"] == data["full"]["value"], "all eight labels, and the same seed"
    assert row["dice"][0]["value"] != row["dice"][1]["value"], "two photos teach something else"
    assert sorted(path.name for path in (folder / "whole").iterdir() if path.suffix == ".npz") == [
        "all-0.npz",
        "random-0.npz",
    ]
    files = {path: path.stat().st_mtime_ns for path in (folder / "whole").glob("*.npz")}
    code, out, _ = choose(*words, "--out", tmp_path / "out", "--whole", 1)
    assert json.loads(out) == data
    assert {path: path.stat().st_mtime_ns for path in files} == files, "nothing is done twice"


def test_a_later_command_adds_strategies_and_seeds(choose, tmp_path):
    for words in (("--strategies", "random"), ("--strategies", "all", "--seeds", 1)):
        code, out, err = choose(*SMALL, *words, "--mended", 0, "--out", tmp_path / "out")
        assert code == 0, err
    data = json.loads(out)
    seeds = {row["strategy"]: row["seeds"] for row in data["strategies"]}
    assert len(seeds) == 11
    assert (seeds["random"], seeds["entropy"]) == (2, 1)
    assert data["strategies"][0]["seconds"][0]["value"] is None, "not measured"


def test_more_photos_than_there_are_end_with_the_last(choose, tmp_path):
    code, out, err = choose(
        "--budgets", "4,50", "--seeds", 1, "--mended", 0, "--json", *WHOLE, "--out", tmp_path
    )
    assert code == 0, err
    assert json.loads(out)["strategies"][0]["labels"] == [4, 8]


def test_nothing_of_it_is_in_the_projects_history(choose, project):
    assert choose("--strategies", "random", "--budgets", "4", "--seeds", 1, "--mended", 0)[0] == 0
    assert project.trainer.rounds() == []
    assert project.models.all() == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--strategies", "entropie"], "did you mean 'entropy'"),
        (["--strategies", ","], "name some"),
        (["--budgets", "few"], "--budgets few: write numbers"),
        (["--budgets", "20"], "has 8 labelled training photos to choose from, not 20"),
        (["--hand", "robot"], "choose steering or constant"),
    ],
)
def test_bad_words_are_refused_in_one_line(choose, words, complaint):
    code, _, err = choose(*words)
    assert code == 2
    assert complaint in err
    assert len(err.strip().splitlines()) == 1


def test_a_project_without_masks_says_so(empty_project, capfd):
    assert main(["simulate", "choose", str(empty_project.path)]) == 2
    assert "save or import some masks first" in capfd.readouterr().err


def curve(dice: list[float], seconds: list[float], photos: int = 4) -> Curve:
    """Two classes of 100 pixels a photo, of which this share is right."""
    right = np.round(100 * np.array(dice)).astype(np.int64)
    matrices = np.stack([[[[n, 100 - n], [100 - n, n]]] * photos for n in right])
    labels = np.array([8, 16, 32][: len(dice)])
    groups = np.array([str(i) for i in range(photos)])
    return Curve(labels, np.array(seconds, float), matrices, np.arange(labels[-1]), groups)


def test_labels_and_seconds_until_a_share_of_the_best_by_straight_lines():
    full = [curve([1.0], [np.nan])]
    curves = {
        "random": [curve([0.5, 0.75, 0.95], [100, 200, 400])] * 2,
        "default": [curve([0.75, 0.95, 0.97], [90, 170, 330])] * 2,
    }
    (random, default), best = summarise(curves, full, list("abcd"), draws=50)
    assert best.value == 1
    assert [m.value for m in random.labels_to] == pytest.approx([28, 32])
    assert [m.value for m in default.labels_to] == pytest.approx([14, 16])
    assert default.labels_ratio.value == pytest.approx(0.5)
    assert default.seconds_to[1].value == pytest.approx(170)
    assert default.seconds_ratio.value == pytest.approx(170 / 400)
    assert default.labels_ratio.low <= 0.5 <= default.labels_ratio.high


def test_where_random_does_not_get_there_what_was_spent_on_it_stands():
    curves = {
        "random": [curve([0.5, 0.6, 0.7], [100, 200, 400])],
        "default": [curve([0.5, 0.95, 0.97], [90, 180, 330])],
        "entropy": [curve([0.5, 0.6, 0.7], [90, 180, 330])],
    }
    random, default, entropy = summarise(curves, [curve([1.0], [np.nan])], list("abcd"), draws=50)[0]
    assert (default.labels_ratio.value, default.seconds_ratio.value) == pytest.approx((16 / 32, 180 / 400))
    assert random.labels_ratio.value == entropy.labels_ratio.value == np.inf


def test_a_height_that_is_never_reached_is_infinite_and_one_at_the_start_the_first_number():
    dice = np.array([[0.5, 0.6], [0.9, 0.95]])
    labels, seconds = until(dice, np.full(2, 0.8), np.array([8.0, 16.0]), dice * 100)
    assert labels.tolist() == [np.inf, 8]
    assert seconds.tolist() == [np.inf, 90]


def test_the_area_of_a_level_curve_is_its_height():
    assert area(np.full((2, 3), 0.7), np.array([8, 16, 32])).tolist() == pytest.approx([0.7, 0.7])
    assert area(np.array([[0.4]]), np.array([8])).tolist() == [0.4]


def test_seconds_of_some_seeds_are_the_mean_of_those():
    timed, untimed = curve([0.5, 0.6], [10, 20]), curve([0.5, 0.6], [np.nan, np.nan])
    ((row,), _) = summarise({"random": [timed, untimed]}, [curve([1.0], [np.nan])], list("abcd"), draws=50)
    assert [m.value for m in row.seconds] == [10, 20]
