"""Tables as spreadsheets and editors save them: groups, ids, class files, settings."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import Skinseg
from field_masks import MakeStudy, disc, save, truth_of

from trainer.errors import ConfigError
from trainer.labels.classes import load_class_set
from trainer.labels.ids import read_ids
from trainer.project.photos.scan import GroupTable
from trainer.project.project import Project

Save = Callable[[list[list[str]]], bytes]


def written(
    separator: str = ",", end: str = "\n", encoding: str = "utf-8", before: str = "", quoted: bool = False
) -> Save:
    def save_(rows: list[list[str]]) -> bytes:
        def cell(text: str) -> str:
            return f'"{text}"' if quoted or separator in text else text

        lines = [separator.join(map(cell, row)) for row in rows]
        return (before + end.join(lines) + end).encode(encoding)

    return save_


WAYS = {
    "commas": written(),
    "semicolons": written(";"),
    "semicolons, BOM, CRLF": written(";", "\r\n", "utf-8-sig"),
    "tabs, UTF-16 with a mark": written("\t", "\r\n", "utf-16"),
    "commas, UTF-16 without": written(",", "\n", "utf-16-le"),
    "semicolons, UTF-16 big end first": written(";", "\r\n", "utf-16-be"),
    "bars": written("|"),
    "all quoted": written(",", "\r\n", "utf-8-sig", quoted=True),
    "Excel's first line": written(";", "\r\n", "utf-8-sig", before="sep=;\r\n"),
    "Windows' letters": written(";", "\r\n", "cp1252"),
    "old Mac's line ends": written(",", "\r"),
    "UTF-32": written(",", "\n", "utf-32"),
}


@pytest.mark.parametrize("way", WAYS)
def test_groups_ids_and_classes_are_read_however_they_were_saved(tmp_path: Path, way: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(WAYS[way]([["Photo", "Group", "Split"], ["a, b", "Müller", "Train"], ["c", "Weiß", ""]]))
    table = GroupTable(path)
    assert [(r.photo, r.group, r.split) for r in table.rows] == [
        ("a, b", "Müller", "train"),
        ("c", "Weiß", None),
    ]
    lesion = load_class_set("lesion")
    path.write_bytes(WAYS[way]([["Value", "Name"], ["0", "Background"], ["7", "lesion"], ["9", "ignore"]]))
    assert read_ids(path, lesion) == {0: 1, 7: 2, 9: 0}
    path.write_bytes(WAYS[way]([["Name", "Colour"], ["Haut, gesund", "#101010"], ["Läsion", "#f0f0f0"]]))
    found = load_class_set(path)
    assert (found.names, found.colours) == (("Haut, gesund", "Läsion"), ("#101010", "#f0f0f0"))


@pytest.mark.parametrize(
    "heads",
    [
        ["Image", "Patient ID", "Set"],
        ["FILE_NAME", "patient", "subset"],
        ["image_id", "Subject", "SPLIT"],
        ["Filename", "lesion_id", "partition"],
        [" photo ", "\u00a0group", "split\ufeff"],
    ],
)
def test_headings_count_by_what_they_mean_in_any_order(tmp_path: Path, heads: list[str]) -> None:
    path = tmp_path / "table.csv"
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        rows = [heads, ["p1", "anna", "validation"], ["p2", "bert", "Training"]]
        path.write_bytes(written(";")([["no", *(row[i] for i in order), ""] for row in rows]))
        found = [(r.photo, r.group, r.split) for r in GroupTable(path).rows]
        assert found == [("p1", "anna", "val"), ("p2", "bert", "train")]


def test_the_likeliest_heading_counts_where_several_would_do(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,lesion_id,image_id,patient_id\n1,l1,p1,anna\n2,l2,p2,anna\n")
    assert [(r.photo, r.group) for r in GroupTable(path).rows] == [("p1", "anna"), ("p2", "anna")]


def test_empty_rows_and_columns_of_a_spreadsheet_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('photo;group;;;\r\n;;;;\r\n="001";anna;;;\r\n.\\visit\\b.jpg;"a ""b""";;;\r\n;;;;\r\n')
    assert [(r.line, r.photo, r.group) for r in GroupTable(path).rows] == [
        (3, "001", "anna"),
        (4, "visit/b.jpg", 'a "b"'),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("photo;group\np1;\n", "line 2: photo and group must both be filled in"),
        ("photo;group\np1;a\np1;b\n", "line 3: the photo 'p1' stands in line 2 already; keep one"),
        ("photo;group;split\np1;a;sometimes\n", "line 2: split is 'sometimes'; use train, val or test"),
        ("photo,age\np1,3\n", "line 1: no column 'group' among photo, age; use photo, group"),
        ("", "line 1: no column 'photo'; use photo, group"),
        ('photo,group\n"p1,a\n' + "x" * 200_000, "line 3: .*save it as CSV anew"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line_and_a_mend(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(ConfigError, match=said) as caught:
        GroupTable(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "photo,group\np0.jpg,Smith, John\n",
            "line 2: has 3 cells under 2 headings; write a cell that holds a",
        ),
        ("photo,group\np0.jpg,1,5\np1.jpg,1,6\n", "line 2: has 3 cells under 2 headings"),
        ("photo,group,photo\np0.jpg,G,p1.jpg\n", "line 1: two columns are headed 'photo'"),
    ],
)
def test_a_cell_with_a_comma_is_not_cut_off_in_silence(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ConfigError, match=why):
        GroupTable(tmp_path / "t.csv")


def test_a_workbook_is_told_from_a_table(tmp_path: Path, skinseg: Skinseg) -> None:
    save(np.zeros((6, 8, 3), np.uint8), tmp_path / "photos" / "a.jpg")
    path = tmp_path / "groups.xlsx"
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    for option in ("--groups", "--classes"):
        said = skinseg("new", tmp_path / "study", "--photos", tmp_path / "photos", option, path).error
        assert "is a workbook, not text; save it as CSV and name that file" in said
    for content in (b"\xff\xfe\x00", b"\x00\x00\x00", bytes(range(256))):
        path.write_bytes(content)
        with pytest.raises(ConfigError):
            GroupTable(path)


def test_numbers_that_lost_their_zeros_are_explained(tmp_path: Path, skinseg: Skinseg) -> None:
    save(np.zeros((6, 8, 3), np.uint8), tmp_path / "photos" / "007.jpg")
    (tmp_path / "g.csv").write_text("photo,group\n7,anna\n")
    made = ("new", tmp_path / "study", "--photos", tmp_path / "photos", "--groups", tmp_path / "g.csv")
    assert "line 2: there is no photo '7'; is 007 meant, whose zeros a spreadsheet" in skinseg(*made).error


def test_ids_say_the_line_too_and_classes_of_an_export_make_a_project(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, tmp_path: Path
) -> None:
    study, ids = make_study(), tmp_path / "ids.csv"
    save(disc(7), masks / "p0.png")
    ids.write_bytes(
        written(";", "\r\n", "utf-16")([["Klasse", "Wert"], ["background", "0"], ["HAND", "7,0"]])
    )
    assert skinseg("import", study, masks, "--ids", ids, "--json").data["imported"] == 1
    assert np.array_equal(truth_of(study, "p0.jpg"), disc(3))
    ids.write_text("value,name\n0,background\nseven,hand\n")
    assert "line 3: 'seven' is no pixel value" in skinseg("import", study, masks, "--ids", ids).error
    ids.unlink()
    said = skinseg("import", study, masks, "--ids", ids).error
    assert "there is no such file of pixel values; check its path" in said
    assert "Errno" not in said
    out = tmp_path / "out"
    assert skinseg("export", study, out).code == 0
    table = (out / "classes.csv").read_text()
    for text in (table, table.replace(",", ";"), "\ufeff" + table.replace("\n", "\r\n")):
        (out / "classes.csv").write_text(text, encoding="utf-8")
        said = skinseg("import", study, out, "--json").data
        assert (said["values"], said["unchanged"]) == ("classes.csv", 1)
    assert (
        skinseg(
            "new", tmp_path / "other", "--photos", tmp_path / "study-photos", "--classes", out / "classes.csv"
        ).code
        == 0
    )
    with Project.open(tmp_path / "other") as project:
        assert project.classes.names == load_class_set("skin9").names
        assert project.classes.colours == load_class_set("skin9").colours


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_settings_saved_by_an_editor_of_windows_are_read(
    make_study: MakeStudy, skinseg: Skinseg, encoding: str
) -> None:
    study = make_study()
    file = study / "skinseg.toml"
    text = file.read_text() + "\n[photos]\nmax_pixels = 2_000_000\n"
    file.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    with Project.open(study) as project:
        assert project.settings.photos.max_pixels == 2_000_000
    assert codecs.BOM_UTF8 in file.read_bytes() or encoding == "utf-16"
