"""Errors of correlated series, and reweighting."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple, Sequence

import numpy as np

from ._arrays import REAL, Numbers, as_numbers
from ._calls import call
from .constants import TwoSidedReport
from .errors import BadShape


class Autocorrelation(NamedTuple):
    """Mean of a series, integrated autocorrelation time in units of one entry (1/2 for independent numbers), errors."""

    mean: float
    error: float
    tau: float
    tau_error: float


class ReplicaAutocorrelation(NamedTuple):
    """The same from replicas, and the probability that replicas of one distribution scatter as much as these or more."""

    mean: float
    error: float
    tau: float
    tau_error: float
    quality: float


class Reweighting(NamedTuple):
    """Effective sample size (0 to 1), log Z, and their errors."""

    ess: float
    ess_error: float
    log_z: float
    log_z_error: float


class TwoSided(NamedTuple):
    """log Z and Kullback-Leibler divergences from the model's samples, from the chain's fields and from both, with
    their errors; `disagreement` is that of the first two in standard errors of their difference."""

    log_z_model: float
    log_z_model_error: float
    log_z_chain: float
    log_z_chain_error: float
    log_z: float
    log_z_error: float
    kl_model: float
    kl_model_error: float
    kl_chain: float
    kl_chain_error: float
    disagreement: float


class Divergence(NamedTuple):
    """Kullback-Leibler divergence for each site, and its error."""

    kl: float
    kl_error: float


class Mean(NamedTuple):
    """Average of an observable, or a difference of averages, and its error."""

    mean: float
    error: float


class Nested(NamedTuple):
    """Effective sample sizes of the first samples, one for each number of them, and their errors."""

    ess: Numbers
    ess_error: Numbers


class Forward(NamedTuple):
    """Effective sample size of a model and <log p - log q>, from fields of a chain, and their errors."""

    ess: float
    ess_error: float
    kl: float
    kl_error: float


class ModeBalance(NamedTuple):
    """Share of fields in a mode, its error, and the probability of one at least as far from the expected share."""

    share: float
    share_error: float
    probability: float


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


def autocorrelation_replicas(replicas: Sequence[Any]) -> ReplicaAutocorrelation:
    """Gamma method on replicas, series of one quantity from chains that know nothing of each other."""
    chains = [_series(f"replicas[{r}]", chain) for r, chain in enumerate(replicas)]
    if not chains:
        raise BadShape("replicas: expected at least 1 series, got none")
    counts = np.array([chain.size for chain in chains], np.int64)
    results = [ctypes.c_double() for _ in range(5)]
    call("inst_autocorrelation_replicas", len(chains), counts, np.concatenate(chains),
         *(ctypes.byref(result) for result in results))
    return ReplicaAutocorrelation(*(result.value for result in results))


def reweighting(log_weights: Any) -> Reweighting:
    """From log weights -S - log q of independent samples, at least 2; minus infinity is a weight of zero."""
    return Reweighting(*_numbers("inst_reweighting", _series("log_weights", log_weights), 4))


def reweighting_tail(log_weights: Any) -> float:
    """Shape k of the generalised Pareto distribution of the largest weights (Vehtari et al., arXiv:1507.02646): above
    0.7 neither log Z nor any error of `reweighting` is to be trusted."""
    return _numbers("inst_reweighting_tail", _series("log_weights", log_weights), 1)[0]


def reweighting_two_sided(log_weights: Any, chain_log_weights: Any) -> TwoSided:
    """From log weights -S - log q of the model's samples, and of the fields of a chain of exp(-S): above a
    `disagreement` of 5 the model misses fields that the chain comes to, which its own samples cannot show."""
    model, chain = _series("log_weights", log_weights), _series("chain_log_weights", chain_log_weights)
    report = TwoSidedReport(struct_size=ctypes.sizeof(TwoSidedReport))
    call("inst_reweighting_two_sided", model.size, model, chain.size, chain, ctypes.byref(report))
    return TwoSided(*(getattr(report, name) for name in TwoSided._fields))


def kl_per_site(log_weights: Any, log_z: float, sites: int) -> Divergence:
    """(log Z - <w>)/V from log weights w of independent samples, where log Z is known: 0 for a perfect model alone."""
    weights = _series("log_weights", log_weights)
    results = [ctypes.c_double() for _ in range(2)]
    call("inst_kl_per_site", weights.size, weights, log_z, sites, *(ctypes.byref(result) for result in results))
    return Divergence(*(result.value for result in results))


def reweighting_mean(log_weights: Any, observable: Any, coarse_log_weights: Any = None, coarse_observable: Any = None) -> Mean:
    """Average of an observable from weighted samples; with log weights and values of the coarse sites of the same samples, the
    difference to an average of the coarser theory, whose error is small."""
    weights = _series("log_weights", log_weights)

    def alike(name: str, value: Any) -> Numbers:
        array = _series(name, value)
        if array.size != weights.size:
            raise BadShape(f"{name}: expected {weights.size} numbers, got {array.size}")
        return array

    coarse = (("coarse_log_weights", coarse_log_weights), ("coarse_observable", coarse_observable))
    arrays = [None if value is None else alike(name, value) for name, value in coarse]
    results = [ctypes.c_double() for _ in range(2)]
    call("inst_reweighting_mean", weights.size, weights, alike("observable", observable), *arrays,
         *(ctypes.byref(result) for result in results))
    return Mean(*(result.value for result in results))


def reweighting_nested(log_weights: Any, counts: Sequence[int]) -> Nested:
    """Effective sample size of the first n samples for each n of `counts`: it has converged where it stops to fall."""
    weights, sizes = _series("log_weights", log_weights), np.array(counts, np.int64)
    if sizes.ndim != 1:
        raise BadShape(f"counts: expected one axis, got shape {sizes.shape}")
    ess, ess_error = np.empty(sizes.size), np.empty(sizes.size)
    call("inst_reweighting_nested", weights.size, weights, sizes.size, sizes, ess, ess_error)
    return Nested(ess, ess_error)


def reweighting_forward(chain_log_weights: Any, log_z: float | None = None) -> Forward:
    """From log weights on the fields of a chain, in their order, with the exact log Z or that of the fields: where
    the model misses fields that the chain comes to, `ess` is near 0."""
    chain = _series("chain_log_weights", chain_log_weights)
    known = None if log_z is None else ctypes.byref(ctypes.c_double(log_z))
    results = [ctypes.c_double() for _ in range(4)]
    call("inst_reweighting_forward", chain.size, chain, known, *(ctypes.byref(result) for result in results))
    return Forward(*(result.value for result in results))


def mode_balance(labels: Any, expected_share: float = 0.5) -> ModeBalance:
    """Share of a chain's fields with a label above 0 (their magnetisation, say): below a `probability` of 1e-6 it is
    not the expected one."""
    return _balance("inst_mode_balance", labels, expected_share)


def mode_balance_independent(labels: Any, expected_share: float = 0.5) -> ModeBalance:
    """The same for independent fields, such as samples of a model."""
    return _balance("inst_mode_balance_independent", labels, expected_share)


def _balance(name: str, labels: Any, expected_share: float) -> ModeBalance:
    series = _series("labels", labels)
    results = [ctypes.c_double() for _ in range(3)]
    call(name, series.size, series, expected_share, *(ctypes.byref(result) for result in results))
    return ModeBalance(*(result.value for result in results))
