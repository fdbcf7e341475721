"""The command line as a function, for tests of several packages."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from trainer.cli.main import main


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    @property
    def error(self) -> str:
        """The one line of bad input."""
        assert self.code == 2, self.out + self.err
        assert len(self.err.strip().splitlines()) == 1
        return self.err.strip()


Skinseg = Callable[..., Said]


@pytest.fixture
def skinseg(capfd: pytest.CaptureFixture[str]) -> Skinseg:
    """Run one command line in this process."""

    def run(*words: object) -> Said:
        capfd.readouterr()
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Said(code, out, err)

    return run
