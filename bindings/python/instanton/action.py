"""Actions: fields are drawn with weight exp(-S)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional, Union

import numpy as np

from . import _specification
from ._arrays import Numbers, counter_of, input_batch, input_one, output, single
from ._calls import from_library
from ._field import field_of_action, field_of_count
from ._handle import Handle, pointer_of
from ._prototypes import ACTION
from ._specification import Spec
from .context import Lattice

ActionFunction = Callable[[Numbers, Optional[Numbers]], float]


class Action(Handle):
    """An action, for example `Action(lattice, type='phi4', mass_squared=-4, lambda_=6.975)`.

    Its fields have `field_shape` and `field_dtype`: (t, z, y, x) float64, for links (t, z, y, x, d, N, N)
    complex128, and where its values are complex (t, z, y, x), of the Bose gas (t, z, y, x, a), complex128. Couplings of sites may be arrays of the lattice's shape.
    """

    _kind = "action"

    def __init__(self, lattice: Lattice, spec: Spec = None, **keys: Any) -> None:
        text = _specification.encode(_specification.merge(spec, keys))
        self._new("inst_action_new", pointer_of(lattice), text)
        self.field_shape, self.field_dtype = field_of_action(lattice, text, self._count())

    @classmethod
    def from_callback(cls, lattice: Lattice, function: ActionFunction) -> Action:
        """An action of Python's own: `function(field, gradient)` returns S of `field`, float64 (t, z, y, x).

        Where `gradient` is not None, it also writes dS/dphi there. Both arrays are the library's memory, without a
        copy, and are gone when the function returns; `field` cannot be written to. An exception that is raised stops
        the call that asked, which raises it again. The function is called on the thread of that call.
        """
        shape = lattice.shape

        def called(field: Any, count: int, value: Any, gradient: Any, user: Any) -> int:
            def body() -> int:
                phi = np.ctypeslib.as_array(field, shape)
                phi.flags.writeable = False
                value[0] = float(function(phi, np.ctypeslib.as_array(gradient, shape) if gradient else None))
                return 0

            return from_library(body)

        pointer = ACTION(called)
        action = cls.__new__(cls)
        action._new("inst_action_from_callback", pointer_of(lattice), pointer, None, callbacks=(pointer,))
        action.field_shape, action.field_dtype = field_of_count(lattice, action._count())
        return action

    def value(self, fields: Any) -> Union[float, Numbers]:
        """S of fields[..., t, z, y, x]: a number for one field, and an array of the leading shape for more."""
        fields, leading, batch = input_batch("fields", fields, self.field_shape, self.field_dtype)
        values = np.empty(leading)
        self._call("inst_action_value", batch, fields, values)
        return single(values)

    def gradient(self, fields: Any, out: Optional[Numbers] = None) -> Numbers:
        """dS/dphi of fields[..., t, z, y, x], in an array of the same shape; of links see the header."""
        fields, leading, batch = input_batch("fields", fields, self.field_shape, self.field_dtype)
        out = output(out, leading + self.field_shape, self.field_dtype)
        self._call("inst_action_gradient", batch, fields, out)
        return out

    def refresh(self, counter: int, field: Any) -> Action:
        """The action with new pseudofermions, drawn for this field with the context's seed and `counter`."""
        field = input_one("field", field, self.field_shape, self.field_dtype)
        action = type(self).__new__(type(self))
        action._new("inst_action_refresh", self._pointer, counter_of(counter), field, callbacks=self._callbacks)
        action.field_shape, action.field_dtype = self.field_shape, self.field_dtype
        return action
