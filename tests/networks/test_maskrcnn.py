"""The network that finds regions: its losses by hand, its drawing, and what may happen to it."""

import math
from typing import ClassVar

import numpy as np
import pytest
import torch
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou

from trainer.data.instances import find_instances, instances_of
from trainer.errors import ConfigError
from trainer.inference.box_detection import find_boxes
from trainer.inference.predictor import Predictor
from trainer.labels.values import IGNORE
from trainer.losses.detection import DetectionLosses, focal_objectness, mask_loss
from trainer.networks.architectures import build_segmenter
from trainer.networks.maskrcnn.detector import Detector, MaskRCNN
from trainer.networks.maskrcnn.proposals import ProposalNetwork, ShareAnchors
from trainer.networks.maskrcnn.region_heads import (
    Detections,
    PyramidAlign,
    jittered_boxes,
    mask_targets,
    paste,
)
from trainer.networks.maskrcnn.truth import DetectionTruth


def detector(classes=9, **options):
    torch.manual_seed(0)
    return build_segmenter("maskrcnn", "tu-resnet10t", classes, **{"width": 32, **options})


def ellipse(height=96, width=96, middle=(50.0, 40.0), axes=(30.0, 20.0), index=1):
    row, column = np.mgrid[:height, :width]
    inside = ((row + 0.5 - middle[0]) / axes[0]) ** 2 + ((column + 0.5 - middle[1]) / axes[1]) ** 2 < 1
    return np.where(inside, index, 0).astype(np.uint8)


def perfect(mask, classes, background=0, score=0.9):
    """What a network without faults would find in a picture with this mask."""
    truth = find_instances(mask, classes, background)
    matched = torch.arange(len(truth))
    masks = mask_targets(truth.masks, truth.boxes, matched, 28)
    probabilities = torch.full((len(truth), classes), (1 - score) / (classes - 1))
    probabilities[matched, truth.labels] = score
    return Detections(truth.boxes, truth.labels, torch.full((len(truth),), score), probabilities, masks)


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


# losses


def test_focal_loss_of_anchors_by_hand():
    p = torch.tensor([0.9, 0.2, 0.6, 0.5])
    labels = torch.tensor([1.0, 0.0, 1.0, -1.0])
    expected = 0.25 * 0.1**2 * -math.log(0.9)
    expected += 0.75 * 0.2**2 * -math.log(0.8)
    expected += 0.25 * 0.4**2 * -math.log(0.6)
    assert focal_objectness(p.logit(), labels).item() == pytest.approx(expected / 2, rel=1e-5)
    nothing = focal_objectness(p.logit(), torch.tensor([0.0, 0.0, -1.0, -1.0])).item()
    assert nothing == pytest.approx(-0.75 * (0.9**2 * math.log(0.1) + 0.2**2 * math.log(0.8)), rel=1e-5)


def proposal_losses(kind, logits, labels):
    network = ProposalNetwork(32)
    deltas = torch.zeros(len(labels), 4)
    deltas[0], deltas[1] = torch.tensor([0.5, -0.5, 2.0, 0.0]), 7.0
    return network.compute_loss(logits[:, None], deltas, [labels], [torch.zeros(len(labels), 4)], kind)


def test_the_boxes_of_positive_anchors_alone_are_regressed():
    _, off = proposal_losses("focal", torch.zeros(3), torch.tensor([1.0, 0.0, 0.0]))
    assert off.item() == pytest.approx(0.5 * 0.25 * 2 + 1.5)  # smooth L1 of .5, -.5, 2 and 0
    _, off = proposal_losses("ce", torch.zeros(3), torch.tensor([0.0, 0.0, -1.0]))
    assert off.item() == 0


def test_cross_entropy_of_anchors_by_hand():
    p = torch.tensor([0.9, 0.2, 0.6])
    loss, _ = proposal_losses("ce", p.logit(), torch.tensor([1.0, 0.0, -1.0]))
    assert loss.item() == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2, rel=1e-5)


def test_cross_entropy_samples_as_many_of_nothing_as_there_is_room_for():
    labels = torch.zeros(5000)
    labels[:4] = 1
    logits = torch.where(labels > 0, 50.0, -math.log(3))  # p = 1 and p = 1/4
    loss, _ = proposal_losses("ce", logits, labels)
    assert loss.item() == pytest.approx(-math.log(0.75) * 252 / 256, rel=1e-5)


