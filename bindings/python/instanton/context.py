"""Context: device, threads, seed. Lattice: periodic, hypercubic."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _specification
from ._arrays import whole
from ._calls import text
from ._handle import Handle, pointer_of
from ._specification import Spec


def devices() -> list[dict[str, Any]]:
    """The devices that are there, one dict each, with the keys that `inst_devices` lists; the CPU first."""
    found: list[dict[str, Any]] = json.loads(text("inst_devices"))
    return found


class Context(Handle):
    """Device, threads, precision and seed of all that is made from it.

    Keys: device='cpu', threads=0 (one for each core), seed=1, precision='f64' or 'f32', cache='user', sources='off'.
    It belongs to the process that made it: after a fork the child makes its own.
    """

    _kind = "context"

    def __init__(self, spec: Spec = None, **keys: Any) -> None:
        self._new("inst_context_new", _specification.encode(_specification.merge(spec, keys)))


class Lattice(Handle):
    """A lattice of 1 to 4 dimensions.

    `extent` has that of x first, (Lx, Ly, ...); `shape` is that of a numpy field, (..., Ly, Lx): x is the last axis.
    """

    _kind = "lattice"

    def __init__(self, context: Context, extent: Sequence[int]) -> None:
        numbers = [whole("extent", number, -2**63, 2**63 - 1) for number in extent]
        self._new("inst_lattice_new", pointer_of(context), len(numbers), np.array(numbers, np.int64))
        self.extent: tuple[int, ...] = tuple(numbers)
        self.shape: tuple[int, ...] = self.extent[::-1]

    @property
    def dimensions(self) -> int:
        """How many directions there are."""
        return len(self.extent)

    @property
    def volume(self) -> int:
        """How many sites there are, V."""
        return math.prod(self.extent)
