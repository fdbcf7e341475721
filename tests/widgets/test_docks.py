"""What the widgets show and what a click does, one by one."""

from __future__ import annotations

import os
import socket

import numpy as np
import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QApplication, QLabel, QWidget
from workbench import make_project, predict, rest, serve, until

from napari_skinseg.views.annotate import class_rows, resolve_annotate
from napari_skinseg.views.trainer import ClassDice, RoundPoint
from napari_skinseg.widgets.annotate_dock import AnnotateDock
from napari_skinseg.widgets.brush_tools import BrushTools
from napari_skinseg.widgets.chart import readable
from napari_skinseg.widgets.class_chart import ClassChart
from napari_skinseg.widgets.icons import theme_colour
from napari_skinseg.widgets.key_help import KeyHelp
from napari_skinseg.widgets.live_chart import LossChart
from napari_skinseg.widgets.models_tab import ModelsTab
from napari_skinseg.widgets.palette_table import EYE, LOCK, NAME, PaletteTable
from napari_skinseg.widgets.queue_tab import QueueTab
from napari_skinseg.widgets.review_tab import ReviewTab
from napari_skinseg.widgets.round_chart import RoundChart
from napari_skinseg.widgets.settings_tab import SettingsTab
from napari_skinseg.widgets.trainer_dock import FOLDED, TrainerDock
from napari_skinseg.widgets.word_table import WordTable
from trainer.labels.classes import CLASS_SETS
from trainer.project.states import PhotoState
from trainer.settings.toml_file import change_settings, load_settings

SKIN = CLASS_SETS["skin9"]


@pytest.fixture
def palette(qtbot) -> PaletteTable:
    table = PaletteTable()
    qtbot.addWidget(table)
    table.show_rows(class_rows(SKIN, 4, locked={3}))
    return table


def click(qtbot, table, row: int, column: int) -> None:
    place = table.visualRect(table.model().index(row, column)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_the_palette_shows_every_class_without_scrolling(palette, qtbot):
    palette.resize(280, palette.height())
    palette.show()
    model = palette.palette_model
    assert [model.index(row, NAME).data() for row in range(10)] == [*SKIN.names, "not labelled (eraser)"]
    assert palette.viewport().height() >= sum(palette.rowHeight(row) for row in range(10))
    backgrounds = [model.index(row, NAME).data(Qt.ItemDataRole.BackgroundRole) for row in range(10)]
    assert [row for row, brush in enumerate(backgrounds) if brush is not None] == [3]


def test_a_click_on_a_row_picks_its_class(palette, qtbot):
    with qtbot.waitSignal(palette.picked) as picked:
        click(qtbot, palette, 5, NAME)
    assert picked.args == [6]
    with qtbot.waitSignal(palette.picked) as picked:
        click(qtbot, palette, 9, EYE)
    assert picked.args == [0]


def test_eye_and_lock_ask_for_the_opposite(palette, qtbot):
    with qtbot.waitSignal(palette.seen) as seen:
        click(qtbot, palette, 0, EYE)
    assert seen.args == [1, False]
    with qtbot.waitSignal(palette.locked) as locked:
        click(qtbot, palette, 2, LOCK)
    assert locked.args == [3, False]


def test_tools_follow_the_layer_and_set_it(session, qtbot):
    layer = session.annotation_layer
    layer.opacity = 0.4
    tools = BrushTools(session)
    qtbot.addWidget(tools)
    assert not tools.isEnabled()
    tools.follow(layer)
    assert (tools.brush.value(), tools.opacity.value()) == (session.brush_size, 40)
    tools.brush.setValue(31)
    qtbot.mouseClick(tools.buttons["fill"], Qt.MouseButton.LeftButton)
    assert (session.brush_size, str(layer.mode)) == (31, "fill")
    layer.mode = "paint"
    layer.opacity = 0.75
    assert tools.buttons["paint"].isChecked()
    assert not tools.buttons["fill"].isChecked()
    assert tools.opacity.value() == 75
    tools.follow(None)
    layer.brush_size = 5
    assert tools.brush.value() == 31


@pytest.fixture
def panel(session, qtbot) -> AnnotateDock:
    panel = AnnotateDock(session)
    qtbot.addWidget(panel)
    panel.show_view(resolve_annotate(session))
    return panel


def test_no_button_takes_the_keyboard_from_the_photo(panel):
    buttons = (
        panel.buttons.accept,
        panel.buttons.save,
        panel.buttons.skip,
        panel.buttons.flag,
        panel.buttons.back,
        *panel.tools.buttons.values(),
    )
    assert {button.focusPolicy() for button in buttons} == {Qt.FocusPolicy.NoFocus}
    assert panel.classes.focusPolicy() == Qt.FocusPolicy.NoFocus


def test_a_click_on_the_palette_reaches_the_session_and_comes_back(panel, session, qtbot):
    click(qtbot, panel.classes, 6, NAME)
    assert session.selected_class == 7
    panel.show_view(resolve_annotate(session))
    assert panel.classes.palette_model.rows[6].selected
    click(qtbot, panel.classes, 6, LOCK)
    assert session.locked == {7}


def test_no_tool_is_lit_while_another_layer_is_active(panel, session, qtbot):
    paint, layers = panel.tools.buttons["paint"], session.viewer.layers
    assert paint.isChecked()
    layers.selection.active = session.photo_layer
    panel.show_view(resolve_annotate(session))
    assert not paint.isChecked()
    qtbot.mouseClick(paint, Qt.MouseButton.LeftButton)
    panel.show_view(resolve_annotate(session))
    assert paint.isChecked()
    assert layers.selection.active is session.annotation_layer
    assert str(session.annotation_layer.mode) == "paint"


def test_a_double_click_leaves_one_photo(panel, session, qtbot):
    until(session, lambda: len(session._navigator.waiting.ready) > 1)
    first, second = session.current.photo.id, session._navigator.waiting.ready[0].id
    session.annotation_layer.fill((1, 1), 3)
    qtbot.mouseClick(panel.buttons.accept, Qt.MouseButton.LeftButton)
    session.annotation_layer.fill((1, 1), 3)
    qtbot.mouseClick(panel.buttons.accept, Qt.MouseButton.LeftButton)
    rest(session)
    assert session.current.photo.id == second != first


def test_a_held_f_types_nothing_into_the_note(panel, session, qtbot):
    panel.show()
    panel.buttons.ask_note()
    for _ in range(5):
        held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_F, Qt.KeyboardModifier.NoModifier, "f", True)
        QApplication.sendEvent(panel.buttons.note, held)
    assert panel.buttons.note.text() == ""
    qtbot.keyClicks(panel.buttons.note, "fuzzy")
    assert panel.buttons.note.text() == "fuzzy"


