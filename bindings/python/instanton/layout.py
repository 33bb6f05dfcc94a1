"""Layouts: where a host keeps its fields."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional, Union

import numpy as np

from . import _specification
from ._arrays import REAL, Numbers, as_numbers, input_one, output, whole
from ._field import FieldType, links_of
from ._handle import Handle, pointer_of
from ._specification import Spec
from .context import Lattice
from .errors import BadShape

Memory = Union[Numbers, Sequence[Numbers]]
"""A host's memory: one array for each base pointer, or the array itself where there is one. C- and Fortran-contiguous
arrays of any type and shape are taken as they lie in memory."""


COLOURS = {"su3": 3, "su2": 2, "u1": 1, "real": 0}
"""N of the links, 0 for real fields, by the key `fields` of a spec."""


class Place(NamedTuple):
    """Where a number lies: its base pointer, and bytes from there."""

    base: int
    offset: int


class Layout(Handle):
    """The order of a host's fields, for example `Layout(lattice, order='milc', fields='su3', precision='f32')`.

    `sites[t, z, y, x]`, for order 'strides', are the places of the first numbers of the sites, instead of `strides.site`.
    `bases` says how many base pointers there are, `bytes` how many bytes the field takes from each on.
    """

    _kind = "layout"

    def __init__(self, lattice: Lattice, spec: Spec = None, *, sites: Any = None, **keys: Any) -> None:
        spec = _specification.merge(spec, keys)
        what = _specification.encode(spec)
        if sites is None:
            self._new("inst_layout_new", pointer_of(lattice), what)
        else:
            first = input_one("sites", sites, lattice.shape, np.dtype(np.int64))
            self._new("inst_layout_new_with_sites", pointer_of(lattice), what, first)
        colours = COLOURS[_specification.word(spec, "fields") or "su3"]
        self._field = links_of(lattice, colours) if colours else FieldType(lattice.shape, REAL)
        self._extent = lattice.extent
        bases, size = ctypes.c_int32(), ctypes.c_int64()
        self._call("inst_layout_size", ctypes.byref(bases), ctypes.byref(size))
        self.bases: int = bases.value
        self.bytes: int = size.value

    def offset(self, x: Sequence[int], mu: int = 0, row: int = 0, column: int = 0, imaginary: int = 0) -> Place:
        """Where a number of link `mu` at the site x = (x, y, z, t) lies; imaginary is 0 or 1."""
        site = as_numbers("x", x, np.dtype(np.int64))
        if site.shape != (len(self._extent),):
            raise BadShape(f"x: expected {len(self._extent)} coordinates, got shape {site.shape}")
        indices = [whole("index", index, -2**31, 2**31 - 1) for index in (mu, row, column, imaginary)]
        base, offset = ctypes.c_int32(), ctypes.c_int64()
        self._call("inst_layout_offset", site, *indices, ctypes.byref(base), ctypes.byref(offset))
        return Place(base.value, offset.value)

    def import_(self, memory: Memory, out: Optional[Numbers] = None) -> Numbers:
        """The fields in a host's memory as links (t, z, y, x, d, N, N) or real numbers (t, z, y, x)."""
        base = addresses(self, memory, writeable=False)
        out = output(out, *self._field)
        _expect_apart(memory, out)
        self._call("inst_layout_import", base, out)
        return out

    def export(self, fields: Any, memory: Memory) -> None:
        """Puts links or a real field into a host's memory."""
        fields = input_one("fields", fields, *self._field)
        base = addresses(self, memory, writeable=True)
        _expect_apart(memory, fields)
        self._call("inst_layout_export", fields, base)


def _arrays_of(memory: Memory) -> list[Numbers]:
    return [memory] if isinstance(memory, np.ndarray) else list(memory)


def addresses(layout: Layout, memory: Memory, writeable: bool) -> Any:
    """The base pointers of a host's memory, which is large enough for the layout."""
    arrays = _arrays_of(memory)
    if len(arrays) != layout.bases:
        raise BadShape(f"memory: expected {layout.bases} arrays, one for each base pointer, got {len(arrays)}")
    for array in arrays:
        if not isinstance(array, np.ndarray):
            raise TypeError(f"memory: expected numpy arrays, got {type(array).__name__}")
        if not (array.flags.c_contiguous or array.flags.f_contiguous):
            raise ValueError(f"memory: expected contiguous arrays, got strides {array.strides}")
        if writeable and not array.flags.writeable:
            raise ValueError("memory: expected arrays that can be written to, got a read-only one")
        if array.nbytes < layout.bytes:
            raise BadShape(f"memory: expected at least {layout.bytes} bytes in each array, got {array.nbytes}")
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))


def _expect_apart(memory: Memory, fields: Numbers) -> None:
    if any(np.may_share_memory(array, fields) for array in _arrays_of(memory)):
        raise ValueError("memory: expected arrays apart from the fields, got some that overlap them")
