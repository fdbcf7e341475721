"""What the SkinSeg dock shows without a project: open one, make one, or try the demo."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QFormLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from trainer.labels.classes import CLASS_SETS
from trainer.networks.published.folder import find_part
from trainer.networks.published.registry import MOBILESAM

CHOICES = (
    ("open", "Open a project …", "A project is a folder that holds skinseg.toml."),
    ("new", "New project …", "Pick the folder with your photos, then where the project should live."),
    ("demo", "Try the demo", "Drawn people, no real photos: label a few and watch the model learn."),
)


class StartPanel(QWidget):
    """Three ways to begin.

    Signals
    -------
    opened(str)
        A project folder was picked.
    made(str, str, str)
        Photos folder, folder of the new project, class set.
    demo()
        The demo was asked for.
    """

    opened = Signal(str)
    made = Signal(str, str, str)
    demo = Signal()

    def __init__(self, *, last: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.last = last
        layout = QVBoxLayout(self)
        layout.addWidget(_words("No project is open."))
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
            layout.addWidget(_words(f"{hint} {_fetched()}".strip() if name == "demo" else hint))
        self.classes = QComboBox()
        self.classes.addItems(list(CLASS_SETS))
        row = QFormLayout()
        row.addRow("classes of a new project", self.classes)
        layout.addSpacing(8)
        layout.addLayout(row)
        self.message = _words("")
        layout.addWidget(self.message)
        layout.addStretch(1)

    def say(self, text: str) -> None:
        """Show a sentence under the buttons."""
        self.message.setText(text)

    def _last(self) -> None:
        self.opened.emit(self.last)

    def _demo(self) -> None:
        self.demo.emit()

    def _open(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Open a SkinSeg project"):
            self.opened.emit(folder)

    def _new(self) -> None:
        photos = QFileDialog.getExistingDirectory(self, "Folder with the photos")
        folder = photos and QFileDialog.getExistingDirectory(self, "Empty folder for the new project")
        if folder:
            self.made.emit(photos, folder, self.classes.currentText())


def _fetched() -> str:
    """A sentence on what the demo fetches; empty where it is at hand."""
    if find_part(MOBILESAM) is not None:
        return ""
    return (
        f"Fetches the weights of MobileSAM meanwhile ({MOBILESAM.megabytes}, licence {MOBILESAM.licence}); "
        "goes on without where there is no internet."
    )


def _words(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label
