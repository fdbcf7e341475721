"""Log file of the trainer, in the project's folder."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from trainer.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path

BYTES, FILES = 1_000_000, 3


class _LogFile(RotatingFileHandler):
    """A log that goes without a line that the disk does not take, as a full one."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing of what the disk refuses: whoever works on it says that it is full."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def log_to(project: Path) -> Path:
    """Send what this package logs to `trainer.log`, which is kept from growing; return its path.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    path = project / "trainer.log"
    try:
        handler = _LogFile(path, maxBytes=BYTES, backupCount=FILES, encoding="utf-8")
    except OSError as error:
        raise ProjectError(
            f"{path}: cannot be written: {error.strerror}; ask for write permission on it"
        ) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("trainer")
    logger.setLevel(logging.INFO)
    for old in [h for h in logger.handlers if isinstance(h, RotatingFileHandler)]:
        logger.removeHandler(old)
        old.close()
    logger.addHandler(handler)
    return path