def test_an_untaught_head_starts_where_the_focal_loss_wants_it_and_a_taught_one_is_left_alone():
    network = ProposalNetwork(32)
    assert not network.head.cls_logits.bias.any()
    network.start_for_focal_loss()
    assert network.head.cls_logits.bias.sigmoid().tolist() == pytest.approx([0.01] * 3)
    network.head.cls_logits.bias.data.fill_(0.3)
    network.start_for_focal_loss()
    assert network.head.cls_logits.bias.tolist() == pytest.approx([0.3] * 3)


def test_loss_of_masks_by_hand():
    p = torch.tensor([[[0.9, 0.2], [0.6, 0.5]]])
    target = torch.tensor([[[1.0, 0.0], [1.0, 1.0]]])
    known = torch.tensor([[[1.0, 1.0], [1.0, 0.0]]])
    entropy = -(math.log(0.9) + math.log(0.8) + math.log(0.6)) / 3
    assert mask_loss(p.logit(), target, known, "bce").item() == pytest.approx(entropy, rel=1e-5)
    both, total, delta = 1.5, 1.7 + 2.0, 100.0
    distance = 1 - (both + delta) / (total - both + delta)
    assert mask_loss(p.logit(), target, known, "jaccard").item() == pytest.approx(
        entropy + distance, rel=1e-5
    )


# anchors and proposals


