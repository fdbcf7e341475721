"""Who decides a setting: a person, then the recipe, then the device."""

from trainer.recipes.registry import RECIPES
from trainer.recipes.supervised import Supervised
from trainer.settings.model import Settings
from trainer.settings.plan import Lane, Plan
from trainer.settings.recipes import RECIPE_OPTIONS
from trainer.training.resolve_plan import DEVICE_DEFAULTS, make_plan


class Asking(Supervised):
    """A recipe with wishes of its own."""

    name = "asking"

    @classmethod
    def defaults(cls, options, device):
        return {"lr": 0.5, "batch": 6, "fit": "squash", "optimizer": "adam"}

    @classmethod
    def network(cls, options):
        return {"decoder_channels": 64}


def plan_of(monkeypatch, training, device="cpu", **choices):
    monkeypatch.setitem(RECIPES, "asking", Asking)
    settings = Settings.model_validate({"training": {"recipe": "asking", **training}})
    return make_plan(settings, device, "batch", **choices)


def test_a_recipe_decides_what_nobody_set(monkeypatch):
    plan = plan_of(monkeypatch, {})
    assert (plan.lr, plan.batch, plan.fit, plan.optimizer) == (0.5, 6, "squash", "adam")
    assert plan.network == {"decoder_channels": 64}
    assert plan.size == DEVICE_DEFAULTS["cpu"].size


def test_what_a_person_set_counts_before_the_recipe(monkeypatch):
    plan = plan_of(monkeypatch, {"lr": 0.1, "fit": "crop"})
    assert (plan.lr, plan.fit, plan.batch) == (0.1, "crop", 6)


def test_auto_written_by_hand_leaves_it_to_the_recipe(monkeypatch):
    assert plan_of(monkeypatch, {"lr": "auto"}).lr == 0.5


def test_options_of_a_recipe_travel_in_the_plan():
    settings = Settings.model_validate({"adversarial": {"lambda_adv": 0.02}})
    plan = make_plan(settings, "cpu", "batch", recipe="skinseg")
    assert plan.options == settings.skinseg.model_dump()
    assert Plan.from_dict(plan.to_dict()) == plan


def test_every_recipe_with_options_has_its_section_and_a_sentence():
    assert set(RECIPE_OPTIONS) <= set(Settings.model_fields)
    for name, section in RECIPE_OPTIONS.items():
        assert Settings.model_fields[name].annotation is section
        assert section.__doc__
        assert section.__doc__.splitlines()[0].endswith(".")
        assert all(known.description for known in section.model_fields.values()), name


def test_a_plan_is_stored_as_plain_values_and_read_back_the_same(monkeypatch):
    plan = plan_of(monkeypatch, {})
    values = plan.to_dict()
    assert type(values["lane"]) is str, "a checkpoint holds no classes of ours, or it could not be read back"
    assert Plan.from_dict({**values, "of_a_later_version": 1}) == plan
    assert Plan.from_dict(values).lane is Lane.BATCH
