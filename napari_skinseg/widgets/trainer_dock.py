"""The Trainer dock: one status line, and plots that fold away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, QTimer, Signal
from qtpy.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QMainWindow, QSizePolicy, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_skinseg.views.trainer import TrainerView, resolve_trainer
from napari_skinseg.widgets.elements import button, set_bold
from napari_skinseg.widgets.icons import icon, theme_colour
from trainer.project.privacy.sensitive import hides
from trainer.project.states import CommandKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtGui import QHideEvent, QShowEvent

    from napari_skinseg.widgets.curves import Curves
    from trainer.project.project import Project

HEIGHT = 190
FOLDED = 50  # no dock of napari is lower
UNLIMITED = 16777215
LONGEST_LINE, SHORTEST_LINE = 680, 48
LIGHTS = {"good": "#3fb950", "busy": "#4c9be8", "warn": "#e3b617", "off": "#8a8f98"}


class TrainerDock(QWidget):
    """State, curves and buttons of the background trainer.

    Parameters
    ----------
    project : Project
        Read for what is shown; commands go to it as rows.
    annotator : str
        Name on the commands.
    start : callable
        Starts the trainer process.
    theme : str, optional
        napari theme for the plots.

    Signals
    -------
    asked(str)
        The tab ``models``, ``training`` or ``honesty`` is wanted.
    seen(bool)
        The dock is in sight, or closed or behind another.
    """

    asked = Signal(str)
    seen = Signal(bool)

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
        self.line, self.served, self.decision = QElidingLabel(), QElidingLabel(), QElidingLabel()
        self.decision.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for words in (self.line, self.served):
            words.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
            words.setMinimumWidth(SHORTEST_LINE)
        self.buttons = {
            "start": button("Start", "Start the trainer in the background", start),
            CommandKind.PAUSE: button(
                "Pause", "Stop between two steps and wait", lambda: self.send(CommandKind.PAUSE)
            ),
            CommandKind.RESUME: button(
                "Resume", "Go on where it stopped", lambda: self.send(CommandKind.RESUME)
            ),
            CommandKind.TRAIN_NOW: button(
                "Train now", "Do not wait for more masks (T)", lambda: self.send(CommandKind.TRAIN_NOW)
            ),
            CommandKind.STOP: button(
                "Stop", "End the trainer; nothing is lost", lambda: self.send(CommandKind.STOP)
            ),
        }
        self.models = button(
            "Models", "All models, and back to an older one", lambda: self.asked.emit("models")
        )
        self.honesty = button(
            "How good?",
            "How good the suggestions really are, by what was saved",
            lambda: self.asked.emit("honesty"),
        )
        self.recipe = button(
            "Recipe",
            "Which method trains, from which weights, with which settings",
            lambda: self.asked.emit("training"),
        )
        self.fold = button("", "Fold the curves away, or show them", self.toggle)
        self.fold.setIconSize(QSize(12, 12))
        self._theme = theme
        self._curves: Curves | None = None
        self.folded = True
        self._lay_out()
        self.set_folded(True)

    @property
    def curves(self) -> Curves:
        """The curves, made when they are first unfolded: no first photo waits for pyqtgraph."""
        if self._curves is None:
            from napari_skinseg.widgets.curves import Curves

            self._curves = Curves(self.project.classes.colours, theme=self._theme)
            self._curves.setHidden(self.folded)
            layout = self.layout()
            assert isinstance(layout, QVBoxLayout)
            layout.addWidget(self._curves, 1)
        return self._curves

    def _lay_out(self) -> None:
        name = QLabel("Trainer")
        set_bold(name)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(name)
        bar.addWidget(self.light)
        for words, stretch in ((self.line, 100_000), (self.served, 300), (self.decision, 1)):
            bar.addWidget(words, stretch)  # each gets what those before it leave
        for part in (*self.buttons.values(), self.recipe, self.models, self.honesty, self.fold):
            bar.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(4)
        layout.addLayout(bar)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Qt: say that the dock is in sight."""
        super().showEvent(event)
        self.seen.emit(True)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Qt: say that it is not, unless the whole window is away."""
        super().hideEvent(event)
        if event is not None and not event.spontaneous():
            self.seen.emit(False)

    def sizeHint(self) -> QSize:
        """Qt: low, so that the photo keeps the window."""
        height = FOLDED if self.folded else HEIGHT
        return QSize(super().sizeHint().width(), height)

    def send(self, kind: CommandKind) -> None:
        """Write a command for the trainer."""
        self.project.trainer.send(kind, by=self.annotator)

    def toggle(self) -> None:
        """Fold down to the status line, or unfold: nothing but a hand does."""
        self.set_folded(not self.folded)
        self.refresh(force=True)

    def set_folded(self, folded: bool) -> None:
        """Show the status line alone, or the curves below it."""
        self.folded = folded
        if self._curves is not None or not folded:
            self.curves.setHidden(folded)
        self.fold.setIcon(icon("chevron_up" if folded else "chevron_down", theme_colour(self._theme, "icon")))
        self.view = None  # draws again what changed while it was hidden
        QTimer.singleShot(0, self.fit_dock)  # once the layout knows that the curves are gone

    def set_theme(self, theme: str) -> None:
        """Draw everything in the colours of a napari theme."""
        self._theme, old, self._curves = theme, self._curves, None
        layout = self.layout()
        if old is not None and layout is not None:
            layout.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.set_folded(self.folded)
        self.refresh(force=True)

    def fit_dock(self) -> None:
        """Make the dock as high as what is shown in it."""
        dock = self.parent()
        if not isinstance(dock, QDockWidget):
            return
        folded = self.folded
        height = FOLDED if folded else HEIGHT
        if (title_bar := dock.titleBarWidget()) is not None:
            title_bar.setVisible(not folded)  # it stands upright here and is taller than one line
        dock.setMinimumHeight(FOLDED if folded else self.minimumSizeHint().height())
        dock.setMaximumHeight(FOLDED if folded else UNLIMITED)
        window = dock.parent()
        if isinstance(window, QMainWindow):
            window.resizeDocks([dock], [height], Qt.Orientation.Vertical)

    def refresh(self, *, force: bool = False) -> None:
        """Read the project again if something was committed since, or `force` (for the heartbeat's age)."""
        version = self.project.data_version()
        if version == self._version and not force:
            return
        self._version = version
        self.show_view(resolve_trainer(self.project))

    def show_view(self, view: TrainerView) -> None:
        """Present a resolved state."""
        if self.view is None or view.light != self.view.light:
            self.light.setPixmap(icon("circle", LIGHTS[view.light]).pixmap(12, 12))
        self.light.setToolTip(view.heartbeat)
        self.line.setText(view.line)
        self.line.setToolTip("\n".join(filter(None, (view.line, view.exact, view.heartbeat))))
        self.served.setText(view.served)
        self.served.setToolTip(view.served)
        for words, longest in ((self.line, LONGEST_LINE), (self.served, UNLIMITED)):
            wanted = words.fontMetrics().horizontalAdvance(words.text()) + 8
            words.setMaximumWidth(min(wanted, longest))
            words.setMinimumWidth(min(wanted, SHORTEST_LINE))
        self.decision.setText(view.decision)
        self.decision.setToolTip(view.decision)
        shown = (
            {"start"}
            if not view.running
            else {
                CommandKind.RESUME if view.paused else CommandKind.PAUSE,
                CommandKind.TRAIN_NOW,
                CommandKind.STOP,
            }
        )
        self.buttons["start"].setText("Restart" if view.died else "Start")
        for name, shown_button in self.buttons.items():
            shown_button.setVisible(name in shown)
        if not self.folded:
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
        self.curves.picture.hides = hides(self.project)
        self.curves.picture.look(view.picture, view.picture_caption(self.curves.loss.last_step))
