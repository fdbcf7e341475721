"""What each command does, and the JSON that other programs rely on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trainer.project.project import Project

COMMANDS = (
    *("demo", "new", "add", "move", "annotate", "trainer", "retrain", "predict"),
    *("evaluate", "models", "weights", "import", "export", "status", "doctor", "backup", "history"),
    *("purge", "access", "annotators", "agreement"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_json(skinseg: Any, command: str) -> None:
    said = skinseg(command, "--help")
    assert said.code == 0
    assert f"skinseg {command}" in said.out
    assert "Example:" in said.out
    assert "--json" in said.out


def test_light_commands_load_no_torch(tiny_folder: Any, tmp_path: Path) -> None:
    script = (
        "import sys; from trainer.cli.main import main; code = main(sys.argv[1:]);"
        "assert not {'torch', 'napari', 'qtpy', 'segmentation_models_pytorch'} & set(sys.modules), 'heavy';"
        "sys.exit(code)"
    )
    study = str(tmp_path / "study")
    for words in (
        ["--help"],
        ["new", study, "--photos", str(tiny_folder.photos)],
        ["status", study, "--json"],
    ):
        done = subprocess.run([sys.executable, "-P", "-c", script, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["photos"] == 12


def test_runs_as_a_module_beside_a_folder_named_trainer(tmp_path: Path) -> None:
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "__init__.py").write_text("raise ImportError('the wrong one')")
    words = [sys.executable, "-P", "-m", "trainer", "--help"]
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}
    )
    assert done.returncode == 0, done.stderr
    assert "retrain" in done.stdout


def test_photos_that_moved_are_found_again(skinseg: Any, tiny_folder: Any, tmp_path: Path) -> None:
    here, there, study = tmp_path / "here", tmp_path / "there", tmp_path / "study"
    shutil.copytree(tiny_folder.photos, here)
    assert skinseg("new", study, "--photos", here).code == 0
    here.rename(there)
    assert str(here) in skinseg("doctor", study).out
    said = skinseg("move", study, here, there, "--json")
    assert said.code == 0
    assert said.data["new"] == str(there)
    assert str(here) not in skinseg("doctor", study).out
    wrong = skinseg("move", study, "/nowhere", there)
    assert wrong.code == 2
    assert str(there) in wrong.err


def test_new_and_add(skinseg: Any, tiny_folder: Any, tmp_path: Path) -> None:
    said = skinseg("new", tmp_path / "study", "--photos", tiny_folder.photos, "--json")
    assert (said.code, said.data) == (0, {"project": str(tmp_path / "study"), "photos": 12})
    again = skinseg("add", tmp_path / "study", tiny_folder.photos, "--json")
    assert (again.data["new"], again.data["photos"]) == (0, 12)


def test_photos_that_no_group_names(skinseg: Any, tiny_folder: Any, tmp_path: Path) -> None:
    words = ("--photos", tiny_folder.photos, "--groups", "(tiny_0)")
    said = skinseg("new", tmp_path / "study", *words)
    assert "2 of 12 photos have no match: each is a group of its own" in said.out
    assert skinseg("new", tmp_path / "again", *words, "--json").data["ungrouped"] == 2
    more = tmp_path / "more"
    more.mkdir()
    shutil.copy(tiny_folder.photos / "tiny_00.jpg", more / "other.jpg")
    data = skinseg("add", tmp_path / "study", more, "--groups", "(tiny_0)", "--json").data
    assert (data["new"], data["ungrouped"]) == (1, 1)


def test_import_status_export(skinseg: Any, project: Path, tiny_folder: Any, tmp_path: Path) -> None:
    first = skinseg("import", project, tiny_folder.masks, "--json")
    data = first.data
    classes = data.pop("classes")
    assert {name for name, row in classes.items() if row["photos"]} == {"background", "hand", "trunk"}
    assert classes["background"]["photos"] == 12
    assert data == {
        "imported": 12,
        "unchanged": 0,
        "refused": [],
        "passed_over": {},
        "doubts": [],
        "values": "class indices",
        "dry_run": False,
    }
    assert skinseg("import", project, tiny_folder.masks, "--json").data["unchanged"] == 12
    status = skinseg("status", project, "--json").data
    assert {key: status[key] for key in ("photos", "labelled", "broken", "served")} == {
        "photos": 12,
        "labelled": 12,
        "broken": 0,
        "served": None,
    }
    assert status["trainer"] == {"state": "stopped", "device": None, "heartbeat_age": None}
    out = tmp_path / "out"
    assert skinseg("export", project, out, "--split", "train", "--json").data["written"] == 8
    for written in sorted(out.rglob("*.png")):
        assert np.array_equal(
            np.asarray(Image.open(written)), np.asarray(Image.open(tiny_folder.masks / written.name))
        )


def test_status_of_a_trainer_with_nothing_to_say(skinseg: Any, project: Path) -> None:
    with Project.open(project) as opened:
        opened.trainer.write_state(pid=1, host="here", state="training", device="cpu", message="")
    assert skinseg("status", project).out.splitlines()[-1] == "trainer: training on cpu"


def test_retrain_says_what_it_did(trained: tuple[Path, str]) -> None:
    data = json.loads(trained[1])
    told = {
        "model",
        "recipe",
        "init",
        "steps",
        "seconds",
        "photos_per_second",
        "served",
        "why",
        "val",
        "messages",
    }
    assert set(data) == told
    assert {"dice9", "dice8", "dice2", "per_class"} <= set(data["val"])
    assert (data["steps"], data["init"], data["served"]) == (30, "scratch", True)
    assert data["photos_per_second"] > 0
    assert data["val"]["dice2"] > 0.5


def test_evaluate(skinseg: Any, trained: tuple[Path, str], tiny_folder: Any) -> None:
    said = skinseg("evaluate", trained[0], "--device", "cpu", "--json")
    assert said.code == 0, said.err
    data = said.data
    assert {"model", "split", "photos", "dice9", "dice8", "dice2", "iou9", "ci95", "per_class"} <= set(data)
    assert (data["split"], data["photos"]) == ("val", 4)
    low, high = data["ci95"]["dice9"]
    assert low <= data["dice9"] <= high
    assert set(data["per_class"]["hand"]) >= {"dice", "iou", "precision", "recall", "photos"}
    told = json.loads(trained[1])["val"]["dice9"]
    assert data["dice9"] == pytest.approx(told, abs=0.02)
    against = skinseg("evaluate", trained[0], "--device", "cpu", "--masks", tiny_folder.masks, "--json").data
    assert against["dice9"] == pytest.approx(data["dice9"], abs=1e-6)


def test_predict_writes_class_indices_and_passes_over_broken_photos(
    skinseg: Any, trained: tuple[Path, str], tiny_folder: Any, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    (photos / "visit").mkdir(parents=True)
    source = tiny_folder.photos / "tiny_09.jpg"
    (photos / "visit" / "a.jpg").write_bytes(source.read_bytes())
    (photos / "torn.jpg").write_bytes(source.read_bytes()[:700])
    out = tmp_path / "out"
    said = skinseg(
        "predict", trained[0], photos, "--out", out, "--probabilities", "--device", "cpu", "--json"
    )
    assert said.code == 0, said.err
    assert (said.data["photos"], said.data["written"]) == (2, 1)
    assert said.data["model"] == json.loads(trained[1])["model"]
    assert said.data["failed"][0]["photo"] == "torn.jpg"
    mask = np.asarray(Image.open(out / "visit" / "a.png"))
    truth = np.asarray(Image.open(tiny_folder.masks / "tiny_09.png"))
    assert mask.shape == truth.shape
    assert mask.dtype == np.uint8
    assert mask.max() <= 8
    assert ((mask > 0) == (truth > 0)).mean() > 0.8
    assert np.asarray(Image.open(out / "visit" / "a.confidence.png")).shape == truth.shape


def test_predict_with_a_model_folder(
    skinseg: Any, trained: tuple[Path, str], tiny_folder: Any, tmp_path: Path
) -> None:
    model = trained[0] / "models" / json.loads(trained[1])["model"]
    said = skinseg(
        "predict", model, tiny_folder.photos / "tiny_00.jpg", "--out", tmp_path, "--device", "cpu", "--json"
    )
    assert (said.code, said.data["written"]) == (0, 1)
    assert (tmp_path / "tiny_00.png").is_file()


def test_predict_says_which_model_and_takes_another(
    skinseg: Any, trained: tuple[Path, str], tiny_folder: Any, tmp_path: Path
) -> None:
    path, first = tmp_path / "study", json.loads(trained[1])["model"]
    shutil.copytree(trained[0], path)
    with Project.open(path) as project:
        second = project.models.new_id()
        shutil.copytree(project.models.get(first).path, project.models.folder(second))
        project.models.add(second, "skinseg", "full")
    photo = tiny_folder.photos / "tiny_00.jpg"

    def predict(out: str, *more: str) -> Any:
        return skinseg("predict", path, photo, "--out", tmp_path / out, "--device", "cpu", *more)

    said = predict("a").out
    assert f"by model {first}, the served one ({second} is newer, but not served)" in said
    said = predict("b", "--model", second).out
    assert f"by model {second}, " in said
    assert "served" not in said
    said = predict("c", "--model", "9999")
    assert said.code == 2
    assert first in said.err


def test_models_lists_the_reason(skinseg: Any, trained: tuple[Path, str]) -> None:
    data = skinseg("models", trained[0], "--json").data
    model = json.loads(trained[1])
    assert data["served"] == model["model"]
    assert data["models"][0]["why"] == model["why"]
    assert model["model"] in skinseg("models", trained[0]).out


def test_doctor_and_backup(skinseg: Any, trained: tuple[Path, str], tmp_path: Path) -> None:
    said = skinseg("doctor", trained[0], "--json")
    assert said.code == 0, said.out
    assert all({"level", "what", "mend"} == set(item) for item in said.data["findings"])
    written = Path(skinseg("backup", trained[0], tmp_path / "safe", "--json").data["backup"])
    assert written.exists()
    assert written.is_relative_to(tmp_path)


def test_history_lists_every_mask_and_goes_back_to_one(skinseg: Any, project: Path) -> None:
    with Project.open(project) as opened:
        photo = opened.photos.probe(opened.photos.ids()[0])
        labels = np.full((photo.height, photo.width), 3, np.uint8)
        provenance = np.full_like(labels, 3)
        before = opened.masks.save(photo.id, labels, provenance, "first", None)
        opened.masks.save(photo.id, np.full_like(labels, 2), provenance, "somebody", before.id)
    said = skinseg("history", project, photo.relpath, "--json").data
    latest = said["revisions"][0]
    assert (latest["annotator"], latest["current"]) == ("somebody", True)
    assert said["revisions"][1]["id"] == before.id
    back = skinseg("history", project, photo.relpath, "--revert", before.id[:8], "--json").data
    assert len(back["revisions"]) == 3
    with Project.open(project) as opened:
        head = opened.masks.head(photo.id)
        assert head is not None
        assert np.array_equal(opened.masks.read(head)[0], labels)
    again = skinseg("history", project, photo.relpath, "--revert", before.id, "--json")
    assert again.code == 0, "the id of a mask that was gone back to before names it still"
    several = skinseg("history", project, photo.relpath, "--revert", before.id[:8])
    assert "more than one mask is called" in several.err
    wrong = skinseg("history", project, photo.relpath, "--revert", "zzz")
    assert wrong.code == 2
    assert "no mask is called zzz" in wrong.err
