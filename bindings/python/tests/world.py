"""What every test is set up with: the folders of the repository, and a small theory."""

import os
import threading
from pathlib import Path
from unittest import mock

import numpy as np

import instanton
from instanton import _calls

REPOSITORY = Path(__file__).resolve().parents[3]
MODELS = Path(os.environ.get("INSTANTON_MODELS", REPOSITORY / "models"))
FIELDS = REPOSITORY / "tests" / "fields"
COUPLINGS = {"type": "phi4", "mass_squared": -4, "lambda": 6.975}
SMALL_MODEL = {"type": "affine", "layers": 4, "hidden": [4]}


class World:
    """A lattice of extent (x, y) with an action and a small, untrained model."""

    def __init__(self, extent=(4, 6), **context):
        self.context = instanton.Context({"threads": 2, **context})
        self.lattice = instanton.Lattice(self.context, extent)
        self.action = instanton.Action(self.lattice, COUPLINGS)
        self.model = instanton.Model(self.lattice, SMALL_MODEL)
        self.random = np.random.default_rng(7)

    def fields(self, *leading):
        return self.random.normal(size=(*leading, *self.lattice.shape))


def action_of(phi):
    """S of COUPLINGS for phi[..., y, x], from its definition."""
    steps = sum((np.roll(phi, -1, axis) - phi) ** 2 for axis in (-1, -2))
    return (steps - 4.0 * phi**2 + 6.975 * phi**4).sum((-1, -2))


def gradient_of(phi):
    """dS/dphi of the same."""
    around = sum(np.roll(phi, shift, axis) for shift in (1, -1) for axis in (-1, -2))
    return 8.0 * phi - 2.0 * around - 8.0 * phi + 4.0 * 6.975 * phi**3


class Recording:
    """The library, with the arguments of every call kept and its functions run as they are."""

    def __init__(self, library):
        self._library = library
        self.calls = []

    def __getattr__(self, name):
        function = getattr(self._library, name)

        def called(*arguments):
            self.calls.append((name, arguments))
            return function(*arguments)

        return called


def recording():
    """For `with`: calls are recorded."""
    return mock.patch.object(_calls, "library", lambda recorded=Recording(_calls.library()): recorded)


def random_links(random, shape):
    """Matrices of SU(N) of shape (..., N, N), from the Q of a QR decomposition."""
    matrices = random.normal(size=shape) + 1j * random.normal(size=shape)
    unitary = np.linalg.qr(matrices)[0]
    return unitary / np.linalg.det(unitary)[..., None, None] ** (1.0 / shape[-1])


def in_thread(function):
    """Runs a function in another thread and gives its result, or raises its exception."""
    results = []

    def run():
        try:
            results.append((function(), None))
        except BaseException as error:
            results.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    result, error = results[0]
    if error is not None:
        raise error
    return result
