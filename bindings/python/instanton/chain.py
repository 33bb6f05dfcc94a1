"""Whole exact Markov chains, for hosts without one."""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple, Optional, Union

from . import _specification
from ._arrays import Numbers, input_one, output
from ._calls import text
from ._handle import Handle, pointer_of
from ._paths import path_bytes
from ._specification import Spec
from .action import Action
from .model import Model


class Step(NamedTuple):
    """One step: whether it was accepted, S of the field now, and delta H (infinite where the trajectory diverged) or
    the proposed field's log weight."""

    accepted: bool
    value: float
    delta: float


class Reversal(NamedTuple):
    """How far a trajectory that is run back misses its start: the largest distance of a number of the field, and of H.
    Rounding where all is well, infinite where the trajectory diverged."""

    distance: float
    energy: float


class Chain(Handle):
    """A chain, for example `Chain(action, type='hmc', steps=10, length=1.0)`, or one that takes turns with a model:
    `Chain(action, model, type='cycle', kernels=[{'type': 'hmc'}, {'type': 'independence'}])`."""

    _kind = "chain"

    def __init__(self, action: Action, model: Optional[Model] = None, spec: Spec = None, **keys: Any) -> None:
        if isinstance(model, (str, Mapping)):
            raise TypeError("model: expected a Model or None, got a spec: Chain(action, None, spec)")
        what = _specification.encode(_specification.merge(spec, keys))
        self._new("inst_chain_new", pointer_of(action), pointer_of(model) if model else None, what,
                  callbacks=action._callbacks)
        self.field_shape, self.field_dtype = action.field_shape, action.field_dtype

    def step(self) -> Step:
        """Does one step. After an error the chain is as it was."""
        accepted, value, delta = ctypes.c_int32(), ctypes.c_double(), ctypes.c_double()
        self._call("inst_chain_step", ctypes.byref(accepted), ctypes.byref(value), ctypes.byref(delta))
        return Step(bool(accepted.value), value.value, delta.value)

    def reversibility(self) -> Reversal:
        """Runs the trajectory of the next step there and back; the chain stays as it is."""
        distance, energy = ctypes.c_double(), ctypes.c_double()
        self._call("inst_chain_reversibility", ctypes.byref(distance), ctypes.byref(energy))
        return Reversal(distance.value, energy.value)

    def describe(self) -> dict[str, Any]:
        """{"spec": {...}, "counter": 100, "seed": 1, "kernel": {...}}: "kernel" is what the kernel has counted."""
        described: dict[str, Any] = json.loads(text("inst_chain_describe", self._pointer))
        return described

    def field(self, out: Optional[Numbers] = None) -> Numbers:
        """The current field, of the action's shape."""
        out = output(out, self.field_shape, self.field_dtype)
        self._call("inst_chain_field", out)
        return out

    def set_field(self, field: Any) -> None:
        """Goes on from this field."""
        self._call("inst_chain_set_field", input_one("field", field, self.field_shape, self.field_dtype))

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Field and counters to a file."""
        self._call("inst_chain_save", path_bytes(path))

    def load(self, path: Union[str, os.PathLike[str]]) -> None:
        """Goes on bit for bit as the chain that was saved would have; the spec must be the same."""
        self._call("inst_chain_load", path_bytes(path))
