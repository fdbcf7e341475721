"""The page: what it says, what it shows, and that it needs nothing from outside."""

import base64
import io
import re

import numpy as np
import pytest
from counted import LESION, SKIN9, card_of, count, random_photo
from PIL import Image

from trainer.evaluation.evaluate import measure
from trainer.evaluation.report.examples import Example, examples, extremes
from trainer.evaluation.report.page import mixups, render, write_report
from trainer.evaluation.report.pictures import data_uri, overlay, small
from trainer.evaluation.report.words import cautions, confidence_sentence, verdict
from trainer.evaluation.scorecard import Scorecard
from trainer.inference.predictor import Predictor
from trainer.labels.values import IGNORE
from trainer.training.round import run_round

CARD = {
    "recipe": "supervised",
    "init": "random weights",
    "steps": 1200,
    "steps_learnt": 1500,
    "network": {"arch": "deeplabv3plus", "encoder": "resnet18"},
    "encoder_licence": "BSD-3-Clause",
    "temperature": 1.3,
}


def outside_addresses(html):
    """Whatever a browser would fetch."""
    found = re.findall(r"""(?:src|href|srcset|action|data)\s*=\s*["']([^"']*)""", html)
    found += re.findall(r"url\(([^)]*)\)", html) + re.findall(r"@import[^;]*", html)
    return [address for address in found if not address.startswith("data:image/")]


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("</style>")[1]))


def example(name="a & <b>.jpg"):
    picture = data_uri(np.zeros((4, 6, 3), np.uint8))
    return Example(name, 0.5, 0.9, 12.0, picture, picture, picture)


def test_the_page_needs_nothing_from_outside():
    html = render(card_of(), CARD, [example()], [example()], project="study", mode="isic")
    assert outside_addresses(html) == []
    assert "http://" not in html
    assert "https://" not in html
    assert "<script" not in html
    assert html.count('src="data:image/jpeg;base64,') == 6


def test_the_page_says_what_was_measured():
    card = card_of()
    words = text_of(render(card, CARD, project="study", mode="isic", made=0))
    for told in (
        *("Model 0001 on validation photos", "4 photos of 3 groups", "95 % interval"),
        *("Skin or not", "anogenital", "What is taken for what", "Is its confidence honest?"),
        *("By what the photo shows", "By skin tone", "JA, Jaccard index", "supervised", "BSD-3-Clause"),
        *("1,200 (1,500 with those before)", "deeplabv3plus with encoder resnet18", "visit/0.jpg"),
    ):
        assert told in words, told
    assert f"{card.evaluation.dice9:.2f}" in words
    assert "Where it did" not in words, "no photo was given"


def test_names_cannot_break_the_page():
    html = render(card_of(), {**CARD, "init": "<script>alert(1)</script>"}, [example()], [])
    assert "<script" not in html
    assert "a &amp; &lt;b&gt;.jpg" in html


def test_a_page_of_two_classes_speaks_of_them():
    words = text_of(render(card_of(LESION), {}))
    assert "Share of the true lesion that was found" in words
    assert "Without doubt" not in words


def test_a_page_of_lesions_says_nothing_of_skin():
    words = text_of(render(card_of(LESION), {}, [example()], [example()]))
    assert "lesion or not" in words
    assert "skin" not in words.lower()


def test_the_page_says_at_which_size_the_network_works_and_is_judged():
    words = text_of(render(card_of(), {"plan": {"long_side": 64, "size": 32, "fit": "crop"}}))
    assert "with a long side of at most 64 pixels; its answer is brought to its full size" in words
    assert "in a square of 32 pixels" in text_of(render(card_of(), {"plan": {"size": 32, "fit": "pad"}}))
    assert "at its own size" in text_of(render(card_of(), {}))


