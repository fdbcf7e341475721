"""Base of all sections of `skinseg.toml`, and the types of their values."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0.0, le=1.0)]
SMALL_STEP = {"step": 1e-4}
Rate = Annotated[float, Field(gt=0, json_schema_extra=SMALL_STEP)]
"""A learning rate."""
Weight = Annotated[float, Field(ge=0, json_schema_extra=SMALL_STEP)]
"""The weight of one term of a loss."""


class Section(BaseModel):
    """One section: unknown keys are errors, docstrings of fields are what people read beside them."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)
