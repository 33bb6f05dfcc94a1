"""Ladders: replica exchange for a host's own updates."""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional, Union

import numpy as np

from . import _specification
from ._arrays import REAL, Numbers, as_numbers, output, whole
from ._calls import text
from ._handle import Handle, pointer_of
from ._paths import path_bytes
from ._specification import Spec
from .constants import Communicator
from .context import Lattice
from .errors import BadShape
from .layout import Layout, Memory, addresses


class Standing(NamedTuple):
    """Where a replica is: its rung, the strength there, that of its partner in the next swap, and the first site of its
    defect, x first."""

    rung: int
    strength: float
    partner: float
    at: tuple[int, ...]


class Ladder(Handle):
    """A ladder of replicas that the host updates, for example `Ladder(lattice, defect={'size': [4]}, replicas=8)`."""

    _kind = "ladder"

    def __init__(self, lattice: Lattice, spec: Spec = None, **keys: Any) -> None:
        what = _specification.encode(_specification.merge(spec, keys))
        self._new("inst_ladder_new", pointer_of(lattice), what)
        self._shape, self._dimensions = lattice.shape, len(lattice.extent)
        self._communicator: Optional[Communicator] = None

    def _state(self) -> tuple[int, int]:
        replicas, counter = ctypes.c_int64(), ctypes.c_uint64()
        self._call("inst_ladder_state", ctypes.byref(replicas), ctypes.byref(counter))
        return replicas.value, counter.value

    @property
    def replicas(self) -> int:
        """Number of replicas."""
        return self._state()[0]

    @property
    def counter(self) -> int:
        """Number of swaps made."""
        return self._state()[1]

    def replica(self, number: int) -> Standing:
        """Where a replica is now."""
        rung, strength, partner = ctypes.c_int64(), ctypes.c_double(), ctypes.c_double()
        at = (ctypes.c_int64 * self._dimensions)()
        self._call("inst_ladder_replica", _number(number), ctypes.byref(rung), ctypes.byref(strength),
                   ctypes.byref(partner), at)
        return Standing(rung.value, strength.value, partner.value, tuple(at))

    def link_factors(self, number: int, strength: float, mu: int, out: Optional[Numbers] = None) -> Numbers:
        """The factor of the link of direction mu at each site, for a replica at a strength."""
        out = output(out, self._shape, REAL)
        self._call("inst_ladder_link_factors", _number(number), strength, _direction(mu), None, _address(out))
        return out

    def plaquette_weights(self, number: int, strength: float, mu: int, nu: int, out: Optional[Numbers] = None) -> Numbers:
        """The weight of the plaquette of the plane mu, nu that begins at each site, for a replica at a strength."""
        out = output(out, self._shape, REAL)
        plane = _direction(mu), _direction(nu)
        self._call("inst_ladder_plaquette_weights", _number(number), strength, *plane, None, _address(out))
        return out

    def difference(self, number: int, layout: Layout, memory: Memory) -> float:
        """What S of a replica's links in the host's memory changes by at the strength of its partner."""
        base, difference = addresses(layout, memory, writeable=False), ctypes.c_double()
        self._call("inst_ladder_difference", _number(number), pointer_of(layout), base, ctypes.byref(difference))
        return difference.value

    def swap(self, differences: Any, replicas: Optional[Sequence[int]] = None) -> None:
        """Decides on swaps from the differences of all replicas, or of those listed, which this rank has."""
        numbers = as_numbers("differences", differences, REAL)
        listed = None if replicas is None else as_numbers("replicas", replicas, np.dtype(np.int64))
        if numbers.ndim != 1 or (listed is not None and listed.shape != numbers.shape):
            raise BadShape(f"differences: expected one for each replica, got shape {numbers.shape}")
        self._call("inst_ladder_swap", len(numbers), listed, numbers)

    def connect(self, communicator: Communicator) -> None:
        """Decides together with the other ranks of a host from now on."""
        self._call("inst_ladder_connect", ctypes.byref(communicator))
        self._communicator = communicator

    def describe(self) -> dict[str, Any]:
        """Spec, counter, strengths, acceptances, the replica on each rung, round trips, places of defects."""
        described: dict[str, Any] = json.loads(text("inst_ladder_describe", self._pointer))
        return described

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """The ladder to a file; fields are the host's to save."""
        self._call("inst_ladder_save", path_bytes(path))

    def load(self, path: Union[str, os.PathLike[str]]) -> None:
        """Goes on bit for bit as the ladder that was saved would have; the spec must be the same."""
        self._call("inst_ladder_load", path_bytes(path))


def _number(replica: int) -> int:
    return whole("replica", replica, -2**63, 2**63 - 1)


def _direction(mu: int) -> int:
    return whole("direction", mu, -2**31, 2**31 - 1)


def _address(array: Numbers) -> Any:
    return (ctypes.c_void_p * 1)(array.ctypes.data)
