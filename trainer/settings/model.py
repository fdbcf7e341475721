"""Settings of a project, one model per section of skinseg.toml, each default written once."""

from __future__ import annotations

from trainer.settings.adversarial import AdversarialOptions
from trainer.settings.colorization import ColorizationOptions
from trainer.settings.consistency import ConsistencyOptions
from trainer.settings.fpn import FPNOptions
from trainer.settings.gate import GateSettings
from trainer.settings.multitask import MultiTaskOptions
from trainer.settings.photos import PhotoSettings
from trainer.settings.privacy import PrivacySettings
from trainer.settings.probe import ProbeOptions
from trainer.settings.queue import QueueSettings
from trainer.settings.review import ReviewSettings
from trainer.settings.section import Section
from trainer.settings.service import ServiceSettings
from trainer.settings.skinseg import SkinSegOptions
from trainer.settings.splits import SplitSettings
from trainer.settings.surrogate import SurrogateOptions
from trainer.settings.training import TrainingSettings
from trainer.settings.unet import UNetOptions
from trainer.settings.window import WindowSettings


class Settings(Section):
    """Everything that can be set in `skinseg.toml`."""

    photos: PhotoSettings = PhotoSettings()
    """How photos are read."""

    splits: SplitSettings = SplitSettings()
    """How groups of photos are shared out."""

    queue: QueueSettings = QueueSettings()
    """Which photo comes next."""

    window: WindowSettings = WindowSettings()
    """How the annotation window behaves."""

    privacy: PrivacySettings = PrivacySettings()
    """Who opened which photo, and which classes small pictures hide."""

    review: ReviewSettings = ReviewSettings()
    """Review of masks, and a second reader."""

    training: TrainingSettings = TrainingSettings()
    """One round of training."""

    gate: GateSettings = GateSettings()
    """When a new model replaces the served one."""

    service: ServiceSettings = ServiceSettings()
    """How the background trainer behaves."""

    skinseg: SkinSegOptions = SkinSegOptions()
    """Options of the recipe skinseg, the default."""

    consistency: ConsistencyOptions = ConsistencyOptions()
    """Options of the recipe consistency."""

    surrogate: SurrogateOptions = SurrogateOptions()
    """Options of the recipe surrogate."""

    colorization: ColorizationOptions = ColorizationOptions()
    """Options of the recipe colorization."""

    adversarial: AdversarialOptions = AdversarialOptions()
    """Options of the recipe adversarial."""

    unet: UNetOptions = UNetOptions()
    """Options of the recipe unet."""

    multitask: MultiTaskOptions = MultiTaskOptions()
    """Options of the recipe multitask."""

    fpn: FPNOptions = FPNOptions()
    """Options of the recipe fpn."""

    probe: ProbeOptions = ProbeOptions()
    """Options of the recipe probe."""
