"""Exact learned proposals for lattice codes.

Context, Lattice, Action, Model, Proposal and Chain are the main job; Gauge, Layout and Dirac are gauge fields and
fermions. In numpy x is the last axis: a lattice of extent (Lx, Ly) has fields of shape (Ly, Lx). `pictures` needs
matplotlib, and nothing else needs more than numpy. Nothing prints or shows anything but where it is asked to.
"""

from . import constants, pictures, statistics
from ._calls import watch
from ._library import version
from ._training import History
from .action import Action
from .chain import Chain, Reversal, Step
from .context import Context, Lattice, devices
from .dirac import Dirac, Solution, Spectrum
from .errors import (BadInput, BadShape, BadSpec, Error, Internal, IoError, NoDevice, NotConverged, NullArgument,
                     Stopped, Unsupported)
from .gauge import Gauge, probe
from .ladder import Ladder, Standing
from .layout import Layout, Place
from .model import Model, PathSamples, Samples
from .proposal import Proposal, Proposed
from .statistics import (Autocorrelation, Divergence, Forward, Mean, ModeBalance, Nested, ReplicaAutocorrelation, Reweighting,
                         TwoSided, autocorrelation, autocorrelation_replicas, kl_per_site, mode_balance,
                         mode_balance_independent, reweighting, reweighting_forward, reweighting_mean, reweighting_nested,
                         reweighting_tail, reweighting_two_sided)

__version__ = "0.1.0"

__all__ = [
    "Action", "Autocorrelation", "BadInput", "BadShape", "BadSpec", "Chain", "Context", "Dirac", "Divergence", "Error",
    "Forward", "Gauge", "History", "Internal", "IoError", "Ladder", "Lattice", "Layout", "Mean", "ModeBalance", "Model", "Nested", "NoDevice",
    "NotConverged", "NullArgument", "Place", "Proposal", "Proposed", "ReplicaAutocorrelation", "Reversal", "Reweighting",
    "PathSamples", "Samples", "Solution", "Spectrum", "Standing", "Step", "Stopped", "TwoSided", "Unsupported", "autocorrelation",
    "autocorrelation_replicas", "constants", "devices", "kl_per_site", "mode_balance", "mode_balance_independent",
    "pictures", "probe", "reweighting", "reweighting_forward", "reweighting_mean", "reweighting_nested", "reweighting_tail",
    "reweighting_two_sided", "statistics", "version", "watch",
]
