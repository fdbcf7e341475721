"""The house: which rooms a room may import, and that no import runs in a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("trainer", "napari_skinseg")
pytestmark = pytest.mark.skipif(
    not (ROOT / "trainer").is_dir(), reason="needs the sources, not the wheel alone"
)

GROUND = "errors atomic spelling"
STORE = f"{GROUND} labels settings project"
LEARNING = f"{STORE} data losses networks features engine"

# Each room, and the rooms of its own package that it may import.
TRAINER = {
    "errors": "",
    "atomic": "",
    "blas": "",
    "spelling": "errors",
    "labels": GROUND,
    "selection": "errors blas",
    "settings": f"{GROUND} labels",
    "project": f"{GROUND} labels settings",
    "synthetic": STORE,
    "data": STORE,
    "losses": "labels engine",
    "networks": f"{STORE} data losses",
    "features": f"{STORE} data networks engine",
    "engine": f"{GROUND} settings",
    "recipes": LEARNING,
    "instant": "labels blas",
    "effort": "labels evaluation selection instant",
    "inference": f"{LEARNING} instant",
    "evaluation": f"{LEARNING} inference",
    "acquisition": f"{LEARNING} inference",
    "ranking": f"{LEARNING} inference acquisition",
    "training": f"{LEARNING} effort recipes inference evaluation acquisition",
    "service": f"{LEARNING} effort inference evaluation acquisition ranking training",
    "study": f"{LEARNING} effort instant selection inference evaluation acquisition training",
    "cli": f"{LEARNING} effort synthetic recipes inference evaluation acquisition ranking training service "
    "study",
    "__main__": "cli",
}
PROJECT_STORE = "states photo revisions files catalog photos"
# The rooms of the project store, and those below each.
PROJECT = {
    "states": "",
    "photo": "states",
    "revisions": "states",
    "files": "",
    "catalog": "states files",
    "photos": "states photo files catalog",
    "annotators": "states photo catalog",
    "review": f"{PROJECT_STORE} annotators",
    "masks": f"{PROJECT_STORE} review",
    "queue": f"{PROJECT_STORE} annotators",
    "models": f"{PROJECT_STORE} review queue",
    "project": f"{PROJECT_STORE} annotators review masks queue models",
    "import_export": f"{PROJECT_STORE} project",
    "maintenance": f"{PROJECT_STORE} masks models project",
    "privacy": f"{PROJECT_STORE} annotators project maintenance",
    "intake": f"{PROJECT_STORE} project import_export",
    "doctor": f"{PROJECT_STORE} project maintenance privacy",
}
WINDOW = {
    "layers": "",
    "session": "layers",
    "views": "layers session",
    "widgets": "layers session views",
    "contributions": "layers session views widgets",
    "demo": "layers session views widgets contributions",
    "__main__": "widgets demo",
}
# What the plugin may import of the trainer: rooms, or single modules of rooms that otherwise load torch.
PUBLISHED = "networks.published.registry networks.published.folder networks.published.process"
OF_THE_TRAINER = (
    f"{STORE} effort instant selection evaluation.honesty evaluation.agreement service.process "
    f"service.foreground service.schedule networks.licences {PUBLISHED} synthetic.demo_project"
).split()


@cache
def imports() -> dict[str, set[str]]:
    """Every module of both packages, and the modules of both that it imports, for type checking too."""
    found = {}
    for file in (file for package in PACKAGES for file in (ROOT / package).rglob("*.py")):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        found[name] = set(imported_by(file))
    return found


def imported_by(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in PACKAGES:
            for alias in node.names:
                path = ROOT.joinpath(*(node.module or "").split("."), alias.name)
                is_module = path.is_dir() or path.with_suffix(".py").is_file()
                yield f"{node.module}.{alias.name}" if is_module else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.partition(".")[0] in PACKAGES)


@pytest.mark.parametrize(
    ("package", "table"), [("trainer", TRAINER), ("trainer.project", PROJECT), ("napari_skinseg", WINDOW)]
)
def test_a_room_imports_only_what_its_row_names(package: str, table: dict[str, str]) -> None:
    def room_of(module: str) -> str:
        return module.removeprefix(f"{package}.").partition(".")[0]

    for module, targets in imports().items():
        if module.startswith(f"{package}.") and module.rpartition(".")[2] != "__init__":
            room = room_of(module)
            allowed = {room, *table[room].split()}
            inside = {room_of(target) for target in targets if target.startswith(f"{package}.")}
            assert inside <= allowed, f"{module} imports {sorted(inside - allowed)}"


def test_the_table_itself_has_no_way_up() -> None:
    for table in (TRAINER, PROJECT, WINDOW):
        tuple(TopologicalSorter({room: row.split() for room, row in table.items()}).static_order())


def test_the_trainer_knows_no_window_and_the_window_little_of_the_trainer() -> None:
    for module, targets in imports().items():
        others = {
            target.partition(".")[2] for target in targets if target.split(".")[0] != module.split(".")[0]
        }
        if module.startswith("trainer."):
            assert not others, f"{module} imports {others} of the plugin"
        unknown = {o for o in others if not any(f"{o}.".startswith(f"{known}.") for known in OF_THE_TRAINER)}
        assert not unknown, f"{module} imports {sorted(unknown)} of the trainer"


def test_no_import_runs_in_a_circle() -> None:
    try:
        tuple(TopologicalSorter(imports()).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_few_modules_lie_flat_and_each_room_says_what_it_is_for() -> None:
    for package in (*PACKAGES, "trainer/project"):
        assert len(list((ROOT / package).glob("*.py"))) <= 7
        for init in (ROOT / package).rglob("__init__.py"):
            body = ast.parse(init.read_text(encoding="utf-8")).body
            assert len(body) == 1, f"{init.relative_to(ROOT)}: one line that says what the room is for"
            assert "\n" not in str(ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))))


def test_qt_is_imported_by_widgets_only() -> None:
    for file in (ROOT / "napari_skinseg").rglob("*.py"):
        if "widgets" not in file.parts and file.name != "__main__.py":
            text = file.read_text(encoding="utf-8")
            assert "from qtpy" not in text, file
            assert "import qtpy" not in text, file


def test_contributing_has_a_true_line_for_every_file() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_tree.py", "--check"], check=False, timeout=60
    )
    assert done.returncode == 0, "run: python docs/make_tree.py"
