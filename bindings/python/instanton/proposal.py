"""Proposals: the plug-in for a Markov chain of one's own."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple, Optional

from . import _specification
from ._arrays import REAL, Numbers, counter_of, input_one, output
from ._handle import Handle, pointer_of
from ._specification import Spec
from .action import Action
from .model import Model


class Proposed(NamedTuple):
    """A proposed field and log q(current | proposed) - log q(proposed | current)."""

    field: Numbers
    log_ratio: float


class Proposal(Handle):
    """Proposals of a model as it is now. The chain is exact where the host accepts with probability
    min(1, exp(S(current) - S(proposed) + log_ratio)), with its own S."""

    _kind = "proposal"

    def __init__(self, model: Model, action: Optional[Action] = None, spec: Spec = None, **keys: Any) -> None:
        what = _specification.encode(_specification.merge(spec, keys))
        self._new("inst_proposal_new", pointer_of(model), pointer_of(action) if action else None, what,
                  callbacks=action._callbacks if action else ())
        self._shape = model._shape

    def propose(self, counter: int, current: Any, out: Optional[Numbers] = None) -> Proposed:
        """A field[t, z, y, x] proposed from `current`. `counter` names the random numbers: use each once in a chain,
        and one after the other, which is fastest."""
        current = input_one("current", current, self._shape, REAL)
        proposed = output(out, self._shape, REAL)
        log_ratio = ctypes.c_double()
        self._call("inst_propose", counter_of(counter), current, proposed, ctypes.byref(log_ratio))
        return Proposed(proposed, log_ratio.value)
