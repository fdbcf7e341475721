"""A slice of the fuzzer: damaged files and rows end in a result or in one line of words."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUZZ = ROOT / "tools" / "fuzz.py"


@pytest.mark.skipif(not FUZZ.is_file(), reason="needs the sources, not the wheel alone")
def test_two_thousand_damaged_inputs_lead_to_no_traceback_and_no_hang(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("fuzz", FUZZ)
    assert spec is not None
    assert spec.loader is not None
    fuzz = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = fuzz
    spec.loader.exec_module(fuzz)
    found = fuzz.run(2_000, seed=2, place=tmp_path)
    assert found.inputs >= 1_990
    assert found.refused > 400
    assert not found.wrong, next(iter(found.wrong.items()))