def test_skip_opens_another_photo(panel, session, qtbot):
    first = session.current.photo.id
    qtbot.mouseClick(panel.buttons.skip, Qt.MouseButton.LeftButton)
    until(session, lambda: session.current is not None and session.current.photo.id != first)


def test_a_flag_takes_a_note_in_place(panel, session, project, qtbot):
    flagged = session.current.photo.id
    session.ask_for_note()
    assert not panel.buttons.note.isHidden()
    qtbot.keyClicks(panel.buttons.note, "blurred")
    qtbot.keyClick(panel.buttons.note, Qt.Key.Key_Return)
    assert panel.buttons.note.isHidden()
    until(session, lambda: project.photos.get(flagged).state == "flagged")
    assert "blurred" in str(project.events.latest(20))


def test_a_note_half_written_is_not_for_the_next_photo(panel, session, project, qtbot):
    photo = session.current.photo.id
    panel.buttons.ask_note()
    qtbot.keyClicks(panel.buttons.note, "blur")
    session.skip()
    until(session, lambda: session.current is None or session.current.photo.id != photo)
    assert panel.buttons.note.isHidden()
    assert panel.buttons.note.text() == ""


def test_escape_closes_the_note_and_flags_nothing(panel, session, project, qtbot):
    opened = session.current.photo.id
    panel.buttons.ask_note()
    qtbot.keyClicks(panel.buttons.note, "no")
    qtbot.keyClick(panel.buttons.note, Qt.Key.Key_Escape)
    assert panel.buttons.note.isHidden()
    assert session.current.photo.id == opened


def test_without_photos_the_dock_offers_to_add_some(tmp_path, open_session, qtbot):
    with make_project(tmp_path, photos=0) as project:
        session = open_session(project)
        session.open_next()
        until(session, lambda: "no photos yet" in session.status)
        panel = AnnotateDock(session)
        qtbot.addWidget(panel)
        panel.show_view(resolve_annotate(session))
        assert panel.sentence.text() == "no photos yet: add a folder of photos"
        assert not panel.add.isHidden()
        assert not panel.buttons.accept.isEnabled()
        with qtbot.waitSignal(panel.asked) as asked:
            qtbot.mouseClick(panel.add, Qt.MouseButton.LeftButton)
        assert asked.args == ["add"]
        session.close()


