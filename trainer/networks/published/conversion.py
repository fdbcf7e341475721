"""Published weights renamed for this program: encoders as timm's, MobileSAM's decoder as its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from trainer.errors import WeightsError
from trainer.networks.published.registry import DECODER, ENCODER, PUBLISHED, PublishedWeights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Tensors = dict[str, Tensor]

NAME = "weights"
"""Key of a converted file's header: the name of the published weights that it holds."""

_IMAGE_ENCODER = "image_encoder."
_HEADS = ("neck.", "norm_head.", "head.")
"""What follows MobileSAM's TinyViT; its neck belongs to the decoder, its classifier was never trained."""


def convert(weights: PublishedWeights, state: Mapping[str, Tensor]) -> dict[str, Tensors]:
    """Rename the tensors of the authors' file.

    Returns
    -------
    dict of str to dict
        By part of `weights.parts`. Encoders have the names of timm's, built with `features_only`.

    Raises
    ------
    WeightsError
        The tensors are not those of the network.
    """
    if DECODER in weights.parts:
        return {ENCODER: _tiny_vit(state), DECODER: _mask_decoder(state)}
    renamed = renamed_in_order(state, _timm_state(weights))
    if renamed is None:
        raise WeightsError(f"{weights.file} does not hold the tensors of {weights.network}")
    return {ENCODER: renamed}


def renamed_in_order(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensors | None:
    """Give tensors the names that stand at their place in another list; None: the lists do not run in step.

    Shape and role (`weight`, `running_mean` ...) of each tensor must agree. A classifier that only one of the
    two has at its end does not matter.
    """
    renamed: Tensors = {}
    for (old, value), (new, wanted) in zip(source.items(), target.items(), strict=False):
        if value.shape != wanted.shape or old.rpartition(".")[2] != new.rpartition(".")[2]:
            return None
        renamed[new] = value
    complete = abs(len(source) - len(target)) <= 2  # weight and bias of a classifier
    return renamed if complete else None


def header(weights: PublishedWeights, part: str) -> dict[str, str]:
    """Metadata of a converted file: name, origin and licence."""
    return {
        NAME: weights.name,
        "part": part,
        "licence": weights.licence,
        "licence_note": weights.licence_note,
        "trained_on": weights.trained_on,
        "source": f"{weights.file}, sha256 {weights.sha256}",
        "published": weights.address or weights.package,
    }


def stated_weights(path: Path) -> PublishedWeights | None:
    """Return the published weights that a file says it holds; None: others, or it cannot be read."""
    if path.suffix != ".safetensors":
        return None
    try:
        with safe_open(str(path), "pt") as file:
            name = (file.metadata() or {}).get(NAME)
    except (OSError, SafetensorError):
        return None
    return next((weights for weights in PUBLISHED if weights.name == name), None)


def adapted(
    tensors: Tensors,
    weights: PublishedWeights,
    encoder: nn.Module,
    mean: tuple[float, ...],
    std: tuple[float, ...],
) -> Tensors:
    """Fit converted weights to a variant of their network: another input scale, epsilon, or other names.

    A stem ``W * x`` before a norm, made for ``(c - m) / s``, gives the same for ``(c - mean) / std`` with the
    filters ``W std / s`` and a stored mean smaller by ``sum W (mean - m) / s``; exact but at the edge.

    Parameters
    ----------
    tensors
        As `convert` names them.
    encoder
        The variant; timm's, or one of segmentation_models_pytorch.
    mean, std
        Input scale that the encoder meets.
    """
    given = weights.scale
    eps = next((m.eps for m in encoder.modules() if isinstance(m, nn.BatchNorm2d)), given.eps)
    changed = {k: v + (given.eps - eps) if k.endswith("running_var") else v for k, v in tensors.items()}
    if (mean, std) != (given.mean, given.std):
        stem = tensors["conv_stem.weight"]
        m, s, new_m, new_s = (torch.tensor(v).view(1, 3, 1, 1) for v in (given.mean, given.std, mean, std))
        changed["conv_stem.weight"] = stem * new_s / s
        changed["bn1.running_mean"] = tensors["bn1.running_mean"] - (stem * (new_m - m) / s).sum((1, 2, 3))
    own = {k.removeprefix("model."): v for k, v in encoder.state_dict().items()}
    if own.keys() & changed.keys():
        return changed
    in_order = {name: changed[name] for name in _timm_state(weights) if name in changed}
    return renamed_in_order(in_order, own) or changed


def _timm_state(weights: PublishedWeights) -> dict[str, Tensor]:
    """Tensors of timm's network that published weights are of, in its order; their values are random."""
    import timm

    network = timm.create_model(weights.encoders[0].removeprefix("tu-"), pretrained=False)
    state: dict[str, Tensor] = network.state_dict()
    return state


def _tiny_vit(state: Mapping[str, Tensor]) -> Tensors:
    """MobileSAM's image encoder as timm's `tiny_vit_5m_224`.

    Equal to the authors' code only with ``stages_3.downsample.conv2.conv.stride = (1, 1)``: theirs stays at
    stride 16 there.
    """
    found = {k.removeprefix(_IMAGE_ENCODER): v for k, v in state.items() if k.startswith(_IMAGE_ENCODER)}
    return {_tiny_vit_name(k): v for k, v in found.items() if not k.startswith(_HEADS)}


def _tiny_vit_name(name: str) -> str:
    name = name.replace("patch_embed.seq.0.", "patch_embed.conv1.").replace(
        "patch_embed.seq.2.", "patch_embed.conv2."
    )
    # timm counts a downsampling to the stage that it leads to.
    name = re.sub(r"^layers\.(\d)\.downsample", lambda m: f"stages_{int(m[1]) + 1}.downsample", name)
    return re.sub(r"^layers\.(\d)", r"stages_\1", name).replace(".c.", ".conv.")


def _mask_decoder(state: Mapping[str, Tensor]) -> Tensors:
    """Neck, prompt encoder and mask decoder under MobileSAM's own names, the neck as `neck.`."""
    neck = f"{_IMAGE_ENCODER}neck."
    return {
        k.removeprefix(_IMAGE_ENCODER): v
        for k, v in state.items()
        if k.startswith((neck, "prompt_encoder.", "mask_decoder."))
    }
