"""Objects of the library as Python objects: closed once, by `close`, by `with`, or with the last reference.

A pointer is freed when nothing refers to it any more. A call that is under way in another thread refers to it, so that
`close` there ends the object after that call.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from types import TracebackType
from typing import Any, Optional, TypeVar

from ._calls import LONG, call, call_that_calls_back
from ._library import library

Self = TypeVar("Self", bound="Handle")


class Pointer(ctypes.c_void_p):
    """An opaque pointer, with the callbacks that the library may call for as long as the object lives."""

    callbacks: tuple[Any, ...] = ()


def _free(name: str, address: int, process: int) -> None:
    # The threads of a context are those of the process that made it; in a fork there is nothing to end.
    if os.getpid() == process:
        getattr(library(), name)(address)


class Handle:
    """The base of all objects. It is a context manager, and may be closed more than once."""

    _kind = ""
    _open: Optional[Pointer] = None

    def _new(self, name: str, *arguments: Any, callbacks: tuple[Any, ...] = ()) -> None:
        """Makes the object with the function `name`, whose last argument is the place for the pointer."""
        pointer = Pointer()
        pointer.callbacks = callbacks
        (call_that_calls_back if callbacks or name in LONG else call)(name, *arguments, ctypes.byref(pointer))
        weakref.finalize(pointer, _free, f"inst_{self._kind}_free", pointer.value or 0, os.getpid())
        self._open = pointer

    @property
    def _pointer(self) -> Pointer:
        if self._open is None:
            raise ValueError(f"{type(self).__name__}: expected an open object, got one that was closed")
        return self._open

    @property
    def _callbacks(self) -> tuple[Any, ...]:
        return self._pointer.callbacks

    def _call(self, name: str, *arguments: Any) -> None:
        """Calls a function of this object."""
        pointer = self._pointer
        (call_that_calls_back if pointer.callbacks or name in LONG else call)(name, pointer, *arguments)

    def _count(self) -> int:
        """How many numbers a field of this object has."""
        count = ctypes.c_int64()
        self._call(f"inst_{self._kind}_count", ctypes.byref(count))
        return count.value

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._open is None

    def close(self) -> None:
        """Frees the object. What was made from it stays usable; it does not."""
        self._open = None

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def __reduce__(self) -> Any:
        raise TypeError(f"{type(self).__name__}: objects of the library cannot be pickled or copied")


def pointer_of(handle: Handle) -> Pointer:
    """The pointer of an object that another one is made from."""
    if not isinstance(handle, Handle):
        raise TypeError(f"expected an object of this package, got {type(handle).__name__}")
    return handle._pointer
