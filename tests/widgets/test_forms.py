"""The forms for photos and masks, in a real window, on real projects."""

from __future__ import annotations

import threading

import numpy as np
from PIL import Image
from qtpy.QtCore import Qt
from workbench import make_project, write_photo

from napari_skinseg.session.job import Job, Outcome
from napari_skinseg.widgets.forms.form import Form
from napari_skinseg.widgets.forms.mask_forms import export_masks, import_masks
from napari_skinseg.widgets.forms.photo_forms import FROM_FILE, more_photos, new_project
from napari_skinseg.widgets.workspace import open_workspace, show_first_photo, show_project
from trainer.project.project import Project


def draw_masks(project_folder, masks, value=3, larger=0):
    """Write a mask of one class for each photo of a project."""
    masks.mkdir()
    with Project.open(project_folder) as project:
        for photo_id in project.photos.ids():
            height, width = project.photos.read(photo_id).shape[:2]
            name = project.photos.get(photo_id).relpath.replace(".jpg", ".png")
            Image.fromarray(np.full((height + larger, width), value, np.uint8)).save(masks / name)


def test_new_project_takes_classes_groups_and_masks_and_opens(press, six_photos, tmp_path):
    draw_masks(six_photos, tmp_path / "masks", value=1)
    rows = [f"arm_{n:02},visit{n // 2},{'val' if n > 3 else 'train'}" for n in range(6)]
    (tmp_path / "groups.csv").write_text("\n".join(["photo,group,split", *rows]))
    dock = open_workspace(press.viewer)
    form = new_project(lambda path: show_project(press.viewer, path), tmp_path)
    level, line = press(
        form,
        name="fresh",
        photos=tmp_path / "photos",
        classes="lesion",
        groups=tmp_path / "groups.csv",
        masks=tmp_path / "masks",
    )
    made = tmp_path / "fresh"
    assert (level, line) == (
        "info",
        f"Made {made} with 6 photos. Masks: 6 imported, 0 unchanged, 0 refused.",
    )
    assert dock.session is not None
    assert dock.project.path == made
    assert dock.project.classes.name == "lesion"
    assert dock.project.photos.counts().by_split == {"train": (4, 4), "val": (2, 2), "test": (0, 0)}
    assert form.native.parent().isHidden()
    dock.dispose()


def test_new_project_in_a_window_that_shows_another_says_so(press, six_photos, tmp_path, qtbot):
    dock = open_workspace(press.viewer, six_photos, "ann")
    form = new_project(lambda path: show_project(press.viewer, path), tmp_path)
    _, line = press(form, name="fresh", photos=tmp_path / "photos")
    assert f"Made {tmp_path / 'fresh'} with 6 photos. This window shows {six_photos}" in line
    assert dock.project.path == six_photos
    dock.dispose()


def test_new_project_with_classes_from_a_file(press, six_photos, tmp_path):
    (tmp_path / "mine.toml").write_text('name = "mine"\nnames = ["rest", "nail"]\n')
    form = new_project(place=tmp_path)
    press.viewer.window.add_dock_widget(form)
    press.viewer.window._qt_window.show()
    assert not form.box["class_file"].visible
    assert press(form, name="a", photos=tmp_path / "photos", classes=FROM_FILE)[0] == "error"
    assert form.box["class_file"].visible
    assert press(form, class_file=tmp_path / "mine.toml")[0] == "info"
    with Project.open(tmp_path / "a") as project:
        assert project.classes.names == ("rest", "nail")


