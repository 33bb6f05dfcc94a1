"""What a field is in numpy: real numbers on sites, or matrices on links."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple, Optional

import numpy as np

from ._arrays import COMPLEX, REAL, Shape
from .context import Lattice
from .errors import BadShape, Unsupported


class FieldType(NamedTuple):
    """Shape and type of one field."""

    shape: Shape
    dtype: np.dtype[Any]


def links_of(lattice: Lattice, colours: int) -> FieldType:
    """complex128 of shape (t, z, y, x, d, N, N)."""
    return FieldType((*lattice.shape, lattice.dimensions, colours, colours), COMPLEX)


COLOURS = {"links of U(1)": 1, "links of SU(2)": 2, "links of SU(3)": 3}
"""N of the links, by the kind of field that `inst_model_describe` names."""


def field_of_kind(lattice: Lattice, kind: str, count: int) -> FieldType:
    """The field of a kind that `inst_model_describe` names: float64 of shape (t, z, y, x), with angles on links float64 of
    shape (t, z, y, x, d), or links of a group. The library writes `count` numbers into memory of this shape: a shape of
    another size is an error."""
    field = _field_of_kind(lattice, kind)
    numbers = math.prod(field.shape) * field.dtype.itemsize // REAL.itemsize
    if numbers != count:
        raise BadShape(f"field: expected {count} numbers, got {kind}, which are {numbers}")
    return field


def _field_of_kind(lattice: Lattice, kind: str) -> FieldType:
    if kind in ("scalars", "angles on sites"):
        return FieldType(lattice.shape, REAL)
    if kind == "angles on links":
        return FieldType((*lattice.shape, lattice.dimensions), REAL)
    if kind in COLOURS:
        return links_of(lattice, COLOURS[kind])
    raise Unsupported(f"field: expected scalars, angles or links of U(1), SU(2) or SU(3), got {kind}")


COMPONENTS: dict[str, Shape] = {"complex_phi4": (), "bose_gas": (2,)}
"""Components on each site of the fields of actions with complex values, by the type of the action."""


def field_of_action(lattice: Lattice, spec: Optional[bytes], count: int) -> FieldType:
    """The field of an action of the library: complex128 of shape (t, z, y, x) or (t, z, y, x, a) where its values are complex."""
    named = re.search(rb"""["'](complex_phi4|bose_gas)["']""", spec or b"")
    if named is None:
        return field_of_count(lattice, count)
    return FieldType((*lattice.shape, *COMPONENTS[named[1].decode()]), COMPLEX)


def field_of_count(lattice: Lattice, count: int) -> FieldType:
    """The field of an action or of links that has so many numbers: float64 of shape (t, z, y, x), or links of N = 1, 2 or 3.
    Angles on links cannot be told this way: in one dimension there are as many of them as scalars."""
    if count == lattice.volume:
        return FieldType(lattice.shape, REAL)
    for colours in (1, 2, 3):
        if count == lattice.volume * lattice.dimensions * 2 * colours**2:
            return links_of(lattice, colours)
    raise Unsupported(f"field: expected real numbers or links of U(1), SU(2) or SU(3), got {count} numbers on "
                      f"{lattice.volume} sites")
