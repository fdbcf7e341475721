"""The Trainer dock: the machine's work. One status line, and three pictures that fold away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QSize, Qt, QTimer, Signal
from qtpy.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_skinseg.views.trainer import TrainerView, resolve_trainer
from napari_skinseg.widgets.curves import Curves
from napari_skinseg.widgets.icons import icon, theme_colour
from trainer.project.project import Project

HEIGHT = 190
FOLDED = 50  # no dock of napari is lower
UNLIMITED = 16777215
LONGEST_LINE = 680
LIGHTS = {"good": "#3fb950", "busy": "#4c9be8", "warn": "#e3b617", "off": "#8a8f98"}


class TrainerDock(QWidget):
    """State, curves and buttons of the background trainer.

    Parameters
    ----------
    project : Project
        Read for what is shown; commands go to it as rows.
    annotator : str
        Who presses the buttons.
    start : callable
        Starts the trainer process.
    theme : str, optional
        napari theme for the plots.

    Signals
    -------
    asked(str)
        The person wants ``models`` or ``training``.
    """

    asked = Signal(str)

    def __init__(
        self,
        project: Project,
        annotator: str,
        start: Callable[[], object],
        *,
        theme: str = "dark",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.project, self.annotator = project, annotator
        self.view: TrainerView | None = None
        self._version: int | None = None
        self.light = QLabel()
        self.line, self.decision = QElidingLabel(), QElidingLabel()
        self.decision.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.served = QLabel()
        self.buttons = {
            "start": self._button("Start", "Start the trainer in the background", start),
            "pause": self._button("Pause", "Stop between two steps and wait", lambda: self.order("pause")),
            "resume": self._button("Resume", "Go on where it stopped", lambda: self.order("resume")),
            "train_now": self._button(
                "Train now", "Do not wait for more masks (T)", lambda: self.order("train_now")
            ),
            "stop": self._button("Stop", "End the trainer; nothing is lost", lambda: self.order("stop")),
        }
        self.models = self._button(
            "Models", "All models, and back to an older one", lambda: self.asked.emit("models")
        )
        self.recipe = self._button(
            "Recipe",
            "Which method trains, from which weights, with which settings",
            lambda: self.asked.emit("training"),
        )
        self.fold = self._button("", "Fold the curves away, or show them", self.toggle)
        self.fold.setIconSize(QSize(12, 12))
        self._theme, self._by_hand = theme, False
        self.curves = Curves(project.classes.colours, theme=theme)
        name = QLabel("Trainer")
        bold = name.font()
        bold.setBold(True)
        name.setFont(bold)

        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(name)
        bar.addWidget(self.light)
        bar.addWidget(self.line)
        bar.addWidget(self.served)
        bar.addWidget(self.decision, 1)
        for button in (*self.buttons.values(), self.recipe, self.models, self.fold):
            bar.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(4)
        layout.addLayout(bar)
        layout.addWidget(self.curves, 1)
        self.set_folded(True)

    def _button(self, text: str, tip: str, action: Callable[[], object]) -> Any:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda: action())
        return button

    def sizeHint(self) -> QSize:
        """Qt: low, so that the photo keeps the window."""
        height = FOLDED if self.curves.isHidden() else HEIGHT
        return QSize(super().sizeHint().width(), height)

    def order(self, kind: str) -> None:
        """Write a command for the trainer."""
        self.project.trainer.send(kind, by=self.annotator)

    def toggle(self) -> None:
        """Fold down to the status line, or unfold; from then on only by hand."""
        self._by_hand = True
        self.set_folded(not self.curves.isHidden())
        self.refresh(force=True)

    def set_folded(self, folded: bool) -> None:
        """Show the status line alone, or the curves below it."""
        self.curves.setHidden(folded)
        self.fold.setIcon(icon("chevron_up" if folded else "chevron_down", theme_colour(self._theme, "icon")))
        self.view = None  # what was hidden is drawn again
        QTimer.singleShot(0, self.fit_dock)  # once the layout knows that the curves are gone

    def set_theme(self, theme: str) -> None:
        """Draw everything anew for a napari theme."""
        folded, old = self.curves.isHidden(), self.curves
        self._theme, self.curves = theme, Curves(self.project.classes.colours, theme=theme)
        layout: Any = self.layout()
        layout.replaceWidget(old, self.curves)
        old.hide()
        old.deleteLater()
        self.set_folded(folded)
        self.refresh(force=True)

    def fit_dock(self) -> None:
        """Make the dock as high as what is shown in it."""
        dock: Any = self.parent()
        if not isinstance(dock, QDockWidget):
            return
        folded = self.curves.isHidden()
        height = FOLDED if folded else HEIGHT
        bar: Any = dock.titleBarWidget()
        bar.setVisible(not folded)  # it stands upright here and is taller than one line
        dock.setMinimumHeight(FOLDED if folded else self.minimumSizeHint().height())
        dock.setMaximumHeight(FOLDED if folded else UNLIMITED)
        window: Any = dock.parent()
        window.resizeDocks([dock], [height], Qt.Orientation.Vertical)

    def refresh(self, *, force: bool = False) -> None:
        """Read the project again if something was committed since, or `force` (for the heartbeat's age)."""
        version = self.project.data_version()
        if version == self._version and not force:
            return
        self._version = version
        self.show_view(resolve_trainer(self.project))

    def show_view(self, view: TrainerView) -> None:
        """Present a resolved state; unfold when there is something to draw for the first time."""
        drawable = bool(view.points) or view.round_id is not None
        if not self._by_hand and drawable == self.curves.isHidden():
            self.set_folded(not drawable)
        if self.view is None or view.light != self.view.light:
            self.light.setPixmap(icon("circle", LIGHTS[view.light]).pixmap(12, 12))
        self.light.setToolTip(view.heartbeat)
        self.line.setText(view.line)
        wanted = self.line.fontMetrics().horizontalAdvance(view.line) + 8
        self.line.setFixedWidth(min(wanted, LONGEST_LINE))
        self.line.setToolTip(f"{view.line}\n{view.heartbeat}")
        self.served.setText(view.served)
        self.decision.setText(view.decision)
        self.decision.setToolTip(view.decision)
        shown = {"start"} if not view.running else {"resume" if view.paused else "pause", "train_now", "stop"}
        self.buttons["start"].setText("Restart" if view.died else "Start")
        for name, button in self.buttons.items():
            button.setVisible(name in shown)
        if not self.curves.isHidden():
            self._draw(view)
        self.view = view

    def _draw(self, view: TrainerView) -> None:
        if self.view is None or view.points != self.view.points:
            self.curves.rounds.show_points(view.points)
        if self.view is None or view.classes != self.view.classes:
            self.curves.classes.show_classes(view.classes)
        self.curves.show_work(view.pretext)
        self.curves.start(view.round_id, view.round_number)
        if view.round_id is not None:
            since = self.curves.loss.last_step
            self.curves.add(self.project.trainer.curve(view.round_id, since_step=since))
        self.curves.picture.look(view.panel, view.panel_words(self.curves.loss.last_step))
