"""The SkinSeg dock without a project: open one, make one, or try the demo."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from napari_skinseg.session import projects
from napari_skinseg.widgets.elements import wrapped_label
from napari_skinseg.widgets.project_maker import ProjectMaker
from trainer.networks.published.folder import find_whole
from trainer.networks.published.registry import MOBILESAM

CHOICES = (
    ("open", "Open a project …", "A folder that was made as a project before."),
    ("new", "New project …", "Photos, classes, groups, and the masks there are already, in one form."),
    ("demo", "Try the demo", "Drawn people, no real photos: label a few and watch the model learn."),
)


class StartPanel(QWidget):
    """Three ways to begin.

    Signals
    -------
    opened(str)
        A project folder was picked, or the demo's is ready.
    new()
        A new project was asked for.
    remarked(str)
        Something that a project made here does without, one line.
    """

    opened = Signal(str)
    new = Signal()
    remarked = Signal(str)

    def __init__(self, *, last: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.last = last
        self.maker = ProjectMaker(self)
        self.maker.made.connect(self._demo_made)
        self.maker.failed.connect(self._demo_ended)
        self.maker.remarked.connect(self.remarked)
        layout = QVBoxLayout(self)
        layout.addWidget(wrapped_label("No project is open."))
        self.buttons = {}
        again = (("last", f"Go on with {Path(last).name}", last),) if last else ()
        for name, title, hint in (*again, *CHOICES):
            button = QPushButton(title)
            button.setMinimumHeight(32)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(getattr(self, f"_{name}"))
            self.buttons[name] = button
            layout.addSpacing(8)
            layout.addWidget(button)
            layout.addWidget(wrapped_label(f"{hint} {_fetched()}".strip() if name == "demo" else hint))
        self.message = wrapped_label("")
        layout.addWidget(self.message)
        layout.addStretch(1)

    def say(self, text: str) -> None:
        """Show a sentence under the buttons."""
        self.message.setText(text)

    def _last(self) -> None:
        self.opened.emit(self.last)

    def _demo(self) -> None:
        self.say("preparing …")
        self.setEnabled(False)
        self.maker.run(projects.demo)

    def _demo_made(self, path: str) -> None:
        self._demo_ended("")
        self.opened.emit(path)

    def _demo_ended(self, problem: str) -> None:
        self.setEnabled(True)
        self.say(problem)

    def _open(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Open a SkinSeg project"):
            self.opened.emit(folder)

    def _new(self) -> None:
        self.new.emit()


def _fetched() -> str:
    """Sentence on what the demo fetches; empty where it is at hand."""
    if find_whole(MOBILESAM) is not None:
        return ""
    return (
        f"Fetches the weights of MobileSAM meanwhile ({MOBILESAM.megabytes}, licence {MOBILESAM.licence}); "
        "goes on without where there is no internet."
    )
