"""Proposals: the plug-in for a Markov chain of one's own."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple, Optional

from . import _specification
from ._arrays import Numbers, counter_of, input_one, output
from ._handle import Handle, pointer_of
from ._specification import Spec
from .action import Action
from .model import Model


class Proposed(NamedTuple):
    """A proposed field and log q(current | proposed) - log q(proposed | current)."""

    field: Numbers
    log_ratio: float


class Proposal(Handle):
    """Proposals of a model as it is now, or along the force of an action: `Proposal(None, action, type='langevin',
    step=0.01)`. The chain is exact where the host accepts with probability
    min(1, exp(S(current) - S(proposed) + log_ratio)), with its own S."""

    _kind = "proposal"

    def __init__(self, model: Optional[Model] = None, action: Optional[Action] = None, spec: Spec = None, **keys: Any) -> None:
        if isinstance(model, Action):
            raise TypeError("model: expected a Model or None, got an Action: Proposal(None, action, ...) needs no model")
        what = _specification.encode(_specification.merge(spec, keys))
        self._new("inst_proposal_new", None if model is None else pointer_of(model),
                  None if action is None else pointer_of(action), what,
                  callbacks=() if action is None else action._callbacks)
        # Without either the library has raised an error.
        if model is not None:
            self._shape, self._dtype = model.field_shape, model.field_dtype
        elif action is not None:
            self._shape, self._dtype = action.field_shape, action.field_dtype

    def propose(self, counter: int, current: Any, out: Optional[Numbers] = None) -> Proposed:
        """A field[t, z, y, x] proposed from `current`. `counter` names the random numbers: use each once in a chain,
        and one after the other, which is fastest."""
        current = input_one("current", current, self._shape, self._dtype)
        proposed = output(out, self._shape, self._dtype)
        log_ratio = ctypes.c_double()
        self._call("inst_propose", counter_of(counter), current, proposed, ctypes.byref(log_ratio))
        return Proposed(proposed, log_ratio.value)
