"""A form: the parameters of a function as questions, and the function as a job of a worker thread."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast, get_type_hints

from magicgui.widgets import Container, FileEdit, Label, PushButton, Widget, create_widget
from napari.qt.threading import create_worker
from napari.utils import progress
from napari.utils.notifications import show_error, show_info, show_warning
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QLabel, QMainWindow, QSizePolicy

from napari_skinseg.session.job import Job, Outcome

if TYPE_CHECKING:
    from psygnal import SignalInstance

POLL_MS = 100
NOTICES = {"info": show_info, "warning": show_warning, "error": show_error}

Work = Callable[..., Outcome]
Then = Callable[[Path], str]


class Question(Protocol):
    """A widget that holds an answer; magicgui's file pickers are none of its value widgets."""

    value: Any
    visible: bool
    changed: SignalInstance


class Form(Container[Widget]):
    """The questions of a function, a button that runs it in a thread, and the line it ends with.

    Parameters
    ----------
    work
        Called with a `Job` and the answers. Each parameter behind the job is a question: its annotation
        makes the widget (`Annotated` with options of magicgui), one without a default must be answered.
    action
        The words on the button.
    about
        A sentence above the questions.
    then
        Called on the main thread with the project that holds more than before; returns what there is to
        say about that, or nothing.
    closes
        Hide the dock of the form when it is done.
    **given
        Answers to begin with; those without a question are left out.
    """

    def __init__(
        self,
        work: Work,
        action: str,
        about: str,
        then: Then | None = None,
        closes: bool = False,
        **given: object,
    ) -> None:
        self.work, self.then, self.closes = work, then, closes
        self.job: Job | None = None
        self._bar: Any = None
        self._worker: Any = None
        self.required = [name for name, item in _questions(work) if item.default is inspect.Parameter.empty]
        self.questions = [_widget(work, name, item, given) for name, item in _questions(work)]
        self.run_button = PushButton(text=action)
        self.cancel_button = PushButton(text="Cancel", enabled=False)
        self.message = Label(value="")
        buttons = Container[Widget](
            widgets=[self.run_button, self.cancel_button], layout="horizontal", labels=False
        )
        buttons.margins = (0, 6, 0, 0)
        self.box = Container[Widget](widgets=self.questions)
        self.box.margins = (0, 0, 0, 0)
        above = Label(value=about)
        super().__init__(widgets=[above, self.box, buttons, self.message], labels=False)
        for label in (above, self.message):
            _wrap(label)
        self.native.layout().addStretch(1)
        self.native.setMinimumHeight(1)  # else a window without room below its docks grows off the screen
        self.clock = QTimer(self.native)
        self.clock.setInterval(POLL_MS)
        self.clock.timeout.connect(self._poll)
        self.run_button.changed.connect(self.start)
        self.cancel_button.changed.connect(self.cancel)
        self.native.destroyed.connect(self._closed)
        self.settling = QTimer(self.native)
        self.settling.setSingleShot(True)
        self.settling.timeout.connect(self._settle)
        self.native_parent_changed.connect(lambda _: self.settling.start(0))

    def question(self, name: str) -> Question:
        """Return the widget of a question."""
        return cast("Question", self.box[name])

    def answer(self, **answers: object) -> None:
        """Fill questions in."""
        for name, value in answers.items():
            self.question(name).value = value

    def start(self) -> None:
        """Run the work with the answers there are, or say which one is missing."""
        answers = {widget.name: _value(widget) for widget in self.questions}
        for widget in self.questions:
            if widget.name in self.required and answers[widget.name] in (None, ""):
                self._tell(Outcome(f"{widget.label}: fill this in first", level="error"))
                return
        work = self.work
        self.job = Job(lambda job: work(job, **answers))
        self._bar = progress(total=0, desc=self.run_button.text)
        self._set_busy(True)
        self.message.value = "working …"
        worker = self._worker = create_worker(self.job.run)
        self.job.aborted = lambda: bool(worker.abort_requested)
        self._worker.returned.connect(self._finish)
        self._worker.start()
        self.clock.start()

    def cancel(self) -> None:
        """Ask the work to end."""
        if self.job is not None:
            self.job.cancel()
            self.cancel_button.enabled = False
            self.message.value = "cancelling …"

    @property
    def busy(self) -> bool:
        """Whether the work runs."""
        return self.job is not None

    def _poll(self) -> None:
        if self.job is None or not self.cancel_button.enabled:
            return
        what, done, total = self.job.progress
        if what:
            self.message.value = f"{what}: {done:,}" + (f" of {total:,}" if total else "")
            self._bar.set_description(what)
            if total and self._bar.total != total:
                self._bar.reset(total=total)
            if total:
                self._bar.update(done - self._bar.n)

    def _finish(self, outcome: Outcome) -> None:
        if self.job is None:  # the form was closed meanwhile
            return
        self.job = self._worker = None
        self.clock.stop()
        self._bar.close()
        self._set_busy(False)
        remark = self.then(outcome.project) if self.then is not None and outcome.project is not None else ""
        self._tell(outcome, remark[:1].upper() + remark[1:])
        if self.closes and outcome.project is not None and not remark:
            self.native.parent().hide()

    def _tell(self, outcome: Outcome, remark: str = "") -> None:
        """Show an outcome in the form, and as a notification of one line."""
        self.message.value = "\n".join(outcome.lines() + ([remark] if remark else []))
        NOTICES[outcome.level](f"{outcome.line} {remark}".strip())

    def _set_busy(self, busy: bool) -> None:
        self.box.enabled = self.run_button.enabled = not busy
        self.cancel_button.enabled = busy

    def _settle(self) -> None:
        """Take a tab beside the docks of its side: below them there is no room on a small screen."""
        dock, window = self.native.parent(), self.native.window()
        if isinstance(dock, QDockWidget) and isinstance(window, QMainWindow):
            area = window.dockWidgetArea(dock)
            beside = [
                other
                for other in window.findChildren(QDockWidget)
                if other is not dock
                and window.dockWidgetArea(other) == area
                and not (other.isHidden() or other.isFloating())
            ]
            if beside and dock not in window.tabifiedDockWidgets(beside[0]):
                window.tabifyDockWidget(beside[0], dock)
                dock.raise_()
        self._align()

    def _align(self) -> None:
        """Make the labels equally wide; magicgui measures them without the style of the window."""
        labels = self.box.native.findChildren(QLabel)
        for label in labels:
            label.ensurePolished()
        widest = max((label.sizeHint().width() for label in labels), default=0)
        for label in labels:
            label.setMinimumWidth(widest)

    def _closed(self, *_: object) -> None:
        job, self.job = self.job, None
        if job is not None:
            job.cancel()
            self._bar.close()


def _questions(work: Work) -> Iterator[tuple[str, inspect.Parameter]]:
    """Parameters of the work behind the job."""
    items = iter(inspect.signature(work).parameters.items())
    next(items)
    return items


def _widget(work: Work, name: str, item: inspect.Parameter, given: dict[str, object]) -> Widget:
    hint = get_type_hints(work, include_extras=True)[name]
    value = given.get(name) or (None if item.default is inspect.Parameter.empty else item.default)
    widget = create_widget(annotation=hint, name=name)
    if value is not None:
        widget.value = value  # type: ignore[attr-defined]
    if isinstance(widget, FileEdit):
        widget.choose_btn.text = "…"
        widget.choose_btn.tooltip = "Choose in a dialog"
        widget.choose_btn.max_width = 36
        if item.default is None:
            widget.line_edit.native.setPlaceholderText("optional")
    return widget


def _value(widget: Any) -> object:
    value = widget.value
    return value.expanduser().absolute() if isinstance(value, Path) else value


def _wrap(label: Label) -> None:
    label.native.setWordWrap(True)
    label.native.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.native.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
