"""Masks in the formats that people have: COCO, labelme, CVAT, coloured PNG, Pascal VOC, OME-NGFF."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from command_line import Skinseg
from field_masks import HEIGHT, WIDTH, MakeStudy, disc, labelled, save, truth_of
from PIL import Image

from trainer.project.import_export.colour_masks import voc_colours
from trainer.project.import_export.rle import compress, decode_runs, encode_runs, expand

FORMATS = ["png", "ngff", "coco", "labelme", "cvat", "colours", "voc"]
NAMES = ("a.jpg", "visit 1/b.jpg", "visit 1/b.png", "ü & <c>.jpg")


def noise(seed: int) -> np.ndarray:
    """A mask of all classes and of what is not labelled, pixel by pixel."""
    values = np.random.default_rng(seed).integers(0, 10, (HEIGHT, WIDTH)).astype(np.uint8)
    return np.where(values == 9, np.uint8(255), values)


@pytest.fixture
def study(make_study: MakeStudy, masks: Path, skinseg: Skinseg) -> Path:
    made = make_study(names=NAMES)
    for index, name in enumerate(NAMES):
        whole = name if name.startswith("visit") else Path(name).stem
        save(noise(index), masks / f"{whole}.png")
    assert skinseg("import", made, masks, "--json").data["imported"] == 4
    return made


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_brings_back_every_pixel(
    study: Path, make_study: MakeStudy, skinseg: Skinseg, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "out"
    assert skinseg("export", study, out, "--format", kind, "--json").data["written"] == 4
    again = make_study(names=NAMES, where="again")
    said = skinseg("import", again, out, "--format", kind, "--json").data
    assert (said["imported"], said["refused"]) == (4, [])
    for index, name in enumerate(NAMES):
        assert np.array_equal(truth_of(again, name), noise(index))
    assert skinseg("import", study, out, "--format", kind, "--json").data["unchanged"] == 4


def test_run_lengths_are_those_of_pycocotools() -> None:
    rng = np.random.default_rng(0)
    for size in (1, 2, 7, 4800):
        for share in (0.0, 0.02, 0.5, 1.0):
            flat = rng.random(size) < share
            runs = encode_runs(flat)
            assert np.array_equal(decode_runs(runs, size), flat)
            assert expand(compress(runs)) == runs
    assert compress([0, 1]) == "01"
    assert compress([6, 1, 40, 4, 5, 4, 5, 4, 21]) == "61X13mN000`0"  # of pycocotools' own documentation
    assert expand("61X13mN000`0") == [6, 1, 40, 4, 5, 4, 5, 4, 21]


def coco(annotations: list[dict[str, object]], name: str = "p0.jpg") -> dict[str, object]:
    return {
        "images": [{"id": 7, "file_name": name, "height": HEIGHT, "width": WIDTH}],
        "categories": [{"id": 3, "name": "Hand"}, {"id": 9, "name": "nail"}],
        "annotations": [{"id": i, "image_id": 7, **entry} for i, entry in enumerate(annotations)],
    }


def square(value: int, rest: int = 255) -> np.ndarray:
    truth = np.full((HEIGHT, WIDTH), rest, np.uint8)
    truth[10:30, 20:50] = value
    return truth


SQUARE = [20, 10, 50, 10, 50, 30, 20, 30]


def test_coco_polygons_and_both_kinds_of_run_lengths(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study, file = make_study(), masks / "instances.json"
    runs = encode_runs((square(1, 0) == 1).T.ravel())
    size = [HEIGHT, WIDTH]
    for outline in (
        [SQUARE],
        [[*SQUARE[:4], 50, 20, 20, 20], [20, 20, 50, 20, 50, 30, 20, 30]],
        {"size": size, "counts": runs},
        {"size": size, "counts": compress(runs)},
    ):
        file.write_text(json.dumps(coco([{"category_id": 3, "segmentation": outline}])))
        assert skinseg("import", study, file, "--format", "coco", "--json").data["refused"] == []
        assert np.array_equal(truth_of(study, "p0.jpg"), square(3))


def test_what_lies_under_no_shape_is_said(make_study: MakeStudy, masks: Path, skinseg: Skinseg) -> None:
    study, file = make_study(), masks / "instances.json"
    entry = {"category_id": 3, "segmentation": [SQUARE]}
    file.write_text(json.dumps(coco([entry])))
    take = ("import", study, masks, "--format", "coco", "--json")
    assert skinseg(*take).data["values"] == "names of classes, not labelled under no shape"
    assert skinseg(*take, "--rest", "background").data["imported"] == 1
    assert np.array_equal(truth_of(study, "p0.jpg"), square(3, 0))
    assert "--rest nose: the project has no such class" in skinseg(*take[:-1], "--rest", "nose").error
    lesions = make_study("lesion", where="lesions")
    said = skinseg("import", lesions, file, "--format", "coco", "--binary", "lesion", "--json").data
    assert said["values"] == "--binary, background under no shape"
    assert np.array_equal(truth_of(lesions, "p0.jpg"), square(1, 0))


def test_names_that_the_project_does_not_have_are_translated_or_refused(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, tmp_path: Path
) -> None:
    study, file = make_study(), masks / "instances.json"
    file.write_text(json.dumps(coco([{"category_id": 9, "segmentation": [SQUARE]}])))
    (said,) = skinseg("import", study, file, "--format", "coco", "--json").data["refused"]
    assert "names classes that the project does not have: nail; it has background" in said["why"]
    assert "say with --ids which is which" in said["why"]
    (tmp_path / "ids.csv").write_text("label;class\nnail;foot\n")
    assert skinseg("import", study, file, "--format", "coco", "--ids", tmp_path / "ids.csv").code == 0
    assert np.array_equal(truth_of(study, "p0.jpg"), square(4))


BROKEN = [
    {"category_id": 3, "segmentation": {"size": [HEIGHT, WIDTH], "counts": "61X1"}},
    {"category_id": 3, "segmentation": {"size": [HEIGHT, WIDTH], "counts": "\u00e9"}},
    {"category_id": 3, "segmentation": {"size": [HEIGHT, WIDTH], "counts": [1, -1, 4800]}},
    {"category_id": 3, "segmentation": {"size": [10**9, 10**9], "counts": [1, 2]}},
    {"category_id": 3, "segmentation": [[1, 2, "x", 4, 5, 6]]},
    {"category_id": 3, "segmentation": [[1, 2, 3, 4, 5, 6, 7]]},
    {"category_id": 3, "segmentation": [[1e308, float("nan"), 3, 4, 5, 6]]},
    {"category_id": 3, "bbox": [1, 2, 3, 4]},
    {"category_id": 3, "segmentation": 7},
]


@pytest.mark.parametrize("entry", BROKEN)
def test_a_shape_that_cannot_be_drawn_is_one_line_about_its_photo(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, entry: dict[str, object]
) -> None:
    study = make_study()
    (masks / "a.json").write_text(json.dumps(coco([entry])))
    said = skinseg("import", study, masks, "--format", "coco", "--json")
    assert said.code == 2
    (refused,) = said.data["refused"]
    assert refused["file"] == "a.json: p0.jpg"
    assert "cannot be drawn" in refused["why"]
    assert labelled(study) == 0


@pytest.mark.parametrize("kind", ["coco", "labelme", "cvat"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b"\xff\xfe{",
        b"[" * 100_000,
        b'{"images": 3, "annotations": 4, "categories": 5, "shapes": 6}',
        b"<annotations><image/></annotations>",
        b"<a/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><annotations>&a;</annotations>',
        bytes(range(256)),
    ],
)
def test_a_file_of_another_kind_is_one_line(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, kind: str, content: bytes
) -> None:
    file = masks / f"file.{'xml' if kind == 'cvat' else 'json'}"
    file.write_bytes(content)
    said = skinseg("import", make_study(), file, "--format", kind)
    assert str(file) in said.error
    assert "export it anew" in said.error


def test_labelme_shapes_of_every_kind(make_study: MakeStudy, masks: Path, skinseg: Skinseg) -> None:
    study = make_study()
    picture = io.BytesIO()
    Image.fromarray(np.ones((20, 30), bool)).save(picture, "PNG")
    corners = [[20, 10], [50, 10], [50, 30], [20, 30]]
    shapes = [
        {"label": "hand", "points": corners, "shape_type": "polygon"},
        {"label": "hand", "points": [[50, 30], [20, 10]], "shape_type": "rectangle"},
        {
            "label": "hand",
            "points": [[20, 10], [49, 29]],
            "shape_type": "mask",
            "mask": base64.b64encode(picture.getvalue()).decode(),
        },
    ]
    for index, shape in enumerate(shapes):
        data = {"shapes": [shape, {"label": "hand", "points": [[1, 1]], "shape_type": "point"}]}
        data |= {"imagePath": f"..\\photos\\p{index}.jpg", "imageHeight": HEIGHT, "imageWidth": WIDTH}
        (masks / f"sheet {index}.json").write_text(json.dumps(data))
    circle = {"label": "foot", "points": [[40, 30], [40, 50]], "shape_type": "circle"}
    (masks / "p3.json").write_text(json.dumps({"shapes": [circle]}))
    said = skinseg("import", study, masks, "--format", "labelme", "--json").data
    assert (said["imported"], said["refused"]) == (4, [])
    for index in range(3):
        assert np.array_equal(truth_of(study, f"p{index}.jpg"), square(3))
    round_ = truth_of(study, "p3.jpg") == 4
    assert abs(int(round_.sum()) - np.pi * 20**2) < 10
    assert (round_ != (disc(1, radius=20) == 1)).sum() < 70, "an outline may differ by a pixel"


def test_cvat_shapes_lie_over_each_other_by_depth(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    root = ElementTree.Element("annotations")
    image = ElementTree.SubElement(root, "image", name="p0.jpg", width=str(WIDTH), height=str(HEIGHT))
    points = "20.00,10.00;50.00,10.00;50.00,30.00;20.00,30.00"
    ElementTree.SubElement(image, "polygon", label="hand", points=points, z_order="2")
    everything = {"xtl": "0", "ytl": "0", "xbr": "80", "ybr": "60"}
    ElementTree.SubElement(image, "box", label="foot", z_order="1", **everything)
    ElementTree.SubElement(image, "points", label="nowhere", points="1,1")
    (masks / "annotations.xml").write_bytes(ElementTree.tostring(root, "utf-16"))
    assert skinseg("import", study, masks, "--format", "cvat").code == 0
    assert np.array_equal(truth_of(study, "p0.jpg"), square(3, 4))


TABLES = {
    "colours.csv": "Class;Colour\nhand;#FF0000\nfoot;#00ff00\nignore;0,0,0\n",
    "colours.txt": "name,r,g,b\nhand,255,0,0\nfoot,0,255,0\nvoid,0,0,0\n",
    "colours.json": '{"#ff0000": "hand", "foot": [0, 255, 0], "ignore": [0, 0, 0]}',
    "labelmap.txt": "# label:color_rgb:parts:actions\nhand:255,0,0::\nfoot:0,255,0::\nvoid:0,0,0::\n",
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colours_are_classes_by_a_table(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, tmp_path: Path, name: str, mode: str
) -> None:
    study, table = make_study(), tmp_path / name
    table.write_text(TABLES[name])
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[10:30, 20:50] = (255, 0, 0)
    Image.fromarray(rgb).convert(mode).save(masks / "p0.png")
    take = ("import", study, masks, "--format", "colours", "--colours", table)
    assert skinseg(*take, "--json").data["imported"] == 1
    assert np.array_equal(truth_of(study, "p0.jpg"), square(3))
    rgb[0, 0] = (1, 2, 3)
    save(rgb, masks / "p1.png")
    said = skinseg(*take, "--json").data["refused"]
    assert "holds 1 colours without a meaning: #010203 (1 pixels); say with --colours" in said[0]["why"]


def test_voc_s_palette_and_lists(study: Path, skinseg: Skinseg, tmp_path: Path) -> None:
    out = tmp_path / "voc"
    assert skinseg("export", study, out, "--format", "voc").code == 0
    assert voc_colours()[1] == (128, 0, 0)
    assert voc_colours()[15] == (192, 128, 128)
    with Image.open(out / "SegmentationClass" / "a.png") as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), noise(0))
        assert image.getpalette()[:6] == [0, 0, 0, 128, 0, 0]
        assert image.getpalette()[-3:] == [224, 224, 192]
    assert (out / "labelmap.txt").read_text().splitlines()[1] == "background:0,0,0::"
    listed = [
        line for f in (out / "ImageSets" / "Segmentation").iterdir() for line in f.read_text().split("\n")
    ]
    assert "a" in listed
    (out / "labelmap.txt").unlink()  # then the palette's numbers count
    said = skinseg("import", study, out, "--format", "voc", "--json").data
    assert (said["unchanged"], said["values"]) == (4, "VOC's palette")


def test_what_fits_no_format_is_said(study: Path, skinseg: Skinseg, masks: Path, tmp_path: Path) -> None:
    assert (
        "use png, ngff, coco, labelme, cvat, colours or voc"
        in skinseg("export", study, tmp_path / "x", "--format", "bmp").error
    )
    assert "--rest is for formats of shapes" in skinseg("import", study, masks, "--rest", "hand").error
    wrong = skinseg("import", study, masks, "--format", "coco", "--colours", "x").error
    assert "--colours is for coloured masks" in wrong
    said = skinseg("import", study, masks, "--format", "colours", "--colours", tmp_path / "none.csv").error
    assert "there is no such file of colours; check its path" in said
    for text, why in (
        ("hand;#zz0000", "'#zz0000' is no colour; write it as #rrggbb"),
        ("nose;#000000", "the project has no class 'nose'"),
        ("foot;#ff0000\nhand;#ff0000", "line 3: the colour #ff0000 stands there twice; say once what"),
    ):
        (tmp_path / "t.csv").write_text(f"name;colour\n{text}\n")
        said = skinseg("import", study, masks, "--format", "colours", "--colours", tmp_path / "t.csv").error
        assert why in said
        assert "t.csv, line" in said


def test_an_export_of_nothing_says_so(make_study: MakeStudy, skinseg: Skinseg, tmp_path: Path) -> None:
    said = skinseg("export", make_study(), tmp_path / "out").error
    assert "no photo here has a mask yet: there is nothing to export; label some first" in said
