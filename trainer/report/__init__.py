"""One HTML page about one model: figures, pictures, and what they do not say. Opens anywhere, asks nobody.

``page`` puts it together from a ``Scorecard``; ``examples`` has the pictures, ``plots`` the drawings,
``words`` the sentences; ``page.html.jinja`` and ``style.css`` say what it looks like.
"""

from trainer.report.examples import Example, examples
from trainer.report.page import render, write_report

__all__ = ["Example", "examples", "render", "write_report"]