def test_new_project_refuses_in_one_line_and_leaves_nothing_behind(press, six_photos, tmp_path):
    form = new_project(place=tmp_path)
    assert press(form) == ("error", "name: fill this in first")
    assert press(form, name="fresh") == ("error", "photos: fill this in first")
    level, line = press(form, photos=tmp_path / "nowhere")
    assert level == "error"
    assert line.startswith(f"no folder {tmp_path / 'nowhere'}: check the spelling")
    (tmp_path / "empty").mkdir()
    assert "no photos here" in press(form, photos=tmp_path / "empty")[1]
    photos = tmp_path / "photos"
    assert "there is no such groups file" in press(form, photos=photos, groups=tmp_path / "g.csv")[1]
    assert "no masks here" in press(form, groups=None, masks=tmp_path / "empty")[1]
    assert not (tmp_path / "fresh").exists()
    assert "there is a project here already" in press(form, name=six_photos.name, masks=None)[1]
    assert "is not empty" in press(form, name="photos")[1]
    assert press(form, name="fresh")[0] == "info"


def test_new_project_keeps_the_photos_when_masks_do_not_fit(press, six_photos, tmp_path):
    draw_masks(six_photos, tmp_path / "masks", larger=1)
    form = new_project(place=tmp_path)
    level, line = press(form, name="fresh", photos=tmp_path / "photos", masks=tmp_path / "masks")
    assert level == "warning"
    assert "with 6 photos. Masks: 0 imported, 0 unchanged, 6 refused. refused arm_00.png: has 80 × 61" in line
    assert line.endswith("(and 5 more)")
    with Project.open(tmp_path / "fresh") as project:
        assert project.photos.counts().photos == 6


def test_add_photos_to_the_open_project_and_go_on(press, tmp_path, qtbot):
    with make_project(tmp_path, photos=0) as empty:
        path = empty.path
    dock = open_workspace(press.viewer, path, "ann")
    assert dock.session.current is None
    write_photo(tmp_path / "photos" / "new_one.jpg", 1)
    form = more_photos(lambda path: show_first_photo(press.viewer, path), path)
    assert press(form, photos=tmp_path / "photos") == ("info", "1 new photos, 1 in all.")
    qtbot.waitUntil(lambda: dock.session.current is not None, timeout=15000)
    assert press(form)[1] == "0 new photos, 1 in all."
    dock.dispose()


def test_add_photos_refuses_in_one_line(press, six_photos, tmp_path):
    form = more_photos()
    assert press(form, photos=tmp_path / "photos") == ("error", "project: fill this in first")
    assert "is no project" in press(form, project=tmp_path)[1]
    assert "no folder" in press(form, project=six_photos, photos=tmp_path / "nowhere")[1]
    assert press(form, photos=tmp_path / "photos")[0] == "info"


def test_import_masks_counts_what_came(press, six_photos, tmp_path):
    draw_masks(six_photos, tmp_path / "masks")
    form = import_masks(project=six_photos)
    assert press(form, masks=tmp_path / "masks", annotator="eva") == (
        "info",
        "6 imported, 0 unchanged, 0 refused.",
    )
    with Project.open(six_photos) as project:
        assert {project.masks.head(photo).annotator for photo in project.photos.ids()} == {"eva"}
    assert press(form)[1] == "0 imported, 6 unchanged, 0 refused."


def test_import_masks_of_the_wrong_size_is_one_line(press, six_photos, tmp_path):
    draw_masks(six_photos, tmp_path / "large", larger=4)
    form = import_masks(project=six_photos)
    level, line = press(form, masks=tmp_path / "large")
    assert level == "error"
    assert line.startswith("0 imported, 0 unchanged, 6 refused. refused arm_00.png: has 80 × 64 pixels")
    assert len(form.message.value.splitlines()) == 7
    draw_masks(six_photos, tmp_path / "masks")
    assert press(form, masks=tmp_path / "masks")[0] == "info"


def test_import_masks_with_other_ids(press, six_photos, tmp_path):
    draw_masks(six_photos, tmp_path / "masks", value=128)
    form = import_masks(project=six_photos)
    assert "say what others mean with ids" in press(form, masks=tmp_path / "masks")[1]
    (tmp_path / "ids.csv").write_text("128,hand\n")
    assert press(form, ids=tmp_path / "ids.csv")[1] == "6 imported, 0 unchanged, 0 refused."