def test_the_key_table_is_made_from_the_bindings(session, qtbot):
    table = KeyHelp(session.bindings())
    qtbot.addWidget(table)
    assert not table.isModal()
    assert [line[1] for line in table.lines] == [binding[1] for binding in session.bindings()]
    shown = " ".join(label.text() for label in table.findChildren(QLabel))
    assert "accept the rest, save, next" in shown
    assert "dots mean background" in shown


def test_words_stand_where_there_is_nothing_to_draw(qtbot):
    for chart in (RoundChart(SKIN.colours), LossChart(), ClassChart()):
        qtbot.addWidget(chart)
        chart.reveal(False)
        assert chart.stack.currentWidget() is chart.empty
        assert chart.empty.text()


def test_the_round_plot_draws_gaps_and_hollow_points(qtbot):
    chart = RoundChart(SKIN.colours)
    qtbot.addWidget(chart)
    scores = tuple(0.5 for _ in SKIN.names)
    chart.show_points(
        [RoundPoint("0001", 0.5, scores, True), RoundPoint("0002", 0.4, (None, *scores[1:]), False)]
    )
    assert chart.stack.currentWidget() is chart.plot
    assert list(chart.macro.yData) == [0.5, 0.4]
    assert np.isnan(chart.thin[0].yData[1])
    brushes = [point.brush().style() for point in chart.macro.scatter.points()]
    assert brushes == [Qt.BrushStyle.SolidPattern, Qt.BrushStyle.NoBrush]


def test_the_loss_grows_and_begins_anew_with_the_round(qtbot):
    chart = LossChart()
    qtbot.addWidget(chart)
    chart.start("a", 1)
    chart.add({"loss": [(1, 2.0), (2, 1.5)]})
    chart.add({"loss": [(2, 1.5), (3, 1.25)]})
    assert list(chart.lines["loss"].xData) == [1, 2, 3]
    assert (chart.last_step, chart.title.text()) == (3, "error, round 1: 1.25")
    chart.start("b", 2)
    chart.add({})
    assert chart.last_step == 0
    assert chart.stack.currentWidget() is chart.empty


def test_class_bars_carry_number_and_arrow(qtbot):
    chart = ClassChart()
    qtbot.addWidget(chart)
    chart.show_classes([ClassDice("hand", "#0072ff", 0.81, 0.03), ClassDice("foot", "#00d0a0", None, None)])
    assert [item.toPlainText() for item in chart.numbers] == ["0.81 ▲", "not seen"]


def test_dark_class_colours_are_lightened_until_they_can_be_seen():
    assert readable("#3b4252", "#f0f1f2").lightnessF() > 0.3
    assert readable("#ffd400", "#f0f1f2").name() == "#ffd400"


@pytest.fixture
def trainer(project, qtbot) -> TrainerDock:
    started = []
    panel = TrainerDock(project, "ann", lambda: started.append(1))
    panel.started = started
    qtbot.addWidget(panel)
    panel.refresh()
    return panel


def shown(panel: TrainerDock) -> set[str]:
    return {name for name, button in panel.buttons.items() if not button.isHidden()}


def say(project, **fields) -> None:
    project.trainer.write_state(pid=os.getpid(), host=socket.gethostname(), **fields)


def test_a_stopped_trainer_offers_to_start(trainer, qtbot):
    assert shown(trainer) == {"start"}
    qtbot.mouseClick(trainer.buttons["start"], Qt.MouseButton.LeftButton)
    assert trainer.started == [1]


def test_buttons_write_commands_that_the_trainer_reads(trainer, project, qtbot):
    say(project, state="training", device="cpu", step=1, steps=9)
    trainer.refresh()
    assert shown(trainer) == {"pause", "train_now", "stop"}
    qtbot.mouseClick(trainer.buttons["pause"], Qt.MouseButton.LeftButton)
    assert [(c.kind, c.by) for c in project.trainer.pending()] == [("pause", "ann")]
    say(project, state="paused")
    trainer.refresh()
    assert shown(trainer) == {"resume", "train_now", "stop"}


def test_the_status_line_is_not_cut_before_the_reason(trainer, project):
    serve(project, "0001")
    project.trainer.start_round("r1", "fast", "skinseg")
    fields = {
        "device": "cuda:0",
        "lane": "fast",
        "round": "r1",
        "step": 180,
        "steps": 300,
        "seconds_left": 9.0,
    }
    say(project, state="training", **fields)
    trainer.resize(1400, 180)
    trainer.show()
    trainer.refresh()
    line = trainer.line
    assert line.text() == "quick training 1 · 9 s left · step 180 of 300 · cuda:0"
    assert line.width() >= line.fontMetrics().horizontalAdvance(line.text())


