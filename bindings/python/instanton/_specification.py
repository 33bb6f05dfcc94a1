"""Specs: dicts and keywords become JSON text, texts go to the library as they are. Complex numbers become pairs [re, im].

A key that is a word of Python is written with an underscore behind it:
`Action(lattice, type='phi4', lambda_=1.0, ...)`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Optional, Union

import numpy as np

from .errors import BadSpec

Spec = Union[str, Mapping[str, Any], None]

# Couplings that may differ from site to site: arrays of the lattice's shape become lists with x fastest.
_PER_SITE = ("mass_squared", "lambda", "source")

_TOKEN = re.compile(r"""//[^\n\r\u2028\u2029]*|/\*.*?\*/|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[\w$]+)"""
                    r"""|(?P<mark>:)|\S""", re.DOTALL)


def merge(spec: Spec, keys: Mapping[str, Any]) -> Spec:
    """One spec from a spec and keywords."""
    if not keys:
        return spec
    if isinstance(spec, str):
        raise TypeError(f"spec: expected a dict beside the keywords {', '.join(keys)}, got text")
    return {**(spec or {}), **{key[:-1] if key.endswith("_") else key: value for key, value in keys.items()}}


def _plain(value: Any, key: Optional[str] = None) -> Any:
    if isinstance(value, Mapping):
        return {inner: _plain(item, inner) for inner, item in value.items()}
    if isinstance(value, np.ndarray):
        return (value.ravel() if key in _PER_SITE else value).tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    value = value.item() if isinstance(value, np.generic) else value
    return [value.real, value.imag] if isinstance(value, complex) else value


def encode(spec: Spec) -> Optional[bytes]:
    """The text of a spec for the library. BadSpec for numbers that are not finite, and what JSON has no form for."""
    if spec is None:
        return None
    if not isinstance(spec, (str, Mapping)):
        raise TypeError(f"spec: expected text, a dict or None, got {type(spec).__name__}")
    if not isinstance(spec, str):
        try:
            return json.dumps(_plain(spec), allow_nan=False).encode()
        except ValueError as reason:
            raise BadSpec(f"spec: expected finite numbers ({reason})") from None
        except TypeError as reason:
            raise BadSpec(f"spec: expected numbers, texts, lists and dicts ({reason})") from None
    if "\0" in spec:
        raise BadSpec("spec: expected text, got a zero byte in it")
    return spec.encode()


def _word_of_tree(value: Any, key: str) -> Optional[str]:
    items: list[Any] = []
    if isinstance(value, Mapping):
        if key in value:
            return str(value[key])
        items = list(value.values())
    elif isinstance(value, (list, tuple)):
        items = list(value)
    return next((found for found in (_word_of_tree(item, key) for item in items) if found is not None), None)


def word(spec: Spec, key: str) -> Optional[str]:
    """The first word that stands for `key` anywhere in a spec, None where the key is absent."""
    if not isinstance(spec, str):
        return _word_of_tree(spec, key)
    if "\\" in spec:
        raise BadSpec("spec: expected text without escapes; give this one as a dict")
    tokens = [match for match in _TOKEN.finditer(spec) if not match.group().startswith(("//", "/*"))]
    words = [match["double"] or match["single"] or match["word"] for match in tokens]
    for place in range(len(tokens) - 2):
        if words[place] == key and tokens[place + 1].group("mark"):
            return words[place + 2]
    return None
