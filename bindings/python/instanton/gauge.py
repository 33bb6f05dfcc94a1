"""Gauge fields: one link U_mu(x) in a group for each site and direction."""

from __future__ import annotations

import ctypes
import json
import os
from typing import Any, Optional, Union

import numpy as np

from . import _specification
from ._arrays import Numbers, input_one, output
from ._calls import text
from ._field import field_of_count
from ._handle import Handle, pointer_of
from ._paths import path_bytes
from ._specification import Spec
from .context import Lattice
from .layout import Layout, Memory, addresses


def probe(path: Union[str, os.PathLike[str]]) -> list[dict[str, Any]]:
    """What a file of a gauge field may hold, one dict for each format: `format`, `extents`, `group`, `precision`, `bytes`.

    None stands for what the file does not say. Extents begin with x, as those of a `Lattice`.
    """
    found: list[dict[str, Any]] = json.loads(text("inst_gauge_probe", path_bytes(path)))
    return found


class Gauge(Handle):
    """A field with all links one, for example `Gauge(lattice, group='su2')`; the group is 'su3' by default.

    Links are complex128 of shape (t, z, y, x, d, N, N): direction, row, column; direction 0 is x.
    """

    _kind = "gauge"

    def __init__(self, lattice: Lattice, spec: Spec = None, **keys: Any) -> None:
        self._new("inst_gauge_new", pointer_of(lattice), _specification.encode(_specification.merge(spec, keys)))
        self.lattice_shape = lattice.shape
        self.links_shape, self._dtype = field_of_count(lattice, self._count())

    @property
    def colours(self) -> int:
        """N, the rows of a link."""
        return self.links_shape[-1]

    def links(self, out: Optional[Numbers] = None) -> Numbers:
        """All links."""
        out = output(out, self.links_shape, self._dtype)
        self._call("inst_gauge_links", out)
        return out

    def set_links(self, links: Any, spec: Spec = None, **keys: Any) -> None:
        """Takes these links, which must be in the group. Keys: verify=True, project=False."""
        numbers = input_one("links", links, self.links_shape, self._dtype)
        self._call("inst_gauge_set_links_with", numbers, _specification.encode(_specification.merge(spec, keys)))

    def read(self, path: Union[str, os.PathLike[str]], spec: Spec = None, **keys: Any) -> None:
        """Reads a configuration; its format is found by its content. Keys: format, verify=True, project=False."""
        self._call("inst_gauge_read", path_bytes(path), _specification.encode(_specification.merge(spec, keys)))

    def write(self, path: Union[str, os.PathLike[str]], spec: Spec = None, **keys: Any) -> None:
        """Writes a configuration. Keys: format='ildg', precision, byte_order, rows, verify=True."""
        self._call("inst_gauge_write", path_bytes(path), _specification.encode(_specification.merge(spec, keys)))

    def observe(self, spec: Spec = None, **keys: Any) -> Union[float, Numbers]:
        """One observable, for example `observe(type='plaquette')`: a number, or an array where it has several."""
        what = _specification.encode(_specification.merge(spec, keys))
        count = ctypes.c_int64()
        self._call("inst_gauge_observe", what, 0, None, ctypes.byref(count))
        values = np.empty(count.value)
        self._call("inst_gauge_observe", what, count.value, values, ctypes.byref(count))
        return float(values[0]) if count.value == 1 else values

    def smear(self, spec: Spec = None, **keys: Any) -> None:
        """Smooths the links, for example `smear(type='stout', rho=0.1, steps=3)`."""
        self._call("inst_gauge_smear", _specification.encode(_specification.merge(spec, keys)))

    def import_(self, layout: Layout, memory: Memory) -> None:
        """Takes the links from a host's memory, see `Layout`."""
        self._call("inst_gauge_import", pointer_of(layout), addresses(layout, memory, writeable=False))

    def export(self, layout: Layout, memory: Memory) -> None:
        """Puts the links into a host's memory."""
        self._call("inst_gauge_export", pointer_of(layout), addresses(layout, memory, writeable=True))
