"""`skinseg study` as a person uses it."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from trainer.cli.main import main

QUICK = ["--steps", "4", "--seeds", "2", "--device", "cpu"]
for word in ("size=32", "long_side=48", "batch=2", "bn_batches=1"):
    QUICK += ["--set", word]


@pytest.fixture
def skinseg(capfd):
    """Run one command line; its exit status, output and complaints."""

    def run(*words):
        capfd.readouterr()
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return code, out, err

    return run


def test_a_study_from_the_command_line(project, skinseg):
    words = ("study", "default", project.path, "--arms", "supervised,skinseg", "--labels", "50", *QUICK)
    code, out, err = skinseg(*words, "--json")
    assert code == 0, err
    data = json.loads(out)
    assert data["runs"] == {"done": 4, "missing": 0}
    assert {c["claim"] for c in data["claims"]} == {"skinseg beats supervised"}
    assert "4 of 4 runs to do, about" in err
    assert "run 4 of 4 (3 done)" in err
    folder = project.path / "studies" / "default"
    rows = [row for row in csv.DictReader((folder / "results.csv").open()) if row["score"] == "dice9"]
    assert {(row["arm"], row["seed"]) for row in rows} == {
        (arm, seed) for arm in ("supervised", "skinseg") for seed in "01"
    }
    assert json.loads((folder / "claims.json").read_text()) == data["claims"]
    assert "| undecided: 3 seeds needed at least |" in (folder / "table.md").read_text()
    ET.parse(folder / "plot.svg")
    shown, plain, _ = skinseg("study", "default", project.path, "--show")
    assert shown == 0
    assert "skinseg beats supervised: undecided: 3 seeds needed at least" in " ".join(plain.split())
    again, _, err = skinseg(*words)
    assert again == 0
    assert "0 of 4 runs to do" in err
    files = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    refused, _, err = skinseg(*words, "--encoder", "foo")
    assert refused == 2, err
    assert "there is no encoder named 'foo'" in err
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == files
    assert not (folder / "earlier").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("surogate",), "did you mean 'surrogate'?"),
        (("default", "--arms", "skinsg"), "did you mean 'skinseg'?"),
        (("default", "--labels", "0"), "--labels 0%: give a share of the labels above 0"),
        (("default", "--labels", "101"), "above 0 and up to 100%"),
        (("default", "--labels", ","), "give a share"),
        (("default", "--scale", "litteral"), "did you mean 'literal'?"),
        (("default", "--split", "train"), "use test or val"),
        (("default", "--set", "training.sise=3"), "did you mean 'training.size'?"),
        (("default", "--set", "lr=-1"), "lr"),
        (("default", "--seeds", "0"), "--seeds"),
        (("default", "--show"), "start it with skinseg study default"),
        (("default", "--device", "gpu"), "none of auto, cuda, mps, cpu"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(project, skinseg, words, expected):
    code, _, err = skinseg("study", words[0], project.path, *words[1:])
    assert code == 2, err
    line = " ".join(err.split())
    assert expected in line
    assert "Traceback" not in err


def test_dask_that_is_not_there_is_said_in_one_line(project, skinseg):
    try:
        import distributed  # noqa: F401
    except ImportError:
        code, _, err = skinseg("study", "default", project.path, "--dask", "tcp://127.0.0.1:1", *QUICK)
        assert code == 2
        assert "napari-skinseg[distributed]" in err
    else:
        pytest.skip("dask.distributed is installed")


LISTENS = """
import signal, sys
from trainer.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""
"""`skinseg`, also where whoever started the tests has made them deaf to Ctrl-C (as a shell does with `&`)."""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a POSIX signal here")
def test_ctrl_c_says_how_it_goes_on(project):
    words = [sys.executable, "-P", "-c", LISTENS, "study", "default", str(project.path), "--json"]
    words += ["--arms", "supervised", "--labels", "50", *QUICK, "--steps", "3000"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert any(" run 1 of " in line for line in process.stderr)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "the same command goes on" in err
    assert "goes on" in json.loads(out)["error"]


@pytest.mark.slow
def test_two_processes_share_a_study(project):
    words = [sys.executable, "-P", "-m", "trainer", "study", "default", str(project.path)]
    words += ["--arms", "supervised", "--labels", "50,100", *QUICK, "--steps", "30"]
    both = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate(timeout=200)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    began = [re.findall(r" run (\d) of 4", text) for text in errors]
    assert sorted({*began[0], *began[1]}) == ["1", "2", "3", "4"]
    assert all(began), "one did it all alone"
    done = list((project.path / "studies" / "default" / "runs").glob("*.json"))
    assert len(done) == 4


def test_a_list_of_arms_without_a_name_is_told_what_there_is(skinseg, project):
    code, _, err = skinseg("study", "default", project.path, "--arms", ",")
    assert code == 2
    assert "names none: default has supervised, skinseg, consistency" in " ".join(err.split())