def test_export_masks_says_where_they_lie(press, six_photos, tmp_path):
    draw_masks(six_photos, tmp_path / "masks")
    press(import_masks(project=six_photos), masks=tmp_path / "masks")
    form = export_masks(project=six_photos)
    out = tmp_path / "out"
    assert press(form, out=out) == ("info", f"6 masks in {out}.")
    assert len(list(out.glob("*.png"))) == 6
    level, line = press(form)
    assert level == "error"
    assert line == f"{out}: is not an empty folder; name a new one for the masks"
    assert press(form, out=tmp_path / "groups", file_format="ngff")[0] == "info"
    assert len(list((tmp_path / "groups").glob("*.zarr"))) == 6


def test_a_project_that_cannot_be_written_takes_nothing(press, six_photos, tmp_path, monkeypatch):
    draw_masks(six_photos, tmp_path / "masks")
    opened = Project.open
    monkeypatch.setattr(Project, "open", lambda path, read_only=False: opened(path, read_only=True))
    for form, answers in (
        (more_photos(project=six_photos), {"photos": tmp_path / "photos"}),
        (import_masks(project=six_photos), {"masks": tmp_path / "masks"}),
    ):
        level, line = press(form, **answers)
        assert level == "error"
        assert "for reading only" in line
    assert press(export_masks(project=six_photos), out=tmp_path / "out") == (
        "info",
        f"0 masks in {tmp_path / 'out'}. no photo here has a mask yet: there is nothing to export; "
        "label some first",
    )


def test_cancelled_work_ends_and_the_window_lives_meanwhile(press, told, qtbot):
    begun, turns = threading.Event(), []

    def endless(job: Job) -> Outcome:
        count = job.counter("photos")
        for done in range(100_000):
            begun.set()
            count(done)
            threading.Event().wait(0.005)
        return Outcome("done")

    form = Form(endless, "Run", "Never ends.")
    press.viewer.window.add_dock_widget(form)
    press.viewer.window._qt_window.show()
    form.start()
    qtbot.waitUntil(lambda: begun.is_set() and form.message.value.startswith("photos: "), timeout=10000)
    form.run_button.native.clicked.connect(lambda: turns.append(1))
    qtbot.mouseClick(form.run_button.native, Qt.MouseButton.LeftButton)
    assert not turns, "the button is disabled while the work runs"
    qtbot.mouseClick(form.cancel_button.native, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not form.busy, timeout=10000)
    assert told[0][0] == "warning"
    assert told[0][1].startswith("Cancelled after photos ")
    assert form.run_button.enabled


def test_a_form_closed_while_it_works_ends_the_work(press, told, qtbot):
    ended = threading.Event()

    def endless(job: Job) -> Outcome:
        count = job.counter("photos")
        try:
            while True:
                count(1)
                threading.Event().wait(0.005)
        finally:
            ended.set()

    form = Form(endless, "Run", "Never ends.")
    press.viewer.window.add_dock_widget(form)
    form.start()
    press.viewer.window.remove_dock_widget(form.native)
    form.native.deleteLater()
    qtbot.waitUntil(ended.is_set, timeout=10000)
    qtbot.wait(200)
    assert told == []


def test_import_masks_of_one_thing_wants_to_know_its_class(press, six_photos, tmp_path):
    draw_masks(six_photos, tmp_path / "masks", value=255)
    form = import_masks(project=six_photos)
    level, line = press(form, masks=tmp_path / "masks")
    assert level == "error"
    assert "all its 6 masks hold only 255" in line
    assert "say which with binary CLASS" in line
    level, line = press(form, binary="hand", dry_run=True)
    assert (level, line) == ("info", "6 would be imported, 0 unchanged, 0 refused; nothing was written.")
    assert "hand: 6 photos" in form.message.value
    assert "100.0%" in form.message.value
    assert press(form, dry_run=False)[1] == "6 imported, 0 unchanged, 0 refused."
