"""What a field is in numpy: real numbers on sites, or matrices on links."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._arrays import COMPLEX, REAL, Shape
from .context import Lattice
from .errors import Unsupported


class FieldType(NamedTuple):
    """Shape and type of one field."""

    shape: Shape
    dtype: np.dtype[Any]


def links_of(lattice: Lattice, colours: int) -> FieldType:
    """complex128 of shape (t, z, y, x, d, N, N)."""
    return FieldType((*lattice.shape, lattice.dimensions, colours, colours), COMPLEX)


def field_of(lattice: Lattice, count: int) -> FieldType:
    """The field that has so many numbers: float64 of shape (t, z, y, x), or links of N = 1, 2 or 3."""
    if count == lattice.volume:
        return FieldType(lattice.shape, REAL)
    for colours in (1, 2, 3):
        if count == lattice.volume * lattice.dimensions * 2 * colours**2:
            return links_of(lattice, colours)
    raise Unsupported(f"field: expected real numbers or links of U(1), SU(2) or SU(3), got {count} numbers on "
                      f"{lattice.volume} sites")
