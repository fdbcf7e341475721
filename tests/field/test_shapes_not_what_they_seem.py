"""Shapes that seem to say one thing and say another: none is drawn in silence where it is not."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from command_line import Skinseg
from field_masks import HEIGHT, WIDTH, MakeStudy, labelled, truth_of
from PIL import Image

SQUARE = [20, 10, 50, 10, 50, 30, 20, 30]
IMAGES = [{"id": i, "file_name": f"p{i}.jpg", "width": WIDTH, "height": HEIGHT} for i in range(2)]
LESION = [{"id": 0, "name": "lesion"}]


def coco(file: Path, images: list[Any], annotations: list[Any], categories: list[Any]) -> Path:
    """Write a COCO file."""
    file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return file


def entry(image: object, category: object = 0, outline: object = (SQUARE,)) -> dict[str, object]:
    """Make an annotation of COCO."""
    return {"id": 1, "image_id": image, "category_id": category, "segmentation": outline}


def labelme(file: Path, *shapes: dict[str, object], **more: object) -> None:
    """Write a labelme file."""
    file.write_text(json.dumps({"shapes": shapes, "imagePath": f"{file.stem}.jpg", **more}))


def cvat(file: Path, *parts: str) -> Path:
    """Write a CVAT file; each part is of one photo."""
    images = [
        f'<image id="{i}" name="p{i}.jpg" width="{WIDTH}" height="{HEIGHT}">{part}</image>'
        for i, part in enumerate(parts)
    ]
    file.write_text(f"<annotations>{''.join(images)}</annotations>")
    return file


def test_coco_ids_are_the_same_as_text_and_as_numbers(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study("lesion")
    file = coco(masks / "a.json", IMAGES, [entry("0", "0"), entry(1)], LESION)
    assert skinseg("import", study, file, "--format", "coco").code == 0
    assert [int((truth_of(study, f"p{i}") == 1).sum()) for i in range(2)] == [600, 600]


@pytest.mark.parametrize(
    ("images", "annotations", "categories", "why"),
    [
        (IMAGES, [entry(0), entry(9)], LESION, "an annotation of the image 9, which it does not list"),
        ([IMAGES[0], {**IMAGES[1], "id": 0}], [entry(0)], LESION, "gives two images the same id"),
        (IMAGES, [entry(0)], [*LESION, {"id": 0, "name": "background"}], "gives two categories the same id"),
        ([], [], LESION, "holds no image"),
    ],
)
def test_a_coco_file_whose_ids_lead_nowhere_makes_no_photo_background(
    make_study: MakeStudy,
    masks: Path,
    skinseg: Skinseg,
    images: Any,
    annotations: Any,
    categories: Any,
    why: str,
) -> None:
    study = make_study("lesion")
    file = coco(masks / "a.json", images, annotations, categories)
    assert why in skinseg("import", study, file, "--format", "coco").error
    assert labelled(study) == 0


def test_shapes_drawn_on_a_larger_copy_are_refused_though_no_size_is_said(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study, far = make_study(), [[0, 0], [790, 0], [790, 590], [0, 590]]
    labelme(masks / "p0.json", {"label": "hand", "points": far, "shape_type": "polygon"})
    near = [[0, 0], [80.9, 0], [80.9, 60.5]]
    labelme(masks / "p1.json", {"label": "hand", "points": near, "shape_type": "polygon"}, imageHeight=None)
    (refused,) = skinseg("import", study, masks, "--format", "labelme", "--json").data["refused"]
    assert (
        "its shapes reach to 790 × 590 pixels, but the photo p0.jpg, upright, has 80 × 60" in refused["why"]
    )
    bare = [{"id": 0, "file_name": "p2.jpg"}]
    file = coco(
        masks / "a.json", bare, [entry(0, 0, [[10 * x for x in SQUARE]])], [{"id": 0, "name": "hand"}]
    )
    assert "reach to 500 × 300" in skinseg("import", study, file, "--format", "coco").out
    sized = [{**bare[0], "width": "80.0", "height": "61"}]
    assert "is of 80 × 61" in skinseg("import", study, coco(file, sized, [], LESION), "--format", "coco").out


def test_cvat_boxes_and_ellipses_are_turned_as_they_were_drawn(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study("lesion")
    cvat(
        masks / "a.xml",
        '<box label="lesion" xtl="20" ytl="25" xbr="60" ybr="35" rotation="90.00"/>',
        '<ellipse label="lesion" cx="40" cy="30" rx="20" ry="5" rotation="90"/>',
        '<box label="lesion" xtl="20" ytl="25" xbr="60" ybr="35" rotation="30"/>',
        '<box label="lesion" xtl="20" ytl="25" xbr="60" ybr="35" rotation="nan"/>',
    )
    (refused,) = skinseg("import", study, masks, "--format", "cvat", "--json").data["refused"]
    assert "its rotation is not a number" in refused["why"]
    upright = np.zeros((HEIGHT, WIDTH), np.uint8)
    upright[10:50, 35:45] = 1
    assert np.array_equal(truth_of(study, "p0"), upright)
    rows, columns = np.nonzero(truth_of(study, "p1"))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 49, 35, 44)
    tilted = truth_of(study, "p2")
    assert (tilted[38, 56], tilted[22, 56]) == (1, 0), "clockwise, as it is seen"
    assert abs(int(tilted.sum()) - 400) < 12


@pytest.mark.parametrize("part", ['<cuboid label="lesion"/>', '<skeleton label="lesion"/>'])
def test_what_cannot_be_drawn_is_not_background(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, part: str
) -> None:
    study, box = make_study("lesion"), '<box label="lesion" xtl="2" ytl="2" xbr="6" ybr="5"/>'
    line = '<polyline label="lesion" points="1,2;3,4"/>'
    cvat(masks / "a.xml", part + box, line, line + box, '<polygon label="lesion" points="1,2;3,4"/>')
    said = skinseg("import", study, masks, "--format", "cvat", "--json").data
    whys = [item["why"] for item in said["refused"]]
    assert "has no area that is known" in whys[0]
    assert "holds only points and lines of p1.jpg" in whys[1]
    assert "none of its 1 shapes covers a pixel" in whys[2]
    assert said["imported"] == 1
    assert said["passed_over"] == {
        "with points or lines, which have no area": ["a.xml: p1.jpg", "a.xml: p2.jpg"]
    }


def test_cvat_for_video_is_told_from_cvat_for_images(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    track = '<track id="0" label="hand"><box frame="0" xtl="1" ytl="1" xbr="9" ybr="9"/></track>'
    (masks / "a.xml").write_text(f"<annotations>{track}</annotations>")
    said = skinseg("import", make_study(), masks, "--format", "cvat").error
    assert "holds no image; export it as 'CVAT for images', not for video" in said


def test_a_labelme_mask_of_another_size_than_its_box_is_refused(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    picture = io.BytesIO()
    Image.fromarray(np.ones((5, 5), bool)).save(picture, "PNG")
    mask = {"label": "hand", "shape_type": "mask", "mask": base64.b64encode(picture.getvalue()).decode()}
    for index, corner in enumerate(([14, 14], [15, 15], [40, 40])):
        labelme(masks / f"p{index}.json", {**mask, "points": [[10, 10], corner]})
    (refused,) = skinseg("import", make_study(), masks, "--format", "labelme", "--json").data["refused"]
    assert "its mask is of 5 × 5 pixels, and its box of 31 × 31" in refused["why"]


@pytest.mark.parametrize("name", ["ids.json", "ids.csv"])
def test_a_name_said_twice_is_an_error(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, tmp_path: Path, name: str
) -> None:
    file = coco(masks / "a.json", IMAGES, [entry(0, 7)], [])
    (tmp_path / name).write_text('{"7": "hand", "7": "foot"}' if name == "ids.json" else "7,hand\n7,foot\n")
    said = skinseg("import", make_study(), file, "--format", "coco", "--ids", tmp_path / name).error
    assert "lists '7' twice; say once what it means" in said


def test_ngff_planes_are_read_by_the_names_of_their_axes(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[10:30, 20:50] = 7

    def write(name: str, array: np.ndarray, axes: str, *properties: tuple[int, str]) -> None:
        group = zarr.open_group(masks / name, mode="w")
        group.create_array("0", data=array)
        image = {"axes": [{"name": axis} for axis in axes], "datasets": [{"path": "0"}]}
        named = [{"label-value": value, "name": text} for value, text in properties]
        group.attrs["ome"] = {"multiscales": [image], "image-label": {"properties": named}}

    study = make_study()
    write("p0.zarr", values[..., None], "yxc", (7, "Hand"))
    write("p1.zarr", values[None, None], "tcyx", (7, "hand"))
    write("p2.zarr", values, "xy", (7, "hand"))
    write("p3.zarr", values, "yx", (7, "hand"), (7, "foot"))
    said = skinseg("import", study, masks, "--format", "ngff", "--json").data
    assert said["imported"] == 2
    assert int((truth_of(study, "p0") == 3).sum()) == 600
    assert "has the axes x, y, not y and x last" in said["refused"][0]["why"]
    assert "names a label value twice" in said["refused"][1]["why"]
