"""The row of digits chooses classes on boards where digits need Shift."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QCoreApplication, QEvent, Qt
from qtpy.QtGui import QGuiApplication, QKeyEvent
from qtpy.QtWidgets import QWidget

from napari_skinseg.widgets.digit_row import FIRST_KEY, DigitRow, digit_of

KEY = Qt.Key


@pytest.mark.parametrize(
    ("platform", "code", "key", "digit"),
    [
        ("xcb", 10, KEY.Key_Ampersand, 1),
        ("xcb", 13, KEY.Key_Apostrophe, 4),
        ("windows", 11, KEY.Key_Agrave, 0),
        ("xcb", 13, KEY.Key_4, None),
        ("xcb", 17, KEY.Key_BracketLeft, None),
        ("xcb", 24, KEY.Key_A, None),
        ("cocoa", 13, KEY.Key_Apostrophe, None),
    ],
)
def test_only_a_sign_in_the_row_of_digits_is_a_digit(platform, code, key, digit):
    assert digit_of(platform, code, key) == digit


class Board(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.typed = []

    def keyPressEvent(self, event) -> None:
        self.typed.append((event.key(), event.text()))


def test_the_bare_key_of_a_french_board_is_the_digit_on_it(qtbot):
    first = FIRST_KEY.get(QGuiApplication.platformName())
    if first is None:
        pytest.skip("this platform does not number the keys")
    board = Board()
    qtbot.addWidget(board)
    DigitRow(board)
    for modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier):
        event = QKeyEvent(QEvent.Type.KeyPress, KEY.Key_Apostrophe, modifiers, first + 3, 0, 0, "'")
        QCoreApplication.sendEvent(board, event)
    assert board.typed == [(KEY.Key_4, "4"), (KEY.Key_Apostrophe, "'")]
