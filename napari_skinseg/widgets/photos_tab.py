"""All photos as a tab: searched and filtered, with small pictures. A double click opens one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from napari_skinseg.widgets.elements import bare_box, choice, wrapped_label
from napari_skinseg.widgets.filter_line import TYPING_MS, search_line
from napari_skinseg.widgets.photo_list import SPLITS, STATE_WORDS, PhotoList, PhotoListModel
from trainer.project.queue.search import PhotoFilter
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from napari_skinseg.session.session import AnnotationSession


class PhotosTab(QWidget):
    """Every photo of the project, by name, state, split, annotator, class, group and rank."""

    def __init__(self, session: AnnotationSession, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.text, self.group = search_line("Part of a name"), search_line("Part of a group")
        self.states = choice("any state", ((word, state) for state, word in STATE_WORDS.items()))
        self.splits = choice("any use", SPLITS)
        self.annotators = choice("anybody", ())
        names = session.project.classes.names
        self.classes = choice("any class", ((name, index) for index, name in enumerate(names)))
        self.order = choice("as added", (("most useful first", True),))
        self.notice = wrapped_label()
        self.model = PhotoListModel(session, self)
        self.list = PhotoList(self.model)
        self.list.opened.connect(session.open_photo)
        self.bare = bare_box(session.history.hides, self.model.show_bare)
        self.model.progressed.connect(self._say)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self.refresh)
        for line in (self.text, self.group):
            line.textEdited.connect(lambda _: self._pause.start(TYPING_MS))
        filters = QGridLayout()
        for place, box in enumerate((self.states, self.splits, self.annotators, self.classes)):
            box.activated.connect(lambda _: self.refresh())
            filters.addWidget(box, 1 + place // 2, place % 2)
        self.order.activated.connect(lambda _: self.refresh())
        filters.addWidget(self.text, 0, 0, 1, 2)
        filters.addWidget(self.group, 3, 0)
        filters.addWidget(self.order, 3, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(filters)
        layout.addWidget(self.notice)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.bare)
        self.refresh()

    @property
    def wanted(self) -> PhotoFilter:
        """What is asked for now."""
        return PhotoFilter(
            text=self.text.text().strip(),
            state=PhotoState(state) if (state := self.states.currentData()) else None,
            split=self.splits.currentData(),
            annotator=self.annotators.currentData(),
            group=self.group.text().strip() or None,
            class_index=self.classes.currentData(),
            by_rank=bool(self.order.currentData()),
        )

    def refresh(self) -> None:
        """Search again."""
        self.session.browser.annotators(self._offer)
        self.notice.setText("Searching…")
        self.model.search(self.wanted)

    def _offer(self, names: list[str]) -> None:
        known = {self.annotators.itemData(place) for place in range(self.annotators.count())}
        for name in names:
            if name not in known:
                self.annotators.addItem(name, name)

    def _say(self) -> None:
        found, model = self.model.rowCount(), self.model
        if model.at_end:
            some = f"{found:,} photo{'s' if found != 1 else ''}; double click opens one"
            self.notice.setText(some if found else "No photo is like that.")
        elif model.share < 1:
            self.notice.setText(f"{found:,} found in {model.share:.0%} of the project; scroll for more")
        else:
            self.notice.setText(f"The first {found:,}; scroll for more")