def test_anchors_are_shares_of_the_long_side():
    features = [torch.zeros(1, 32, 64 // s, 128 // s) for s in (4, 8, 16, 32)]
    images = ImageList(torch.zeros(1, 3, 64, 128), [(64, 128)])
    (anchors,) = ShareAnchors()(images, features)
    assert len(anchors) == 3 * (16 * 32 + 8 * 16 + 4 * 8 + 2 * 4)
    sides = (anchors[:, 2:] - anchors[:, :2]).prod(dim=1).sqrt()
    assert sorted({round(side, 3) for side in sides.tolist()}) == [16.0, 32.0, 64.0, 128.0]
    assert anchors[1].tolist() == [-8, -8, 8, 8]


def test_anchors_on_a_region_on_nothing_and_where_nobody_labelled():
    network = ProposalNetwork(32)
    target = np.zeros((100, 100), np.uint8)
    target[10:30, 10:30], target[:, 60:] = 1, IGNORE
    truth = find_instances(target, 2)
    anchors = torch.tensor(
        [[10.0, 10, 30, 30], [10, 10, 30, 24], [30, 50, 50, 70], [60, 10, 80, 30], [12, 16, 34, 36]]
    )
    (labels,), (boxes,) = network.assign_targets_to_anchors([anchors], [vars(truth)])
    assert labels.tolist() == [1, 1, 0, -1, -1]  # IoU 1, .7, 0, nobody knows, between .3 and .7
    assert boxes[0].tolist() == [10, 10, 30, 30]


def test_features_are_pooled_where_the_box_is():
    rows = torch.arange(64.0).add(0.5).view(1, 1, 64, 1).expand(1, 1, 64, 64)
    features = [torch.nn.functional.avg_pool2d(rows, s) for s in (4, 8, 16, 32)]
    (pooled,) = PyramidAlign(4)(features, [torch.tensor([[16.0, 16.0, 48.0, 48.0]])])
    assert pooled[0].mean(dim=1).tolist() == pytest.approx([20.0, 28.0, 36.0, 44.0])


def test_jittered_boxes_still_lie_on_their_region():
    torch.manual_seed(0)
    boxes = torch.tensor([[10.0, 10, 50, 40], [60, 70, 100, 100]])
    shaken = jittered_boxes(boxes, (100, 100), 20)
    assert shaken.shape == (40, 4)
    overlap = box_iou(shaken, boxes)
    assert overlap[0::2, 0].min() > 0.5
    assert overlap[1::2, 1].min() > 0.5
    assert 0.6 < overlap[0::2, 0].mean() < 0.95
    assert shaken.max() <= 100
    assert jittered_boxes(boxes[:0], (100, 100), 20).shape == (0, 4)


# drawing


@pytest.mark.parametrize("background", [0, 8])
def test_perfect_boxes_and_masks_give_back_the_mask(background):
    mask = ellipse(index=3)
    mask[70:90, 60:90] = 5
    if background == 8:
        mask = np.where(mask == 0, 8, mask).astype(np.uint8)
    network = detector().network
    network.background.fill_(background)
    drawn = network.draw(perfect(mask, 9, background), *mask.shape)
    assert drawn.sum(dim=0).max() < 1.01
    labels = drawn.argmax(dim=0).numpy()
    for index in (3, 5, background):
        assert dice(labels == index, mask == index) > 0.985


def test_a_box_of_full_pixels_comes_back_to_the_pixel():
    mask = np.zeros((50, 70), np.uint8)
    mask[7:30, 11:64] = 1
    found = perfect(mask, 2)
    whole = paste(found.masks[0], found.boxes[0], 50, 70)
    assert np.array_equal(whole.numpy() > 0.5, mask == 1)


def test_a_box_beyond_the_border_is_cut_off():
    whole = paste(torch.ones(28, 28), torch.tensor([-10.0, -10.0, 5.0, 200.0]), 20, 20)
    assert whole[:, :5].min() > 0.999
    assert not whole[:, 5:].any()
    assert not paste(torch.ones(28, 28), torch.tensor([30.0, 0.0, 40.0, 10.0]), 20, 20).any()


def test_nothing_found_is_background_with_certainty():
    network = detector().network
    found = perfect(np.zeros((40, 40), np.uint8), 9)
    assert len(found) == 0
    drawn = network.draw(found, 40, 40)
    assert drawn.argmax(dim=0).eq(0).all()
    assert drawn[0].min() == 1


def test_where_a_photo_has_one_region_the_surest_alone_is_drawn():
    mask = np.zeros((60, 60), np.uint8)
    mask[5:25, 5:25] = mask[30:58, 30:58] = 1
    found = perfect(mask, 2)
    assert len(found) == 2
    one, many = detector(2).network, detector(2, regions="many").network
    assert one.draw(found, 60, 60).argmax(dim=0).sum() == 28**2
    assert many.draw(found, 60, 60).argmax(dim=0).sum() == 28**2 + 20**2


def test_of_two_regions_the_surer_one_wins_a_pixel():
    box = torch.tensor([[0.0, 0, 20, 20], [0, 0, 20, 20]])
    scores = torch.tensor([0.6, 0.9])
    found = Detections(box, torch.tensor([2, 4]), scores, torch.zeros(2, 9), torch.ones(2, 28, 28))
    assert detector().network.draw(found, 20, 20).argmax(dim=0).eq(4).all()


# the network as a whole


def in_training(model, rpn="focal"):
    model.train()
    if rpn == "focal":
        model.network.proposals.start_for_focal_loss()
    return model


def truth_of(target, classes=9, rpn="focal"):
    return DetectionTruth(instances_of(target, classes), DetectionLosses(rpn, masks="jaccard"))


def batch(*masks):
    target = torch.from_numpy(np.stack(masks))
    return torch.randn(len(masks), 3, *target.shape[1:]), target


@pytest.mark.parametrize("rpn", ["ce", "focal"])
@pytest.mark.parametrize(
    "masks",
    [
        (ellipse(), ellipse(index=7)),
        (ellipse(),),
        (np.zeros((96, 96), np.uint8),),
        (np.full((96, 96), IGNORE, np.uint8), ellipse()),
        (np.full((96, 96), IGNORE, np.uint8),),
    ],
    ids=["two", "one photo", "nothing there", "one unlabelled", "all unlabelled"],
)
def test_losses_are_numbers_whatever_is_in_the_batch(rpn, masks):
    model = in_training(detector(), rpn)
    image, target = batch(*masks)
    terms = model(image, truth_of(target, rpn=rpn))
    assert set(terms) == {"rpn", "cls", "det", "seg"}
    sum(terms.values()).backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(torch.isfinite(g).all() for g in grads)
    if any((m == 1).any() for m in masks):
        assert all(term.item() > 0 for term in terms.values())
    else:
        assert terms["det"].item() == terms["seg"].item() == 0


def test_a_photo_that_nobody_labelled_teaches_no_box_head_that_there_is_nothing():
    model = in_training(detector())
    image, target = batch(np.full((96, 96), IGNORE, np.uint8))
    terms = model(image, truth_of(target))
    assert terms["cls"].item() == 0
    assert terms["rpn"].item() == 0


@pytest.mark.parametrize(
    ("tasks", "terms"),
    [("segmentation", {"rpn", "cls", "det", "seg"}), ("classification", {"rpn", "cls", "det"})],
)
def test_tasks_left_out(tasks, terms):
    model = in_training(detector(tasks=tasks))
    image, target = batch(ellipse(), ellipse(index=7))
    assert set(model(image, truth_of(target))) == terms
    with torch.inference_mode():
        found = model.eval().detect(image, 0.0)[0]
    assert (tasks == "classification") == bool(found.masks.eq(1).all())


@pytest.mark.parametrize("size", [(33, 65), (100, 77), (160, 160)])
def test_any_size(size):
    model = detector().eval()
    with torch.inference_mode():
        logits = model(torch.randn(2, 3, *size))
        (found, _) = model.detect(torch.randn(2, 3, *size), 0.0)
    assert logits.shape == (2, 9, *size)
    assert torch.isfinite(logits).all()
    assert found.boxes[:, 0::2].max() <= size[1]
    assert found.boxes[:, 1::2].max() <= size[0]
    assert (found.scores.diff() <= 0).all()


def test_another_recipe_is_told_to_leave_it_alone():
    with pytest.raises(ConfigError, match="recipe multitask"):
        detector().train()(torch.zeros(2, 3, 64, 64))


def test_it_learns_to_find_name_and_draw_one_picture():
    model = in_training(detector(3, regions="many"))
    mask = ellipse(64, 64, (30, 24), (18, 12), 1)
    mask[40:60, 40:60] = 2
    colours = torch.tensor([[-0.5, -0.2, 0.3], [0.6, 0.2, -0.1], [-0.2, 0.7, -0.6]])
    image = colours[torch.from_numpy(mask).long()].movedim(-1, 0)[None].repeat(2, 1, 1, 1)
    truth = truth_of(torch.from_numpy(mask)[None].repeat(2, 1, 1), 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(40):
        optimizer.zero_grad()
        sum(model(image, truth).values()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.train()
    with torch.no_grad():  # batch-norm statistics of the one picture there is
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None
                module.reset_running_stats()
        model(image, truth)
    model.eval()
    with torch.inference_mode():
        labels = model(image)[0].argmax(dim=0).numpy()
    assert dice(labels == 1, mask == 1) > 0.8
    assert dice(labels == 2, mask == 2) > 0.8


# boxes of photos


class Certain(MaskRCNN):
    """Finds the same region in every picture, whatever it shows."""

    region = (0.0, 0.0, 1.0, 1.0)
    sizes: ClassVar[list[tuple[int, ...]]] = []

    def detect(self, image, least=None):
        self.sizes.append(tuple(image.shape[-2:]))
        named, where = torch.tensor([[0.1, 0.2, 0.7]]), torch.tensor([self.region])
        return [Detections(where, torch.tensor([2]), named[:, 2], named, torch.ones(1, 28, 28))] * len(image)


@pytest.mark.parametrize(
    ("fit", "size", "region"),
    [
        ("crop", (64, 96), (24.0, 12.0, 72.0, 36.0)),  # 48 rows are filled up to 64
        ("pad", (64, 64), (16.0, 24.0, 48.0, 40.0)),
        ("squash", (64, 64), (16.0, 16.0, 48.0, 48.0)),
    ],
)
def test_boxes_are_in_pixels_of_the_photo(fit, size, region):
    network = Certain("tu-resnet10t", 3, width=32, regions="many")
    network.sizes.clear()
    network.region = region  # rows 50 to 150 and columns 100 to 300 of the photo
    model = Detector(network, "maskrcnn", "tu-resnet10t", 3).eval()
    found = Predictor(model, "cpu", 96, fit=fit, size=64).predict(np.zeros((200, 400, 3), np.uint8))
    (box,) = found.boxes
    assert (box.top, box.left, box.bottom, box.right) == pytest.approx((50, 100, 150, 300))
    assert (box.class_index, box.score) == (2, pytest.approx(0.7))
    assert box.probabilities == pytest.approx((0.1, 0.2, 0.7))
    inside = np.zeros((200, 400), bool)
    inside[50:150, 100:300] = True
    assert dice(found.labels == 3, inside) > 0.97
    assert network.sizes[0] == size


def test_long_photos_are_seen_whole():
    network = Certain("tu-resnet10t", 3, width=32)
    network.sizes.clear()
    model = Detector(network, "maskrcnn", "tu-resnet10t", 3).eval()
    Predictor(model, "cpu", None).predict(np.zeros((800, 64, 3), np.uint8))
    assert set(network.sizes) == {(800, 64)}


def test_confidence_in_classes():
    model = detector(4).eval()
    predictor = Predictor(model, "cpu", 64)
    sure = predictor.class_confidence(np.zeros((640, 320, 3), np.uint8))
    assert sure.shape == (4,)
    assert ((sure >= 0) & (sure <= 1)).all()
    assert sure[0] == pytest.approx(1 - sure[1:].max())
    plain = Predictor(build_segmenter("deeplabv3plus", "tu-resnet10t", 2), "cpu", 64)
    assert find_boxes(plain.model, np.zeros((64, 64, 3), np.uint8), (64, 64), "crop", 64) == ()
    with pytest.raises(TypeError, match="finds no boxes"):
        plain.class_confidence(np.zeros((64, 64, 3), np.uint8))
