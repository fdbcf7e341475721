"""Bad use and bad input: one line that says what and how to mend it, status 2, never a traceback."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from trainer.cli.checks import check_writable
from trainer.errors import ReadOnlyError
from trainer.project.photos.photos import Photos
from trainer.project.project import Project
from trainer.training.checkpoints import save_checkpoint

if TYPE_CHECKING:
    from pathlib import Path


def refused(said: Any, *words: str) -> None:
    """One line on stderr with these words in it, and nothing on stdout."""
    assert said.code == 2, said
    assert said.out == ""
    line, *rest = said.err.splitlines()
    assert rest == [], said.err
    assert "Traceback" not in line
    for word in words:
        assert word in line, line


def test_unknown_command(skinseg: Any) -> None:
    refused(skinseg("trian", "x"), "trian", "skinseg --help")


def test_missing_argument(skinseg: Any) -> None:
    refused(skinseg("new"), "DIR", "skinseg new --help")


def test_error_as_json(skinseg: Any, tmp_path: Path) -> None:
    said = skinseg("status", tmp_path / "nothing", "--json")
    assert said.code == 2
    assert str(tmp_path / "nothing") in said.data["error"]


def test_missing_photo_folder_leaves_no_half_project(skinseg: Any, tmp_path: Path) -> None:
    refused(skinseg("new", tmp_path / "study", "--photos", tmp_path / "nowhere"), "nowhere")
    assert not (tmp_path / "study").exists()


def test_folder_without_photos_leaves_no_half_project(skinseg: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(skinseg("new", tmp_path / "study", "--photos", tmp_path / "empty"), "no photos", "empty")
    assert not (tmp_path / "study").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind here")
def test_unreadable_photo_folder(skinseg: Any, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o000)
    refused(skinseg("new", tmp_path / "study", "--photos", tmp_path / "closed"), "cannot read", "closed")


def test_a_file_where_a_folder_is_needed(skinseg: Any, tmp_path: Path) -> None:
    (tmp_path / "one.jpg").touch()
    refused(skinseg("new", tmp_path / "study", "--photos", tmp_path / "one.jpg"), "one.jpg", "is a file")


def test_class_file_with_duplicate_names(skinseg: Any, tiny_folder: Any, tmp_path: Path) -> None:
    (tmp_path / "classes.toml").write_text('names = ["skin", "nail", "nail"]\n')
    said = skinseg(
        "new", tmp_path / "s", "--photos", tiny_folder.photos, "--classes", tmp_path / "classes.toml"
    )
    refused(said, "nail", "twice")


def test_group_file_with_a_row_without_photo(skinseg: Any, tiny_folder: Any, tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("photo,group\ntiny_00,a\nnobody,b\n")
    said = skinseg("new", tmp_path / "s", "--photos", tiny_folder.photos, "--groups", tmp_path / "groups.csv")
    refused(said, "nobody", "3")


def test_groups_that_match_no_photo(skinseg: Any, tiny_folder: Any, tmp_path: Path) -> None:
    said = skinseg("new", tmp_path / "s", "--photos", tiny_folder.photos, "--groups", "(patient_[0-9]+)")
    refused(said, "(patient_[0-9]+)", "none of the 12 photos", "such as tiny_")
    assert not (tmp_path / "s").exists()


def test_not_a_project(skinseg: Any, tmp_path: Path) -> None:
    for command in ("status", "doctor", "trainer", "retrain", "evaluate", "models", "annotate"):
        refused(skinseg(command, tmp_path), str(tmp_path))


def test_project_from_a_newer_version(skinseg: Any, project: Path) -> None:
    import sqlite3

    with sqlite3.connect(project / "catalog.sqlite") as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
        assert connection.total_changes == 1
    refused(skinseg("status", project), "newer")


def test_mask_of_another_size_is_refused_by_name(skinseg: Any, project: Path, tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    Image.new("L", (7, 5), 3).save(tmp_path / "masks" / "tiny_00.png")
    said = skinseg("import", project, tmp_path / "masks", "--json")
    assert said.code == 2
    assert said.data["imported"] == 0
    (item,) = said.data["refused"]
    assert "tiny_00.png" in item["file"]
    assert "7" in item["why"]


def test_mask_with_unknown_ids_is_refused_by_name(
    skinseg: Any, project: Path, tiny_folder: Any, tmp_path: Path
) -> None:
    (tmp_path / "masks").mkdir()
    with Image.open(tiny_folder.photos / "tiny_00.jpg") as photo:
        Image.new("L", photo.size, 77).save(tmp_path / "masks" / "tiny_00.png")
    (item,) = skinseg("import", project, tmp_path / "masks", "--json").data["refused"]
    assert "77" in item["why"]


def test_missing_mask_folder(skinseg: Any, project: Path) -> None:
    refused(skinseg("import", project, "nowhere"), "nowhere", "masks")


def test_no_labels_yet(skinseg: Any, project: Path) -> None:
    refused(skinseg("retrain", project), "no labels yet", "skinseg import")


def test_no_model_yet(skinseg: Any, project: Path, tiny_folder: Any) -> None:
    assert skinseg("import", project, tiny_folder.masks).code == 0
    refused(skinseg("evaluate", project), "no model yet", "skinseg retrain")
    refused(skinseg("predict", project, tiny_folder.photos, "--out", project / "out"), "no model yet")
    refused(skinseg("models", project, "rollback"), "model")


def test_no_validation_photos_yet(skinseg: Any, project: Path) -> None:
    refused(skinseg("evaluate", project), "no validation photos", "--masks")


@pytest.mark.parametrize("labels", ["0%", "150%", "many", "-0.5"])
def test_share_of_labels_that_makes_no_sense(skinseg: Any, project: Path, labels: str) -> None:
    refused(skinseg("retrain", project, f"--labels={labels}"), labels, "25%")


def test_a_project_that_cannot_be_written_is_not_trained(
    skinseg: Any, project: Path, tiny_folder: Any
) -> None:
    assert skinseg("import", project, tiny_folder.masks).code == 0
    (project / "trainer.log").mkdir()  # binds an administrator too, unlike permissions
    for command in ("retrain", "trainer"):
        refused(skinseg(command, project, "--device", "cpu"), "trainer.log", "cannot be written", "ask")
    with Project.open(project, read_only=True) as opened, pytest.raises(ReadOnlyError, match="reading only"):
        check_writable(opened)


@pytest.mark.skipif(os.name == "nt", reason="no /dev/null there")
def test_out_that_takes_no_files(skinseg: Any, trained: Any, tiny_folder: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below", "/dev/null/x"):
        refused(skinseg("export", trained[0], out), str(out), "name a folder")
        refused(skinseg("predict", trained[0], tiny_folder.photos, "--out", out), str(out), "name a folder")


def test_unknown_setting_names_the_nearest(skinseg: Any, project: Path) -> None:
    refused(skinseg("retrain", project, "--set", "trainig.lr=1"), "training.lr")
    refused(skinseg("retrain", project, "--set", "lr"), "KEY=VALUE")


@pytest.mark.parametrize(
    ("word", "why"),
    [("lr=-1", "greater than 0"), ("lr=inf", "finite"), ("clip=nan", "finite"), ("batch=1", "must be 2")],
)
def test_a_value_out_of_range_blames_the_option(skinseg: Any, project: Path, word: str, why: str) -> None:
    said = skinseg("retrain", project, "--set", word)
    refused(said, f"--set: the setting 'training.{word.partition('=')[0]}'", why)
    assert "skinseg.toml" not in said.err
    assert "value error" not in said.err


def test_resume_takes_no_other_options(skinseg: Any, trained: Any, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(trained[0], study)
    with Project.open(study) as opened:
        opened.trainer.start_round("early", "batch", "supervised")
        (study / "rounds" / "early").mkdir()
        save_checkpoint(study / "rounds" / "early", {"step": 1})
    words = ("--resume", "--steps", 9, "--set", "lr=1", "--labels", "50%", "--device", "cpu")
    refused(skinseg("retrain", study, *words), "leave out --steps, --set lr=1, --labels", "early")


def test_unknown_action_on_models(skinseg: Any, trained: Any) -> None:
    refused(skinseg("models", trained[0], "delete"), "delete", "rollback")
    refused(skinseg("models", trained[0], "promote", "9999"), "9999")


def test_a_bare_setting_is_that_of_the_recipe(skinseg: Any, trained: Any, tmp_path: Path) -> None:
    words = ("retrain", trained[0], "--device", "cpu", "--init", tmp_path / "nowhere")
    of_recipe = ("--recipe", "adversarial", "--set", "lambda_adv=0")
    refused(skinseg(*words, *of_recipe), "nowhere")  # it got past the settings
    refused(skinseg(*words, "--recipe", "adversarial", "--set", "lamda_adv=1"), "'adversarial.lambda_adv'")
    refused(skinseg(*words, "--recipe", "unet", "--set", "lambda_adv=0"), "not the only one of that name")


def test_pretrained_weights_without_network(skinseg: Any, project: Path, tiny_folder: Any) -> None:
    assert skinseg("import", project, tiny_folder.masks).code == 0
    said = skinseg("retrain", project, "--init", "imagenet", "--encoder", "resnet18", "--device", "cpu")
    refused(said, "resnet18.safetensors", "colorization")
    said = skinseg("retrain", project, "--init", "colorization", "--encoder", "resnet18", "--device", "cpu")
    refused(said, "colorization-resnet18.safetensors", "--init PATH", "skinseg pretrain")


def test_device_that_is_not_there(skinseg: Any, project: Path, tiny_folder: Any) -> None:
    assert skinseg("import", project, tiny_folder.masks).code == 0
    refused(skinseg("retrain", project, "--device", "quantum"), "quantum")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display")
def test_no_display(skinseg: Any, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    refused(skinseg("annotate", project), "display", "--headless")


def test_a_bug_is_one_line_and_status_1(skinseg: Any, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of our own making")

    monkeypatch.setattr(Photos, "counts", fall)
    said = skinseg("status", project, "--json")
    assert said.code == 1
    assert "ZeroDivisionError" in json.loads(said.out)["error"]
    assert len(said.err.strip().splitlines()) == 1


def test_a_long_list_says_how_many_more_there_are(skinseg: Any, project: Path, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    for index in range(23):
        Image.new("L", (2, 2)).save(masks / f"[nobody]_{index:02}.png")
    said = skinseg("import", project, masks)
    lines = said.out.splitlines()
    assert (said.code, len(lines), lines[-1]) == (2, 22, "  and 3 more")
    assert "[nobody]_00" in lines[1]


def test_an_unknown_model_is_told_the_newest(skinseg: Any, project: Path) -> None:
    with Project.open(project) as opened:
        for number in range(1, 8):
            folder = opened.models.folder(f"{number:04}")
            opened.models.add(f"{number:04}", "unet", "full", [], {}, folder)
    refused(skinseg("models", project, "promote", "99"), "it has 0007, 0006, 0005, 0004, 0003 and 2 more")
