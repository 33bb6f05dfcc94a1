"""One exception for each status; the message is the library's own: what, what was expected, what was got."""

from __future__ import annotations

from typing import Any

from . import constants
from ._library import library


class Error(Exception):
    """What every failing call raises. `status` is the value of the C interface, see `instanton.constants`."""

    status: int = -1


class NullArgument(Error, TypeError):
    """Something that is required was None."""

    status = constants.NULL_ARGUMENT


class BadSpec(Error, ValueError):
    """A spec: its syntax, an unknown or missing key, a value out of range."""

    status = constants.BAD_SPEC


class BadShape(Error, ValueError):
    """Sizes of objects or arrays that do not fit each other."""

    status = constants.BAD_SHAPE


class BadInput(Error, ValueError):
    """Numbers: NaN, links that are not in the group, a wrong checksum."""

    status = constants.BAD_INPUT


class IoError(Error, OSError):
    """A file that could not be read or written."""

    status = constants.IO


class NotConverged(Error, ArithmeticError):
    """A solver or root finder gave up. After `Dirac.solve` its `solution` says how far it came."""

    status = constants.NOT_CONVERGED
    solution: Any = None


class NoDevice(Error, RuntimeError):
    """The device asked for, or its driver, is not there or has failed."""

    status = constants.NO_DEVICE


class Stopped(Error):
    """A callback asked to stop."""

    status = constants.STOPPED


class Unsupported(Error, RuntimeError):
    """A combination that has no meaning or is not provided, or an object that another thread is changing."""

    status = constants.UNSUPPORTED


class Internal(Error, RuntimeError):
    """A defect of the library, caught; the object is unusable."""

    status = constants.INTERNAL


BY_STATUS = {kind.status: kind for kind in (NullArgument, BadSpec, BadShape, BadInput, IoError, NotConverged, NoDevice,
                                            Stopped, Unsupported, Internal)}


def last_error(status: int) -> Error:
    """The exception for a call of this thread that has just returned `status`."""
    message = library().inst_last_error().decode("utf-8", "replace")
    error = BY_STATUS.get(status, Error)(message)
    error.status = status
    return error