def test_curves_arrive_while_a_round_runs(trainer, project):
    trainer.toggle()
    project.trainer.start_round("r1", "fast", "skinseg")
    say(project, state="training", round="r1", step=2, steps=9)
    for step in (1, 2):
        project.trainer.log_curve("r1", step, {"loss": 2.0 / step})
    trainer.refresh()
    assert list(trainer.curves.loss.lines["loss"].yData) == [2.0, 1.0]


def test_a_quiet_project_is_not_read_again(trainer):
    view = trainer.view
    trainer.refresh()
    assert trainer.view is view
    trainer.refresh(force=True)
    assert trainer.view is not view


def test_the_trainer_is_one_line_until_a_hand_unfolds_it(trainer, project):
    serve(project, "0001")
    trainer.refresh()
    assert trainer.curves.isHidden()
    assert trainer.sizeHint().height() == FOLDED
    trainer.toggle()
    assert not trainer.curves.isHidden()
    assert trainer.sizeHint().height() <= 200


def test_a_hand_that_folded_the_curves_is_obeyed(trainer, project):
    serve(project, "0001")
    trainer.refresh()
    trainer.toggle()
    trainer.toggle()
    trainer.refresh(force=True)
    assert trainer.curves.isHidden()
    project.trainer.start_round("r1", "fast", "skinseg")
    for step in (1, 2):
        project.trainer.log_curve("r1", step, {"loss": 2.0 / step})
    trainer.refresh()
    trainer.toggle()
    assert list(trainer.curves.loss.lines["loss"].yData) == [2.0, 1.0]


def test_the_plots_follow_the_theme(trainer, project):
    serve(project, "0001")
    trainer.refresh()
    trainer.toggle()
    trainer.set_theme("light")
    assert trainer.curves.loss.ink == theme_colour("light", "text")
    assert not trainer.curves.isHidden()


def test_models_are_promoted_and_rolled_back(project, session, qtbot):
    serve(project, "0001")
    serve(project, "0002")
    panel = ModelsTab(project, "ann", session.accepted)
    qtbot.addWidget(panel)
    assert [panel.table.item(row, 0).text() for row in range(2)] == ["● 2", "1"]
    assert not panel.promote.isEnabled()
    panel.table.selectRow(1)
    qtbot.mouseClick(panel.promote, Qt.MouseButton.LeftButton)
    assert project.models.served().id == "0001"
    qtbot.mouseClick(panel.rollback, Qt.MouseButton.LeftButton)
    assert project.models.served().id == "0002"
    assert panel.table.item(0, 0).text() == "● 2"


def test_what_was_accepted_from_a_bad_model_is_listed_and_put_back(project, open_session, qtbot):
    serve(project, "0001")
    serve(project, "0002")
    photo_id = project.photos.ids()[0]
    predict(project, photo_id, "0002", 2)
    session = open_session(project)
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None)
    session.accept_and_next()
    until(session, lambda: session.saving == 0)
    assert project.photos.get(photo_id).state == PhotoState.LABELLED
    panel = ModelsTab(project, "ann", session.accepted)
    qtbot.addWidget(panel)
    assert not panel.masks.isEnabled()
    panel.table.selectRow(0)
    qtbot.mouseClick(panel.masks, Qt.MouseButton.LeftButton)
    dialog = panel.dialog
    until(session, lambda: dialog.table.rowCount() == 1)
    assert dialog.notice.text() == "1 mask holds what model 2 proposed and nobody painted."
    assert dialog.table.item(0, 3).text() == "100%"
    qtbot.mouseClick(dialog.put_back, Qt.MouseButton.LeftButton)
    until(session, lambda: "in the queue again" in dialog.notice.text())
    assert project.photos.get(photo_id).state == PhotoState.PART
    assert len(project.masks.history(photo_id)) == 2, "the mask as it was is kept"
    panel.table.selectRow(1)
    qtbot.mouseClick(panel.masks, Qt.MouseButton.LeftButton)
    until(session, lambda: "No mask holds" in panel.dialog.notice.text())
    assert not panel.dialog.put_back.isEnabled()


def test_without_models_there_are_words(project, session, qtbot):
    panel = ModelsTab(project, "ann", session.accepted)
    qtbot.addWidget(panel)
    assert "No model yet" in panel.notice.text()
    assert panel.table.isHidden()
    assert not panel.rollback.isEnabled()


def test_a_double_click_in_the_queue_opens_that_photo(session, qtbot):
    panel = QueueTab(session)
    qtbot.addWidget(panel)
    assert panel.table.rowCount() > 0
    wanted = session.queue_head(9)[-1].photo_id
    panel.table.opened.emit(wanted)
    until(session, lambda: session.current is not None and session.current.photo.id == wanted)


