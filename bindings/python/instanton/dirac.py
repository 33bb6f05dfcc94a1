"""Dirac operators on a gauge field: products, solves, ends of spectra."""

from __future__ import annotations

import ctypes
import math
from typing import Any, NamedTuple, Optional

import numpy as np

from . import _specification
from ._arrays import COMPLEX, Numbers, Shape, input_batch, output, whole
from ._handle import Handle, pointer_of
from ._specification import Spec
from .constants import SolveReport
from .errors import BadShape, NotConverged
from .gauge import Gauge


class Solution(NamedTuple):
    """A solution and what it took."""

    field: Optional[Numbers]
    """x of D x = b; None after an error, but for `keep_best`."""
    iterations: int
    """Of all right-hand sides."""
    residual: float
    """The largest |b - D x| / |b|, recomputed in double."""
    seconds: float


class Spectrum(NamedTuple):
    """Values at an end of a spectrum, the outermost first; their vectors and residuals if asked for."""

    values: Numbers
    vectors: Optional[Numbers]
    residuals: Optional[Numbers]


class Dirac(Handle):
    """D with the links as they are now, for example `Dirac(gauge, type='wilson', kappa=0.12, clover=1.0)`.

    Spinors are complex128 of shape (t, z, y, x, s, N), s = 4 spins in four dimensions and 2 in two; staggered fields,
    without spin, (t, z, y, x, N). More axes before these are more fields.
    """

    _kind = "dirac"

    def __init__(self, gauge: Gauge, spec: Spec = None, **keys: Any) -> None:
        self._make(gauge, "inst_dirac_new", pointer_of(gauge), _specification.encode(_specification.merge(spec, keys)))

    def _make(self, gauge: Gauge, name: str, *arguments: Any) -> None:
        self._new(name, *arguments)
        spins = self._count() // (2 * gauge.colours * math.prod(gauge.lattice_shape))
        self.spinor_shape: Shape = (*gauge.lattice_shape, *((spins,) if spins > 1 else ()), gauge.colours)

    @classmethod
    def improved(cls, fat: Gauge, longer: Gauge, mass: float) -> Dirac:
        """The improved staggered operator with given links one and three steps long."""
        dirac = cls.__new__(cls)
        dirac._make(fat, "inst_dirac_new_improved", pointer_of(fat), pointer_of(longer), float(mass))
        return dirac

    def apply(self, fields: Any, which: str = "plain", out: Optional[Numbers] = None) -> Numbers:
        """D, 'adjoint' D^dagger or 'normal' D^dagger D, on fields."""
        fields, leading, count = input_batch("fields", fields, self.spinor_shape, COMPLEX)
        out = output(out, leading + self.spinor_shape, COMPLEX)
        self._call("inst_dirac_apply", _specification.encode(which), count, fields, out)
        return out

    def solve(self, source: Any, spec: Spec = None, *, out: Optional[Numbers] = None, **keys: Any) -> Solution:
        """Solves D x = b for the fields `source`. Keys: solver='auto', tolerance=1e-10, max_iterations=10000,
        keep_best=False, modes=16. A NotConverged that is raised has a `solution`, which says how far it came."""
        source, leading, count = input_batch("source", source, self.spinor_shape, COMPLEX)
        field = output(out, leading + self.spinor_shape, COMPLEX)
        if out is None:
            field.fill(np.nan)
        report = SolveReport(struct_size=ctypes.sizeof(SolveReport))
        what = _specification.encode(_specification.merge(spec, keys))
        try:
            self._call("inst_dirac_solve", what, count, source, field, ctypes.byref(report))
        except NotConverged as error:
            # Only the best iterates of `keep_best` are written: nothing else is a solution of any kind.
            written = out is None and not np.isnan(field.flat[0])
            error.solution = Solution(field if written else None, report.iterations, report.residual, report.seconds)
            raise
        return Solution(field, report.iterations, report.residual, report.seconds)

    def spectrum(self, count: int, spec: Spec = None, *, vectors: bool = False, residuals: bool = False,
                 **keys: Any) -> Spectrum:
        """`count` values at an end of a spectrum: complex for of='dirac', the default, real for 'hermitian', 'normal'
        and 'singular'. Further keys: which='smallest', method='auto', tolerance=1e-10, max_restarts=300, seed."""
        spec = _specification.merge(spec, keys)
        count = whole("count", count, 1, 2**63 - 1)
        if count > math.prod(self.spinor_shape):
            raise BadShape(f"count: expected at most {math.prod(self.spinor_shape)}, the dimension, got {count}")
        values = np.empty(count, COMPLEX)
        found = np.empty((count, *self.spinor_shape), COMPLEX) if vectors else None
        errors = np.empty(count) if residuals else None
        self._call("inst_dirac_spectrum_with_residuals", _specification.encode(spec), count, values, found, errors)
        is_complex = _specification.word(spec, "of") in (None, "dirac")
        return Spectrum(values if is_complex else values.view(np.float64)[:count].copy(), found, errors)
