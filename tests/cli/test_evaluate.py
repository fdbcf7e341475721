"""`skinseg evaluate`: what it prints, its JSON, its page, and what it refuses before it begins."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CPU = ("--device", "cpu")


def test_it_prints_little(skinseg: Any, trained: tuple[Path, str]) -> None:
    said = skinseg("evaluate", trained[0], *CPU)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert len(lines) < 16
    assert re.search(r"4 photos in 4 groups: Dice 0\.\d+ \(95 % 0\.\d+ to ", lines[0])
    assert "skin or not" in said.out
    assert "within 2 px" in said.out
    assert "no score, on no photo: uncertain, face" in said.out
    assert not any(line.startswith("face") for line in lines), "a class nobody saw takes no line"


def test_json_holds_all_of_it(skinseg: Any, trained: tuple[Path, str]) -> None:
    data = skinseg("evaluate", trained[0], *CPU, "--mode", "isic", "--json").data
    assert set(data["ci95"]) >= {"dice9", "dice8", "dice2", "dice2_sum", "iou9", "nsd", "hd95", "ece"}
    assert set(data["parity"]) == {"ja", "di", "ac", "se", "sp"}
    assert len(data["photo_scores"]) == 4
    assert {part["kind"] for part in data["parts"]["shows"]} <= {"hand", "trunk"}
    assert len(data["reliability"]["accuracy"]) == 15
    assert sum(sum(row) for row in data["confusion"]) > 4 * 96 * 96 * 0.9


def test_counting_as_a_source_does(skinseg: Any, trained: tuple[Path, str]) -> None:
    said = skinseg("evaluate", trained[0], *CPU, "--mode", "keras_dice")
    assert said.code == 0, said.err
    assert "as keras_dice counts" in said.out
    assert re.search(r"^keras_dice +[01]\.\d\d\d", said.out, re.MULTILINE)


def test_a_page_that_holds_everything_it_needs(
    skinseg: Any, trained: tuple[Path, str], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    said = skinseg("evaluate", trained[0], *CPU, "--report", page, "--json")
    assert said.code == 0, said.err
    assert said.data["report"] == str(page)
    html = page.read_text(encoding="utf-8")
    assert html.count("data:image/jpeg;base64,") == 4 * 3, "two photos best, two worst"
    assert "http" not in re.sub(r"http-equiv", "", html)
    assert "<script" not in html
    assert f"{said.data['dice9']:.2f}" in html
    assert "study · " in html
    os.unlink(page)
    seen = skinseg("access", trained[0], "--json").data["entries"]
    assert {line["how"] for line in seen} == {"report"}, "whose pictures are in a page stands in the log"
    without = skinseg("evaluate", trained[0], *CPU, "--report", page, "--pictures", "0", "--show-sensitive")
    assert f"Report: {page}" in without.out
    assert "data:image" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--mode", "kaggle"), "use default, isic, keras_dice or smp_batch_iou"),
        (("--report", "."), "is a folder"),
        (("--report", "nowhere/page.html"), "there is no folder"),
    ],
)
def test_what_it_refuses(
    skinseg: Any, trained: tuple[Path, str], tmp_path: Path, monkeypatch: Any, words: Any, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said = skinseg("evaluate", trained[0], *CPU, *words)
    assert said.code == 2
    assert why in said.err
    assert len(said.err.strip().splitlines()) == 1
