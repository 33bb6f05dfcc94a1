"""Finds and loads the shared library.

Looked at in this order: the file that the environment variable INSTANTON_LIBRARY names, the file in this package, and
what the system's loader finds. It is loaded at the first call, once in a process.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from pathlib import Path

from ._prototypes import PROTOTYPES

FILE_NAME = "libinstanton.dylib" if sys.platform == "darwin" else "libinstanton.so"


def candidates() -> list[str]:
    """Names for the loader, the first that is there first."""
    named = os.environ.get("INSTANTON_LIBRARY")
    if named:
        return [named]
    packaged = Path(__file__).with_name(FILE_NAME)
    return [str(packaged)] if packaged.exists() else [FILE_NAME]


@functools.lru_cache(maxsize=None)
def library() -> ctypes.CDLL:
    """The library with all its functions declared. Raises ImportError where it is not found, or lacks a function."""
    [name] = candidates()
    try:
        loaded = ctypes.CDLL(name)
    except OSError as reason:
        raise ImportError(f"the library of instanton cannot be loaded ({reason}); expected it at the path in the "
                          f"environment variable INSTANTON_LIBRARY, as {FILE_NAME} in {Path(__file__).parent}, or on "
                          "the system's loader path") from None
    for function_name, (result, arguments) in PROTOTYPES.items():
        try:
            function = getattr(loaded, function_name)
        except AttributeError:
            raise ImportError(f"{name}: expected the function {function_name}, got a library without it; is it "
                              "another version?") from None
        function.restype = result
        function.argtypes = arguments
    return loaded


def version() -> str:
    """The version of the library that is loaded, "1.2.3"."""
    found: bytes = library().inst_version()
    return found.decode()
