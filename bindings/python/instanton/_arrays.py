"""Arrays in and out.

An input that is a C-contiguous array of the right type is passed as it is; another one is converted,
which takes a copy.
An output is a new array, or is written into `out`, which must be what a new one would be.
"""

from __future__ import annotations

import math
import operator
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from .errors import BadShape

Shape = tuple[int, ...]
Numbers = npt.NDArray[Any]
REAL = np.dtype(np.float64)
COMPLEX = np.dtype(np.complex128)


def as_numbers(name: str, value: Any, dtype: np.dtype[Any]) -> Numbers:
    """`value` as a contiguous array of `dtype`, itself where it is one."""
    array = np.asarray(value)
    if array.dtype == dtype and array.flags.c_contiguous and array.flags.aligned:
        return array
    if not np.can_cast(array.dtype, dtype, "same_kind"):
        raise TypeError(f"{name}: expected numbers of {dtype}, got {array.dtype}")
    return np.require(array, dtype, ["C", "A"]).reshape(array.shape)


def input_one(name: str, value: Any, shape: Shape, dtype: np.dtype[Any]) -> Numbers:
    """One field of this shape."""
    array = as_numbers(name, value, dtype)
    if array.shape != shape:
        raise BadShape(f"{name}: expected shape {shape}, got {array.shape}")
    return array


def input_batch(name: str, value: Any, shape: Shape, dtype: np.dtype[Any]) -> tuple[Numbers, Shape, int]:
    """Fields whose last axes are `shape`: the array, its leading axes, and how many fields it holds."""
    array = as_numbers(name, value, dtype)
    leading = array.shape[:max(array.ndim - len(shape), 0)]
    if array.shape != leading + shape:
        raise BadShape(f"{name}: expected shape {shape}, or more axes before these, got {array.shape}")
    return array, leading, math.prod(leading)


def output(out: Optional[Numbers], shape: Shape, dtype: np.dtype[Any], name: str = "out") -> Numbers:
    """`out` where it can be written to as it is, and a new array where it is None."""
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{name}: expected a numpy array, got {type(out).__name__}")
    if out.dtype != dtype:
        raise TypeError(f"{name}: expected numbers of {dtype}, got {out.dtype}")
    if out.shape != shape:
        raise BadShape(f"{name}: expected shape {shape}, got {out.shape}")
    if not (out.flags.c_contiguous and out.flags.aligned):
        raise ValueError(f"{name}: expected a C-contiguous array, got strides {out.strides}")
    if not out.flags.writeable:
        raise ValueError(f"{name}: expected an array that can be written to, got a read-only one")
    return out


def single(array: Numbers) -> Union[float, Numbers]:
    """The number of an array without axes, and any other array as it is."""
    return float(array) if array.ndim == 0 else array


def whole(name: str, value: Any, least: int, most: int) -> int:
    """A whole number in a range: of what the C interface could only cut to size."""
    number = operator.index(value)
    if not least <= number <= most:
        raise BadShape(f"{name}: expected a whole number from {least} to {most}, got {number}")
    return number


def counter_of(value: Any) -> int:
    """A counter of random numbers, of 64 bits; the library refuses the last one, 2^64 - 1."""
    return whole("counter", value, 0, 2**64 - 1)
