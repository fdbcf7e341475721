"""Masks taken apart into boxes, labels and masks of single regions."""

import numpy as np
import torch

from trainer.data.instances import MOST, find_instances, instances_of, share_inside
from trainer.labels.values import IGNORE


def blank(height=60, width=80):
    return np.zeros((height, width), np.uint8)


def test_a_box_ends_behind_the_last_pixel():
    mask = blank()
    mask[10:30, 5:45] = 3
    regions = find_instances(mask, 9)
    assert regions.boxes.tolist() == [[5, 10, 45, 30]]
    assert regions.labels.tolist() == [3]
    assert torch.equal(regions.masks[0], torch.from_numpy(mask == 3))
    assert not regions.unknown.any()


def test_every_patch_of_a_class_is_a_region_and_the_largest_comes_first():
    mask = blank()
    mask[2:8, 2:8] = 5
    mask[20:50, 20:50] = 5
    mask[20:40, 50:70] = 2  # touches the large patch, of another class
    regions = find_instances(mask, 9)
    assert regions.labels.tolist() == [5, 2, 5]
    assert regions.boxes[0].tolist() == [20, 20, 50, 50]
    assert [int(m.sum()) for m in regions.masks] == [900, 400, 36]


def test_pixels_that_touch_at_a_corner_are_one_region():
    mask = blank()
    mask[10:20, 10:20] = mask[20:30, 20:30] = 1
    assert len(find_instances(mask, 9)) == 1


def test_specks_are_no_regions_and_there_is_a_limit():
    mask = blank(200, 200)
    mask[0, :5] = 1
    assert len(find_instances(mask, 9)) == 0
    mask[::8] = 0
    for row in range(0, 200, 20):
        for column in range(0, 200, 20):
            mask[row : row + 10, column : column + 10] = 1
    assert len(find_instances(mask, 9)) == MOST


def test_what_nobody_labelled_is_neither_region_nor_background():
    mask = np.full((40, 40), IGNORE, np.uint8)
    regions = find_instances(mask, 9)
    assert regions.unknown.all()
    assert len(regions) == 0
    assert regions.boxes.shape == (0, 4)
    assert regions.masks.shape == (0, 40, 40)
    mask[:20] = 0
    mask[5:15, 5:15] = 4
    regions = find_instances(mask, 9)
    assert regions.boxes.tolist() == [[5, 5, 15, 15]]
    assert regions.unknown[20:].all()
    assert not regions.unknown[:20].any()


def test_one_region_for_the_picture():
    mask = blank()
    mask[5:10, 5:10] = 1
    mask[30:50, 40:70] = 2
    regions = find_instances(mask, 3, one=True)
    assert regions.boxes.tolist() == [[5, 5, 70, 50]]
    assert regions.labels.tolist() == [2]  # most of it
    assert int(regions.masks.sum()) == 25 + 600
    assert len(find_instances(blank(), 3, one=True)) == 0


def test_the_background_is_label_0_wherever_it_stands_in_the_class_set():
    mask = np.full((40, 40), 2, np.uint8)
    mask[:10, :10], mask[20:30, 20:40] = 0, 1
    regions = find_instances(mask, 3, background=2)
    assert regions.labels.tolist() == [2, 1]  # class 1, then class 0
    assert int(regions.masks[1].sum()) == 100


def test_a_batch():
    target = torch.zeros(2, 40, 40, dtype=torch.uint8)
    target[1, 5:25, 5:25] = 1
    assert [len(regions) for regions in instances_of(target, 2)] == [0, 1]


def test_the_share_of_a_box_inside_an_area():
    area = torch.zeros(10, 10, dtype=torch.bool)
    area[:, 5:] = True
    boxes = torch.tensor([[0.0, 0, 10, 10], [5, 0, 10, 3], [0, 0, 5, 5], [4, 4, 6, 6], [-50, 0, -2, 5]])
    assert share_inside(boxes, area).tolist() == [0.5, 1.0, 0.0, 0.5, 0.0]