def test_what_was_flagged_is_found_again_with_its_note(session, qtbot):
    flagged, done = session.current.photo.id, None
    session.flag("wrong patient")
    until(session, lambda: session.current is not None)
    done = session.current.photo.id
    session.annotation_layer.fill((5, 5), 3)
    session.accept_and_next()
    until(session, lambda: not session.saving)
    panel = ReviewTab(session)
    qtbot.addWidget(panel)
    until(session, lambda: panel.table.rowCount() == 1)
    assert panel.table.item(0, 1).text().endswith(session.annotator)
    pick(panel.states, "flagged")
    until(session, lambda: panel.table.item(0, 1).text() == "wrong patient")
    panel.table.opened.emit(flagged)
    until(session, lambda: session.current is not None and session.current.photo.id == flagged)
    pick(panel.states, "cannot be read")
    until(session, lambda: panel.table.rowCount() == 0)
    assert panel.notice.text() == "Every photo that was opened could be read."
    assert done != flagged


def pick(box, text):
    box.setCurrentText(text)
    box.activated.emit(box.currentIndex())


def test_a_table_that_fits_shows_whole_rows_only(qtbot):
    table = WordTable(("a", "b"), stretch=1, fits=True)
    qtbot.addWidget(table)
    table.resize(200, 120)
    table.show()
    table.show_rows([(n, (str(n), "x")) for n in range(20)])
    visible = [row for row in range(20) if not table.isRowHidden(row)]
    assert 0 < len(visible) < 5
    assert sum(table.rowHeight(row) for row in visible) <= table.viewport().height()


def test_settings_are_written_where_the_trainer_reads_them(project, qtbot):
    panel = SettingsTab(project)
    qtbot.addWidget(panel)
    assert panel.forms["queue"].fields["random_share"].value == 0.2
    panel.forms["queue"].fields["random_share"].enter(0.5)
    panel.forms["window"].fields["brush_size"].enter(40)
    qtbot.mouseClick(panel.save, Qt.MouseButton.LeftButton)
    assert panel.notice.text().startswith("Saved")
    written = load_settings(project.path / "skinseg.toml")
    assert (written.queue.random_share, written.window.brush_size) == (0.5, 40)


def test_a_setting_that_makes_no_sense_is_refused_in_place(project, qtbot):
    before = (project.path / "skinseg.toml").read_bytes()
    panel = SettingsTab(project)
    qtbot.addWidget(panel)
    field = panel.forms["queue"].fields["random_share"]
    field.enter(1.5)
    assert field.problem == "must be a number, 0 to 1"
    assert not field.complaint.isHidden()
    qtbot.mouseClick(panel.save, Qt.MouseButton.LeftButton)
    assert panel.notice.text() == "Not saved: part by chance: must be a number, 0 to 1"
    assert (project.path / "skinseg.toml").read_bytes() == before


def test_what_another_program_wrote_meanwhile_is_kept(project, qtbot):
    panel = SettingsTab(project)
    qtbot.addWidget(panel)
    change_settings(project.path / "skinseg.toml", {"window": {"prefetch": 5}})
    panel.forms["window"].fields["brush_size"].enter(40)
    panel.write()
    window = load_settings(project.path / "skinseg.toml").window
    assert (window.prefetch, window.brush_size) == (5, 40)


def test_a_table_without_room_for_a_row_has_no_header(qtbot):
    table = WordTable(("next up", "why"), stretch=1, fits=True)
    qtbot.addWidget(table)
    table.resize(280, 200)
    table.show()
    header = table.horizontalHeader()
    assert header.isHidden()
    table.show_rows([(1, ("arm_00.jpg", "random")), (2, ("arm_01.jpg", "random"))])
    assert not header.isHidden()
    table.resize(280, 30)
    assert header.isHidden()
    table.resize(280, header.sizeHint().height() + 30)
    assert not header.isHidden()
    assert [table.isRowHidden(row) for row in range(2)] == [False, True]


def test_a_table_without_a_row_shows_no_box(qtbot):
    ground = QWidget()
    ground.setStyleSheet("QWidget { background: #123456; } QTableView { background: #abcdef; }")
    qtbot.addWidget(ground)
    table = WordTable(("next up", "why"), stretch=1, fits=True, parent=ground)
    table.show_rows([(1, ("arm_00.jpg", "random"))])
    ground.resize(280, 100)
    ground.show()

    def colour_at_the_end() -> str:
        return ground.grab().toImage().pixelColor(5, table.height() - 2).name()

    table.resize(280, 100)
    assert colour_at_the_end() == "#abcdef"
    table.resize(280, 30)
    assert colour_at_the_end() == "#123456"
