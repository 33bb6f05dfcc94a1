"""Names of files as the library takes them."""

from __future__ import annotations

import os
from typing import Union


def path_bytes(path: Union[str, os.PathLike[str]]) -> bytes:
    """The bytes of a path; it holds no zero byte, which would end it early."""
    name = os.fsencode(path)
    if b"\0" in name:
        raise ValueError(f"path: expected a name without zero bytes, got {path!r}")
    return name
