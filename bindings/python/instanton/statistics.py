"""Errors of correlated series, and reweighting."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

from ._arrays import REAL, Numbers, as_numbers
from ._calls import call
from .errors import BadShape


class Autocorrelation(NamedTuple):
    """Mean of a series, integrated autocorrelation time in units of one entry (1/2 for independent numbers), errors."""

    mean: float
    error: float
    tau: float
    tau_error: float


class Reweighting(NamedTuple):
    """Effective sample size (0 to 1), log Z, and their errors."""

    ess: float
    ess_error: float
    log_z: float
    log_z_error: float


def _series(name: str, value: Any) -> Numbers:
    array = as_numbers(name, value, REAL)
    if array.ndim != 1:
        raise BadShape(f"{name}: expected one axis, got shape {array.shape}")
    return array


def _numbers(name: str, array: Numbers, count: int) -> list[float]:
    results = [ctypes.c_double() for _ in range(count)]
    call(name, array.size, array, *(ctypes.byref(result) for result in results))
    return [result.value for result in results]


def autocorrelation(series: Any) -> Autocorrelation:
    """Gamma method (Wolff, hep-lat/0306017) on a series of at least 4 numbers."""
    return Autocorrelation(*_numbers("inst_autocorrelation", _series("series", series), 4))


def reweighting(log_weights: Any) -> Reweighting:
    """From log weights -S - log q of independent samples, at least 2; minus infinity is a weight of zero."""
    return Reweighting(*_numbers("inst_reweighting", _series("log_weights", log_weights), 4))


def reweighting_tail(log_weights: Any) -> float:
    """Shape k of the generalised Pareto distribution of the largest weights (Vehtari et al., arXiv:1507.02646): above
    0.7 neither log Z nor any error of `reweighting` is to be trusted."""
    return _numbers("inst_reweighting_tail", _series("log_weights", log_weights), 1)[0]
