"""Calls of the library, and what Python's exceptions and signals do while it calls back.

An exception cannot pass through the library. One that is raised in a callback is kept, the callback asks the library to
stop, and the call that it was for raises the exception again.

Python runs a signal's handler between two of its own instructions; that may be before a callback has reached its `try`,
from where an exception would be lost. During calls that may call back, handlers are therefore noted, and run inside
the `try` of the next callback or at the end of the call: Ctrl-C raises KeyboardInterrupt there as anywhere else.

Calls that may be long are watched: ten times a second the library calls back, so that Ctrl-C ends them, and the function
of `watch` hears how far they are.
"""

from __future__ import annotations

import _signal
import contextlib
import ctypes
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Callable, Optional

from . import _library
from ._library import library
from ._prototypes import WATCH
from .errors import last_error

LONG = frozenset({
    "inst_action_value", "inst_action_gradient", "inst_action_refresh", "inst_model_sample", "inst_model_sample_paths",
    "inst_model_log_density", "inst_chain_new", "inst_chain_set_field", "inst_chain_step", "inst_chain_reversibility", "inst_gauge_observe",
    "inst_gauge_smear", "inst_dirac_apply", "inst_dirac_solve", "inst_dirac_spectrum", "inst_dirac_spectrum_with_residuals",
})
"""Functions that are watched, beside those that run Python code anyway."""

_SIGNALS = tuple(int(number) for number in signal.valid_signals())

Watcher = Callable[[str, int, int, float], Any]


class _Pending(threading.local):
    """The exception of a callback of this thread, until the call that it was for has returned."""

    error: Optional[BaseException] = None


_pending = _Pending()


class _Watch(threading.local):
    """Who hears of this thread's long calls, and whether one of them is under way."""

    function: Optional[Watcher] = None
    inside = False


_watch = _Watch()


@contextlib.contextmanager
def watch(function: Watcher) -> Iterator[None]:
    """For `with`: long calls of this thread tell `function(work, done, total, figure)` how far they are, ten times a second
    at most: the name of the work, steps done of `total` (0: not known), and a number such as the relative residual of a
    solve. A true result ends the call, which raises Stopped; so does an exception, which is raised again."""
    before, _watch.function = _watch.function, function
    try:
        yield
    finally:
        _watch.function = before


def _heard(work: bytes, done: int, total: int, figure: float, user: Any) -> int:
    def body() -> int:
        function = _watch.function
        return int(function is not None and bool(function(work.decode(), done, total, figure)))

    return from_library(body)


_HEARD = WATCH(_heard)


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


def _watched(name: str, *arguments: Any) -> None:
    """A call that the library reports the progress of, on this thread; so are the calls that it makes by way of Python."""
    if _watch.inside:
        call(name, *arguments)
        return
    loaded = _library.library()
    _watch.inside = True
    loaded.inst_watch(_HEARD, None)
    try:
        call(name, *arguments)
    finally:
        loaded.inst_watch(WATCH(), None)
        _watch.inside = False


def call_that_calls_back(name: str, *arguments: Any) -> None:
    """The same for a call that may run Python code: signals wait for that code or for the end."""
    global _deferred
    if threading.current_thread() is not threading.main_thread():
        _watched(name, *arguments)
        return
    if _deferred is not None:
        outer, inside = _deferred, _deferred.inside
        try:
            outer.inside = False
            _watched(name, *arguments)
        finally:
            outer.inside = inside
        return
    deferred = _Deferred()
    try:
        _deferred = deferred
        # The functions behind those of the module `signal`, which take as long as a short call of the library.
        for number in _SIGNALS:
            handler = _signal.getsignal(number)
            if callable(handler):
                deferred.handlers[number] = handler
                _signal.signal(number, deferred.note)
        _watched(name, *arguments)
    finally:
        _deferred = None
        for number, handler in deferred.handlers.items():
            _signal.signal(number, handler)
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