def test_a_class_that_is_only_predicted_is_said_to_count():
    counted = []
    for seed in range(3):
        target, probabilities = random_photo(seed)
        target[target == 8] = 0
        counted.append(count(target, probabilities, SKIN9))
    card = Scorecard.of(counted, list("abc"), [1, 2, 3], list("abc"), SKIN9, model="m", split="val")
    assert card.imagined == ["anogenital"]
    assert "9 classes that occur (in the prediction alone, so that it scores 0: anogenital)" in text_of(
        render(card, CARD)
    )


def test_a_page_about_one_photo_promises_nothing():
    card = card_of(photos=1, groups="a")
    assert "too few to say" in verdict(card)
    assert "too few to say" in text_of(render(card, {}))


def test_cautions():
    card = card_of()
    assert any("validation photos" in line for line in cautions(card, {}))
    assert any("On fewer than five photos" in line for line in cautions(card, {}))
    assert any("no commercial use" in line for line in cautions(card, {"encoder_licence": "CC-BY-NC-4.0"}))
    assert not any("commercial" in line for line in cautions(card, CARD))


def test_confidence_in_words():
    assert "Too sure" in confidence_sentence(0.12, 0.1)
    assert "Too modest: off by 12 points" in confidence_sentence(0.12, -0.1)
    assert "about 80 %" in confidence_sentence(0.01, 0.01)


def test_the_mixups_are_those_that_cost_most_pixels():
    card = card_of()
    pooled = card.matrices.sum(0)
    first = mixups(card)[0]
    i, j = SKIN9.names.index(first["truth"]), SKIN9.names.index(first["said"])
    assert i != j
    assert pooled[i, j] == (pooled - np.diag(np.diag(pooled))).max()
    assert first["share"] == pytest.approx(pooled[i, j] / pooled[i].sum())


def test_overlay_paints_classes_leaves_background_and_dims_what_is_not_labelled():
    photo = np.full((20, 30, 3), 200, np.uint8)
    photo[10:] = (250, 10, 10)
    labels = np.zeros((40, 60), np.uint8)
    labels[:20, 20:40] = 3
    labels[20:] = IGNORE
    painted = overlay(photo, labels, SKIN9)
    assert painted.shape == photo.shape
    assert painted[5, 5].tolist() == [200, 200, 200]
    blue = np.array(list(bytes.fromhex(SKIN9.colours[3][1:])))
    assert np.allclose(painted[5, 15], 0.45 * 200 + 0.55 * blue, atol=1)
    assert np.ptp(painted[15, 15]) == 0, "gray"


def test_pictures_are_small_and_inside_the_page():
    picture = small(np.zeros((3000, 4000, 3), np.uint8))
    assert picture.shape == (390, 520, 3)
    head, _, body = data_uri(picture).partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(body))).size == (520, 390)


def test_no_photo_is_best_and_worst_at_once():
    card = card_of()
    for number in (0, 1, 2, 3, 9):
        worst, best = extremes(card, number)
        names = [row["photo"] for row in (*worst, *best)]
        assert len(names) == len(set(names)) == min(2 * number, 4)
        assert not worst or max(r["dice9"] for r in worst) <= min(r["dice9"] for r in best)


def test_the_page_of_a_real_model(project, settings, tmp_path):
    result = run_round(project, settings, lane="batch", steps=4, device="cpu")
    predictor = Predictor(project.models.folder(result.model_id), "cpu")
    card = measure(project, predictor, "val", model_id=result.model_id)
    steps = []
    best, worst = examples(project, predictor, card, 1, progress=lambda *step: steps.append(step))
    assert [step[0] for step in steps] == ["drawing photos"] * 2
    assert best[0].dice9 >= worst[0].dice9
    page = tmp_path / "page.html"
    write_report(page, render(card, predictor.card, best, worst))
    write_report(page, render(card, predictor.card, best, worst))
    assert [file.name for file in tmp_path.glob("page*")] == ["page.html"]
    words = text_of(page.read_text(encoding="utf-8"))
    assert f"Model {result.model_id}" in words
    assert "tiny_" in words
