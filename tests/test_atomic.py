"""Write-then-replace and did-you-mean."""

from __future__ import annotations

import threading

import pytest

from trainer.atomic import replacing, write_bytes, write_text
from trainer.spelling import closest, did_you_mean


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path, durable):
    path = tmp_path / "table.md"
    write_text(path, "old", durable)
    write_text(path, "größer", durable)
    assert path.read_text(encoding="utf-8") == "größer"
    write_bytes(path, b"\0\1", durable)
    assert path.read_bytes() == b"\0\1"
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.md"]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "model.json"
    write_text(path, "old")

    def fail() -> None:
        with replacing(path) as partial:
            partial.write_text("half")
            assert path.read_text() == "old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.json"]


def test_threads_that_write_one_file_do_not_mix(tmp_path):
    path = tmp_path / "panel.png"
    contents = [bytes([number]) * 200_000 for number in range(8)]
    threads = [threading.Thread(target=write_bytes, args=(path, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert [entry.name for entry in tmp_path.iterdir()] == ["panel.png"]


def test_a_misspelt_name_is_answered_with_the_nearest_or_with_all():
    assert did_you_mean("skinsegg", ["skinseg", "unet"]) == "did you mean 'skinseg'?"
    assert did_you_mean("xyz", ["skinseg", "unet"]) == "there are skinseg, unet"
    assert closest("unett", ["unet"], cutoff=0.75) == "unet"
    assert closest("abcd", ["unet"], cutoff=0.75) is None
