"""Pictures of trainings and series, with matplotlib where it is installed."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from ._arrays import REAL, Numbers, as_numbers
from ._training import History
from .errors import BadShape
from .statistics import autocorrelation as gamma_method


def _axes(axes: Any) -> Any:
    """The axes that were given, or those of a new figure."""
    if axes is not None:
        return axes
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError("pictures: expected matplotlib, which is not installed (pip install matplotlib)") from None
    return pyplot.subplots()[1]


def history(recorded: History, axes: Any = None) -> Any:
    """Loss and effective sample size against the step. Returns the axes of the loss; those of the other have the right
    side of the same figure."""
    axes = _axes(axes)
    axes.plot(recorded.step, recorded.loss, color="C0", linewidth=0.8)
    axes.set_xlabel("step")
    axes.set_ylabel(r"loss $\langle\log q + S\rangle$", color="C0")
    right = axes.twinx()
    right.plot(recorded.step, recorded.ess, color="C1", linewidth=0.8)
    right.set_ylim(0.0, 1.0)
    right.set_ylabel("effective sample size", color="C1")
    return axes


def normalised_autocorrelation(series: Any, longest: int) -> Numbers:
    """rho(t) = Gamma(t) / Gamma(0) for t = 0 .. longest, Gamma(t) the mean of products at distance t."""
    numbers = as_numbers("series", series, REAL)
    if numbers.ndim != 1 or not 0 <= longest < numbers.size:
        raise BadShape(f"series: expected one axis of more than {longest} numbers, got shape {numbers.shape}")
    centred = numbers - numbers.mean()
    spectrum = np.abs(np.fft.rfft(centred, 2 * numbers.size)) ** 2
    gamma = np.fft.irfft(spectrum)[:longest + 1] / (numbers.size - np.arange(longest + 1))
    rho: Numbers = gamma / gamma[0]
    return rho


def autocorrelation(series: Any, axes: Any = None, longest: Optional[int] = None) -> Any:
    """rho(t) of a series up to the distance `longest`, with tau_int and its error in the legend. Returns the axes."""
    found = gamma_method(series)
    if longest is None:
        longest = min(np.size(series) - 1, max(10, int(np.ceil(10.0 * found.tau))))
    axes = _axes(axes)
    axes.plot(normalised_autocorrelation(series, longest), marker=".",
              label=rf"$\tau_{{\rm int}} = {found.tau:.3g} \pm {found.tau_error:.1g}$")
    axes.axhline(0.0, color="0.7", linewidth=0.8)
    axes.set_xlabel("t")
    axes.set_ylabel(r"$\rho(t)$")
    axes.legend()
    return axes
