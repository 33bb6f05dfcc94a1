"""Models: learned densities q."""

from __future__ import annotations

import json
import math
import os
from typing import Any, NamedTuple, Optional, Union

import numpy as np

from . import _specification
from ._arrays import Numbers, counter_of, input_batch, output, single, whole
from ._calls import call_that_calls_back, text
from ._field import field_of_kind
from ._handle import Handle, pointer_of
from ._paths import path_bytes
from ._specification import Spec
from ._training import History, Progress, Recorder
from .action import Action
from .context import Lattice
from .errors import BadShape, Stopped


class Samples(NamedTuple):
    """Samples of a model: fields[batch, t, z, y, x] and log q of each."""

    fields: Numbers
    log_q: Numbers


class PathSamples(NamedTuple):
    """Fields of the stochastic paths of a diffusion model, fields[batch, t, z, y, x], and the log ratio of each path: the mean of
    exp(-S - log_path) is Z."""

    fields: Numbers
    log_path: Numbers


class Model(Handle):
    """A learned density, for example `Model(lattice, type='affine', prior='spectrum', layers=8)`.

    Its fields have `field_shape` and `field_dtype`: (t, z, y, x) float64, with angles on links (t, z, y, x, d), or for
    links of a group (t, z, y, x, d, N, N) complex128.
    """

    _kind = "model"

    def __init__(self, lattice: Lattice, spec: Spec = None, **keys: Any) -> None:
        self._make(lattice, "inst_model_new", _specification.encode(_specification.merge(spec, keys)))

    def _make(self, lattice: Lattice, name: str, what: Optional[bytes]) -> None:
        self._new(name, pointer_of(lattice), what)
        self.field_shape, self.field_dtype = field_of_kind(lattice, self.describe()["fields"], self._count())
        self.history: Optional[History] = None
        """What the last training has recorded, also where it was interrupted or failed."""

    @classmethod
    def load(cls, lattice: Lattice, path: Union[str, os.PathLike[str]]) -> Model:
        """A model from a file of `save`."""
        model = cls.__new__(cls)
        model._make(lattice, "inst_model_load", path_bytes(path))
        return model

    def at(self, condition: Spec = None, **values: float) -> Model:
        """The model at fixed values of its conditions, `model.at(lambda_=5.5)`: a model like any other."""
        what = _specification.encode(_specification.merge(condition, values))
        model = type(self).__new__(type(self))
        model._new("inst_model_at", self._pointer, what)
        model.field_shape, model.field_dtype = self.field_shape, self.field_dtype
        model.history = None
        return model

    def transfer(self, lattice: Lattice) -> Model:
        """The model on a lattice of other extents."""
        model = type(self).__new__(type(self))
        model._new("inst_model_transfer", self._pointer, pointer_of(lattice))
        model.field_shape, model.field_dtype = field_of_kind(lattice, model.describe()["fields"], model._count())
        model.history = None
        return model

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Writes a safetensors file, which replaces that at `path` once it is complete."""
        self._call("inst_model_save", path_bytes(path))

    def describe(self) -> dict[str, Any]:
        """{"spec": {...}, "extent": [8, 8], "fields": "scalars", "parameters": 12345}, defaults filled in."""
        described: dict[str, Any] = json.loads(text("inst_model_describe", self._pointer))
        return described

    def train(self, action: Action, spec: Spec = None, *, progress: Progress = None, **keys: Any) -> History:
        """Trains for an action; keys: steps=2500, batch=64, learning_rate=0.001, schedule='constant', ...

        `progress(step, steps, loss, ess)` is called after each step; a true result ends the training there, without an
        error. True shows a bar of tqdm on standard error where tqdm is installed, and nothing where it is not.
        An exception in `progress`, and Ctrl-C, end the training after a whole step and are raised from here; the model
        is then fit for use, and goes on where it stopped when it is trained again.
        """
        return self._trained(progress, "inst_model_train", pointer_of(action), _encoded(spec, keys))

    def train_on(self, fields: Any, spec: Spec = None, *, progress: Progress = None, **keys: Any) -> History:
        """Trains on fields[n, t, z, y, x] of the density to be learned, by maximum likelihood; keys as for `train`, without
        `gradient`. The loss is the mean of -log q, and the effective sample size NaN."""
        fields, _, count = input_batch("fields", fields, self.field_shape, self.field_dtype)
        return self._trained(progress, "inst_model_train_on", count, fields, _encoded(spec, keys))

    def _trained(self, progress: Progress, name: str, *arguments: Any) -> History:
        with Recorder(progress) as recorder:
            try:
                call_that_calls_back(name, self._pointer, *arguments, recorder.callback, None)
            except Stopped:
                if not recorder.stopped:
                    raise
            finally:
                self.history = recorder.history()
        return self.history

    def sample(self, counter: int, batch: int, out: Optional[Numbers] = None) -> Samples:
        """Draws `counter` .. `counter + batch - 1` of the model's stream."""
        batch, fields, log_q = self._room(batch, out)
        self._call("inst_model_sample", counter_of(counter), batch, fields, log_q)
        return Samples(fields, log_q)

    def sample_paths(
        self, counter: int, batch: int, spec: Spec = None, *, out: Optional[Numbers] = None, **keys: Any
    ) -> PathSamples:
        """Fields of the stochastic paths `counter` .. `counter + batch - 1` of a model of type 'diffusion'; keys: steps=100,
        corrector={"steps": 1, "size": 0.05}."""
        batch, fields, log_path = self._room(batch, out)
        self._call("inst_model_sample_paths", _encoded(spec, keys), counter_of(counter), batch, fields, log_path)
        return PathSamples(fields, log_path)

    def _room(self, batch: int, out: Optional[Numbers]) -> tuple[int, Numbers, Numbers]:
        batch = whole("batch", batch, 1, 2**63 - 1)
        if batch > 2**62 // math.prod(self.field_shape):
            raise BadShape(f"batch: expected a number of fields that memory can hold, got {batch}")
        return batch, output(out, (batch, *self.field_shape), self.field_dtype), np.empty(batch)

    def log_density(self, fields: Any) -> Union[float, Numbers]:
        """log q of fields[..., t, z, y, x]: a number for one field, and an array of the leading shape for more."""
        fields, leading, batch = input_batch("fields", fields, self.field_shape, self.field_dtype)
        log_q = np.empty(leading)
        self._call("inst_model_log_density", batch, fields, log_q)
        return single(log_q)


def _encoded(spec: Spec, keys: dict[str, Any]) -> Optional[bytes]:
    return _specification.encode(_specification.merge(spec, keys))
