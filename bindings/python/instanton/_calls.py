"""Calls of the library, and what Python's exceptions and signals do while it calls back.

An exception cannot pass through the library. One that is raised in a callback is kept, the callback asks the library to
stop, and the call that it was for raises the exception again.

Python runs a signal's handler between two of its own instructions; that may be before a callback has reached its `try`,
from where an exception would be lost. During calls that may call back, handlers are therefore noted, and run inside
the `try` of the next callback or at the end of the call: Ctrl-C raises KeyboardInterrupt there as anywhere else.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from types import FrameType
from typing import Any, Callable, Optional

from ._library import library
from .errors import last_error


class _Pending(threading.local):
    """The exception of a callback of this thread, until the call that it was for has returned."""

    error: Optional[BaseException] = None


_pending = _Pending()


class _Deferred:
    """Signals that have come during a call of the main thread, and the handlers that wait for them."""

    def __init__(self) -> None:
        self.handlers: dict[int, Callable[[int, Optional[FrameType]], Any]] = {}
        self.come: list[tuple[int, Optional[FrameType]]] = []
        self.inside = False
        """Whether the body of a callback runs, where an exception is caught."""

    def note(self, number: int, frame: Optional[FrameType]) -> None:
        self.come.append((number, frame))
        if self.inside:
            self.deliver()

    def deliver(self) -> None:
        while self.come:
            come = self.come.pop(0)
            self.handlers[come[0]](*come)


_deferred: Optional[_Deferred] = None


def call(name: str, *arguments: Any) -> None:
    """Calls a function that returns a status; raises the exception of a callback, or that of the status."""
    status = getattr(library(), name)(*arguments)
    error = _pending.error
    if error is not None:
        _pending.error = None
        raise error
    if status != 0:
        raise last_error(status)


def call_that_calls_back(name: str, *arguments: Any) -> None:
    """The same for a call that may run Python code: signals wait for that code or for the end."""
    global _deferred
    if threading.current_thread() is not threading.main_thread():
        call(name, *arguments)
        return
    if _deferred is not None:
        outer, inside = _deferred, _deferred.inside
        try:
            outer.inside = False
            call(name, *arguments)
        finally:
            outer.inside = inside
        return
    deferred = _Deferred()
    try:
        _deferred = deferred
        for number in map(int, signal.valid_signals()):
            handler = signal.getsignal(number)
            if callable(handler):
                deferred.handlers[number] = handler
                signal.signal(number, deferred.note)
        call(name, *arguments)
    finally:
        _deferred = None
        for number, handler in deferred.handlers.items():
            signal.signal(number, handler)
        deferred.deliver()


def from_library(function: Callable[[], int]) -> int:
    """Runs the body of a callback: its result, or 1 (stop) where it raised."""
    try:
        deferred = _deferred if threading.current_thread() is threading.main_thread() else None
        if deferred is None:
            return function()
        try:
            deferred.inside = True
            deferred.deliver()
            return function()
        finally:
            deferred.inside = False
    except BaseException as error:
        _pending.error = error
        return 1


def text(name: str, *arguments: Any) -> str:
    """The text of a function that takes a buffer, its capacity and the size that is needed."""
    needed = ctypes.c_int64()
    call(name, *arguments, None, 0, ctypes.byref(needed))
    buffer = ctypes.create_string_buffer(needed.value)
    call(name, *arguments, buffer, needed.value, ctypes.byref(needed))
    return buffer.value.decode()
