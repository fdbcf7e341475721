"""JSON values: numbers of numpy, tuples, paths and NaN as what a JSON file can hold. Loads no numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping

Json = dict[str, object]
"""One JSON object."""


def json_value(value: object, decimals: int | None = None) -> object:
    """Turn a value into what JSON knows.

    Parameters
    ----------
    value : object
        Mappings, lists and tuples are followed; arrays become lists, paths and the like text, NaN and
        infinities null.
    decimals : int, optional
        Floats are rounded to so many; kept as they are without it.
    """
    if isinstance(value, Mapping):
        return {str(key): json_value(item, decimals) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item, decimals) for item in value]
    if hasattr(value, "tolist"):  # a number or an array of numpy
        return json_value(value.tolist(), decimals)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return value if decimals is None else round(value, decimals)
    return value if value is None or isinstance(value, str | int) else str(value)


def json_object(values: Mapping[str, object], decimals: int | None = 5) -> Json:
    """Turn a mapping into one JSON object; floats keep `decimals` decimals."""
    return {str(key): json_value(item, decimals) for key, item in values.items()}
