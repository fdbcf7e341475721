"""One batch over several processes: sums, batch norm and dropout as if all its crops were in one place.

Every loss here is made of sums over pixels or photos. With those taken over all processes each of them has
the loss of the whole batch, and the average of their gradients is its gradient, whoever has how many labelled
pixels. Batch norm takes its statistics likewise, and dropout draws for the whole batch and keeps its rows, so
that a round with two processes ends with the weights of one, up to rounding.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from trainer.engine.ranks import Ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_alone = Ranks()
_ranks = _alone
_parts: tuple[int, ...] = ()


@contextmanager
def one_batch(ranks: Ranks) -> Iterator[None]:
    """Let the processes work on one batch."""
    global _ranks
    if ranks.world == 1:
        yield
        return
    _ranks = ranks
    try:
        with _Whole(ranks):
            yield
    finally:
        _ranks = _alone


@contextmanager
def parts(*sizes: int) -> Iterator[None]:
    """Say that inputs are made of so many crops each of several batches, one behind the other."""
    global _parts
    before, _parts = _parts, sizes
    try:
        yield
    finally:
        _parts = before


def pooled(tensor: Tensor) -> Tensor:
    """Sum a tensor over all processes that share the batch, and its gradient on the way back."""
    total: Tensor = tensor if _ranks.world == 1 else _Sum.apply(tensor, _ranks)
    return total


def pooled_mean(values: Tensor) -> Tensor:
    """Mean over the whole batch of values that each process has as many of as crops, which may be none."""
    if _ranks.world == 1:
        return values.mean()
    count = torch.tensor(float(values.numel()), device=values.device)
    return pooled(values.sum()) / pooled(count).clamp(min=1)


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, ranks: Ranks) -> Tensor:
        ctx.ranks = ranks
        total = tensor.clone()
        ranks.sum_up(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        total = grads[0].clone()
        ctx.ranks.sum_up(total)
        return total, None


class _BatchNorm(torch.autograd.Function):
    """Batch norm with the statistics of all processes.

    Torch has a layer for that, on graphics cards alone; taking layers out for it would lose the activations
    that timm builds into its own.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float, ranks: Ranks
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        axes = [0, *range(2, x.ndim)]
        count, wide = x.numel() // x.shape[1], torch.promote_types(x.dtype, torch.float32)
        sums = x.new_zeros(2 * x.shape[1] + 1, dtype=torch.float64)
        if count:
            var, mean = (part.double() for part in torch.var_mean(x.to(wide), axes, correction=0))
            sums = torch.cat([count * mean, count * (var + mean.square()), sums.new_full((1,), count)])
        ranks.sum_up(sums)
        total = sums[-1]
        mean, square = (sums[:-1] / total).chunk(2)
        var = (square - mean.square()).clamp(min=0)
        mean, var = mean.to(wide), var.to(wide)
        scale = (var + eps).rsqrt()
        ctx.save_for_backward(x, weight, mean, scale, total)
        ctx.axes, ctx.ranks, ctx.biased = axes, ranks, bias is not None
        out = torch.batch_norm(x, weight, bias, mean, var, False, 0.0, eps, False)
        ctx.mark_non_differentiable(mean, var, total)
        return out, mean, var, total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, scale, total = ctx.saved_tensors
        grad, values = grads[0].to(mean.dtype), x.to(mean.dtype)
        shape = [1, -1] + [1] * (x.ndim - 2)
        of_bias = grad.sum(ctx.axes)
        of_weight = ((grad * values).sum(ctx.axes) - mean * of_bias) * scale
        sums = torch.stack([of_bias, of_weight])
        ctx.ranks.sum_up(sums)
        mean_grad, mean_along = (sums / total).to(mean.dtype)
        slope = scale if weight is None else scale * weight
        # slope (dy - mean dy - x^ mean (dy x^)), with x^ = (x - mean) scale multiplied out
        per_x = -slope * mean_along * scale
        offset = -slope * mean_grad - per_x * mean
        of_x = torch.addcmul(offset.view(shape), grad, slope.view(shape))
        of_x = of_x.addcmul_(values, per_x.view(shape)).to(x.dtype)
        return of_x, None if weight is None else of_weight, of_bias if ctx.biased else None, None, None


class _Whole(TorchFunctionMode):
    """Puts batch norm and dropout of the whole batch in the place of torch's own, in every network."""

    def __init__(self, ranks: Ranks) -> None:
        super().__init__()
        self.ranks = ranks

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is F.batch_norm and kwargs.get("training"):
            return self._batch_norm(*args, **kwargs)
        if func in (F.dropout, F.dropout2d) and kwargs.get("training", True) and kwargs.get("p", 0.5) > 0:
            return self._dropout(func, args[0], kwargs.get("p", 0.5))
        return func(*args, **kwargs)

    def _batch_norm(
        self,
        x: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = True,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        out, mean, var, count = _BatchNorm.apply(x, weight, bias, eps, self.ranks)
        with torch.no_grad():
            if running_mean is not None:
                running_mean.lerp_(mean, momentum)
            if running_var is not None:
                running_var.lerp_((var * (count / (count - 1).clamp(min=1))).to(var.dtype), momentum)
        normalised: Tensor = out
        return normalised

    def _dropout(self, dropout: Callable[..., Tensor], x: Tensor, p: float) -> Tensor:
        """Draw for all rows of the batch, as every process does with the same generator, and take its own."""
        rows, count = self._rows(len(x))
        whole = x.new_ones(count, *x.shape[1:])
        if x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last):
            whole = whole.contiguous(memory_format=torch.channels_last)  # numbers are drawn in memory's order
        return x * dropout(whole, p)[rows]

    def _rows(self, count: int) -> tuple[list[int], int]:
        """Which rows of the whole batch an input of ``count`` rows holds, of how many."""
        own = _parts if sum(_parts) == count else (count,)
        sizes = torch.zeros(self.ranks.world, len(own), dtype=torch.int64)
        sizes[self.ranks.place.rank] = torch.tensor(own)
        self.ranks.sum_up(sizes)
        before_part = sizes.sum(0).cumsum(0) - sizes.sum(0)
        first = before_part + sizes[: self.ranks.place.rank].sum(0)
        rows = [int(start) + row for start, size in zip(first, own, strict=True) for row in range(size)]
        return rows, int(sizes.sum())
