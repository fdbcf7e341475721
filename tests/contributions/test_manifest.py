"""The plugin as napari finds it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from npe2 import PluginManager, PluginManifest

import napari_skinseg
from napari_skinseg.session import projects
from napari_skinseg.widgets.workspace import WorkspaceDock

NAME = "napari-skinseg"
FORMS = ("New project", "Add photos", "Import masks", "Export masks", "Evaluate", "Predict a folder")


@pytest.fixture(scope="module")
def manifest() -> PluginManifest:
    return PluginManifest.from_distribution(NAME)


def test_the_manifest_lies_in_the_package_and_shows_at_the_root():
    package = Path(str(files(napari_skinseg))) / "napari.yaml"
    assert package.is_file()
    assert not package.is_symlink()
    assert (package.parent.parent / "napari.yaml").read_text() in (
        package.read_text(),
        "napari_skinseg/napari.yaml",  # a checkout that turns symlinks into text
    )


def test_every_command_can_be_imported(manifest):
    manifest.validate_imports()
    assert manifest.display_name == "SkinSeg"


def test_the_workspace_comes_first_and_the_forms_after_it(manifest):
    assert [widget.display_name for widget in manifest.contributions.widgets] == ["Open workspace", *FORMS]


def test_napari_opens_the_workspace_as_a_plugin_without_its_name(make_napari_viewer, manifest):
    plugins = PluginManager.instance()
    if NAME not in plugins:
        plugins.register(manifest)
    viewer = make_napari_viewer()
    _, dock = viewer.window.add_plugin_dock_widget(NAME)
    assert isinstance(dock, WorkspaceDock)
    assert dock.stack.currentWidget() is dock.start


def test_samples_are_offered_and_open(make_napari_viewer, manifest):
    plugins = PluginManager.instance()
    if NAME not in plugins:
        plugins.register(manifest)
    assert len(manifest.contributions.sample_data) >= 1
    viewer = make_napari_viewer()
    photo, labels = viewer.open_sample(NAME, manifest.contributions.sample_data[0].key)
    assert photo.data.shape[:2] == labels.data.shape
    assert 0 < labels.data.max() <= 9


def test_preferences_have_titles_and_are_read(manifest, plugin_settings, npe2pm):
    properties = manifest.contributions.configurations["window"].properties
    assert all(setting.title for setting in properties.values())
    npe2pm.register(manifest)
    from napari.settings import get_plugin_settings

    get_plugin_settings(NAME).window.annotator = "dr who"
    assert projects.annotator_name() == "dr who"
    projects.remember(Path("/somewhere"))
    assert get_plugin_settings(NAME).window.last_project == "/somewhere"


def test_the_plugin_does_not_load_torch():
    import subprocess
    import sys

    code = (
        "import sys, napari_skinseg.widgets.workspace\n"
        "import napari_skinseg.contributions.reader, napari_skinseg.contributions.writer\n"
        "assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
