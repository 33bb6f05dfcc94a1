"""What is recorded and shown while a model is trained."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Optional, Union

import numpy as np

from ._arrays import Numbers
from ._calls import from_library
from ._prototypes import PROGRESS

Progress = Union[Callable[[int, int, float, float], Any], bool, None]


class History(NamedTuple):
    """Loss <log q + S> and effective sample size (0 to 1) after each step of a training."""

    step: Numbers
    """Numbers of the steps, int64; a run that goes on after a stop does not begin at 1."""
    loss: Numbers
    ess: Numbers
    finished: bool
    """Whether the last step of the run was done."""


class Bar:
    """A bar of tqdm with loss and effective sample size beside it."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._bar: Any = None

    def __call__(self, step: int, steps: int, loss: float, ess: float) -> None:
        if self._bar is None:
            self._bar = self._tqdm(total=steps, initial=step - 1, unit="step")
        self._bar.set_postfix(loss=f"{loss:.4f}", ess=f"{ess:.3f}", refresh=False)
        self._bar.update(step - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def bar() -> Optional[Bar]:
    """A bar, or None where tqdm is not installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return Bar(tqdm)


class Recorder:
    """The progress callback of one training: it keeps the numbers, and shows them if asked to."""

    def __init__(self, progress: Progress) -> None:
        if not (progress is None or isinstance(progress, bool) or callable(progress)):
            raise TypeError(f"progress: expected a function, True or None, got {type(progress).__name__}")
        self._bar = bar() if progress is True else None
        self._show = self._bar if isinstance(progress, bool) else progress
        self._numbers: list[tuple[int, float, float]] = []
        self._steps = 0
        self.stopped = False
        """Whether `progress` has asked to stop."""
        self.callback = PROGRESS(self._called)

    def _called(self, step: int, steps: int, loss: float, ess: float, user: Any) -> int:
        # Recorded outside what an interrupt can end: the history has the last step, too.
        self._numbers.append((step, loss, ess))
        self._steps = steps
        return from_library(lambda: self._asks_to_stop(step, steps, loss, ess))

    def _asks_to_stop(self, step: int, steps: int, loss: float, ess: float) -> int:
        if self._show is not None:
            self.stopped = bool(self._show(step, steps, loss, ess))
        return int(self.stopped)

    def history(self) -> History:
        """What has been recorded so far."""
        step, loss, ess = (np.array([row[k] for row in self._numbers]) for k in range(3))
        return History(step.astype(np.int64), loss, ess, bool(self._numbers) and self._numbers[-1][0] == self._steps)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        if self._bar is not None:
            self._bar.close()
