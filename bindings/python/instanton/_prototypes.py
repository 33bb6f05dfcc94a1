"""The functions of the C interface: result and arguments of each, in the order of the header."""

from __future__ import annotations

from ctypes import (CFUNCTYPE, POINTER, c_char, c_char_p, c_double, c_int32, c_int64, c_uint64, c_void_p)
from typing import Any

import numpy as np

from .constants import Communicator, SolveReport, TwoSidedReport


class Array:
    """An argument that is an array of numbers: a numpy array is passed by its address, None as NULL."""

    dtypes: tuple[np.dtype, ...] = ()

    @classmethod
    def from_param(cls, value: Any) -> Any:
        if value is None or not isinstance(value, np.ndarray):
            return value
        if value.dtype not in cls.dtypes or not (value.flags.c_contiguous and value.flags.aligned):
            raise TypeError(f"array: expected contiguous numbers of {cls.dtypes[0]}, got {value.dtype}")
        return c_void_p(value.ctypes.data)


class Doubles(Array):
    """`double *`: complex numbers are two doubles. A single number is passed by `ctypes.byref`."""

    dtypes = (np.dtype(np.float64), np.dtype(np.complex128))


class Integers(Array):
    """`const int64_t *`."""

    dtypes = (np.dtype(np.int64),)


ACTION = CFUNCTYPE(c_int32, POINTER(c_double), c_int64, POINTER(c_double), POINTER(c_double), c_void_p)
PROGRESS = CFUNCTYPE(c_int32, c_int64, c_int64, c_double, c_double, c_void_p)
WATCH = CFUNCTYPE(c_int32, c_char_p, c_int64, c_int64, c_double, c_void_p)

STATUS = c_int32
OBJECT = c_void_p
NEW_OBJECT = POINTER(c_void_p)
ADDRESSES = POINTER(c_void_p)
TEXT = c_char_p
BUFFER = POINTER(c_char)
REPORT = POINTER(SolveReport)
TWO_SIDED = POINTER(TwoSidedReport)
COMMUNICATOR = POINTER(Communicator)

PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "inst_version": (TEXT, []),
    "inst_last_error": (TEXT, []),
    "inst_context_new": (STATUS, [TEXT, NEW_OBJECT]),
    "inst_context_free": (None, [OBJECT]),
    "inst_devices": (STATUS, [BUFFER, c_int64, POINTER(c_int64)]),
    "inst_watch": (STATUS, [WATCH, c_void_p]),
    "inst_lattice_new": (STATUS, [OBJECT, c_int32, Integers, NEW_OBJECT]),
    "inst_lattice_free": (None, [OBJECT]),
    "inst_action_new": (STATUS, [OBJECT, TEXT, NEW_OBJECT]),
    "inst_action_from_callback": (STATUS, [OBJECT, ACTION, c_void_p, NEW_OBJECT]),
    "inst_action_free": (None, [OBJECT]),
    "inst_action_count": (STATUS, [OBJECT, POINTER(c_int64)]),
    "inst_action_value": (STATUS, [OBJECT, c_int64, Doubles, Doubles]),
    "inst_action_gradient": (STATUS, [OBJECT, c_int64, Doubles, Doubles]),
    "inst_action_refresh": (STATUS, [OBJECT, c_uint64, Doubles, NEW_OBJECT]),
    "inst_model_new": (STATUS, [OBJECT, TEXT, NEW_OBJECT]),
    "inst_model_load": (STATUS, [OBJECT, TEXT, NEW_OBJECT]),
    "inst_model_save": (STATUS, [OBJECT, TEXT]),
    "inst_model_at": (STATUS, [OBJECT, TEXT, NEW_OBJECT]),
    "inst_model_transfer": (STATUS, [OBJECT, OBJECT, NEW_OBJECT]),
    "inst_model_count": (STATUS, [OBJECT, POINTER(c_int64)]),
    "inst_model_describe": (STATUS, [OBJECT, BUFFER, c_int64, POINTER(c_int64)]),
    "inst_model_free": (None, [OBJECT]),
    "inst_model_train": (STATUS, [OBJECT, OBJECT, TEXT, PROGRESS, c_void_p]),
    "inst_model_train_on": (STATUS, [OBJECT, c_int64, Doubles, TEXT, PROGRESS, c_void_p]),
    "inst_model_sample": (STATUS, [OBJECT, c_uint64, c_int64, Doubles, Doubles]),
    "inst_model_sample_paths": (STATUS, [OBJECT, TEXT, c_uint64, c_int64, Doubles, Doubles]),
    "inst_model_log_density": (STATUS, [OBJECT, c_int64, Doubles, Doubles]),
    "inst_proposal_new": (STATUS, [OBJECT, OBJECT, TEXT, NEW_OBJECT]),
    "inst_proposal_free": (None, [OBJECT]),
    "inst_propose": (STATUS, [OBJECT, c_uint64, Doubles, Doubles, Doubles]),
    "inst_chain_new": (STATUS, [OBJECT, OBJECT, TEXT, NEW_OBJECT]),
    "inst_chain_free": (None, [OBJECT]),
    "inst_chain_set_field": (STATUS, [OBJECT, Doubles]),
    "inst_chain_field": (STATUS, [OBJECT, Doubles]),
    "inst_chain_step": (STATUS, [OBJECT, POINTER(c_int32), Doubles, Doubles]),
    "inst_chain_reversibility": (STATUS, [OBJECT, Doubles, Doubles]),
    "inst_chain_describe": (STATUS, [OBJECT, BUFFER, c_int64, POINTER(c_int64)]),
    "inst_chain_save": (STATUS, [OBJECT, TEXT]),
    "inst_chain_load": (STATUS, [OBJECT, TEXT]),
    "inst_autocorrelation": (STATUS, [c_int64, Doubles, Doubles, Doubles, Doubles, Doubles]),
    "inst_autocorrelation_replicas": (STATUS, [c_int64, Integers, Doubles, Doubles, Doubles, Doubles, Doubles, Doubles]),
    "inst_reweighting": (STATUS, [c_int64, Doubles, Doubles, Doubles, Doubles, Doubles]),
    "inst_reweighting_tail": (STATUS, [c_int64, Doubles, Doubles]),
    "inst_reweighting_two_sided": (STATUS, [c_int64, Doubles, c_int64, Doubles, TWO_SIDED]),
    "inst_kl_per_site": (STATUS, [c_int64, Doubles, c_double, c_int64, Doubles, Doubles]),
    "inst_reweighting_mean": (STATUS, [c_int64, Doubles, Doubles, Doubles, Doubles, Doubles, Doubles]),
    "inst_reweighting_nested": (STATUS, [c_int64, Doubles, c_int64, Integers, Doubles, Doubles]),
    "inst_reweighting_forward": (STATUS, [c_int64, Doubles, Doubles, Doubles, Doubles, Doubles, Doubles]),
    "inst_mode_balance": (STATUS, [c_int64, Doubles, c_double, Doubles, Doubles, Doubles]),
    "inst_mode_balance_independent": (STATUS, [c_int64, Doubles, c_double, Doubles, Doubles, Doubles]),
    "inst_gauge_new": (STATUS, [OBJECT, TEXT, NEW_OBJECT]),
    "inst_gauge_free": (None, [OBJECT]),
    "inst_gauge_count": (STATUS, [OBJECT, POINTER(c_int64)]),
    "inst_gauge_set_links": (STATUS, [OBJECT, Doubles]),
    "inst_gauge_links": (STATUS, [OBJECT, Doubles]),
    "inst_gauge_set_links_with": (STATUS, [OBJECT, Doubles, TEXT]),
    "inst_gauge_read": (STATUS, [OBJECT, TEXT, TEXT]),
    "inst_gauge_write": (STATUS, [OBJECT, TEXT, TEXT]),
    "inst_gauge_probe": (STATUS, [TEXT, BUFFER, c_int64, POINTER(c_int64)]),
    "inst_gauge_observe": (STATUS, [OBJECT, TEXT, c_int64, Doubles, POINTER(c_int64)]),
    "inst_gauge_smear": (STATUS, [OBJECT, TEXT]),
    "inst_layout_new": (STATUS, [OBJECT, TEXT, NEW_OBJECT]),
    "inst_layout_new_with_sites": (STATUS, [OBJECT, TEXT, Integers, NEW_OBJECT]),
    "inst_layout_free": (None, [OBJECT]),
    "inst_layout_size": (STATUS, [OBJECT, POINTER(c_int32), POINTER(c_int64)]),
    "inst_layout_count": (STATUS, [OBJECT, POINTER(c_int64)]),
    "inst_layout_offset": (STATUS, [OBJECT, Integers, c_int32, c_int32, c_int32, c_int32,
                                    POINTER(c_int32), POINTER(c_int64)]),
    "inst_layout_import": (STATUS, [OBJECT, ADDRESSES, Doubles]),
    "inst_layout_export": (STATUS, [OBJECT, Doubles, ADDRESSES]),
    "inst_gauge_import": (STATUS, [OBJECT, OBJECT, ADDRESSES]),
    "inst_gauge_export": (STATUS, [OBJECT, OBJECT, ADDRESSES]),
    "inst_ladder_new": (STATUS, [OBJECT, TEXT, NEW_OBJECT]),
    "inst_ladder_free": (None, [OBJECT]),
    "inst_ladder_state": (STATUS, [OBJECT, POINTER(c_int64), POINTER(c_uint64)]),
    "inst_ladder_replica": (STATUS, [OBJECT, c_int64, POINTER(c_int64), Doubles, Doubles, POINTER(c_int64)]),
    "inst_ladder_link_factors": (STATUS, [OBJECT, c_int64, c_double, c_int32, OBJECT, ADDRESSES]),
    "inst_ladder_plaquette_weights": (STATUS, [OBJECT, c_int64, c_double, c_int32, c_int32, OBJECT, ADDRESSES]),
    "inst_ladder_difference": (STATUS, [OBJECT, c_int64, OBJECT, ADDRESSES, Doubles]),
    "inst_ladder_swap": (STATUS, [OBJECT, c_int64, Integers, Doubles]),
    "inst_ladder_connect": (STATUS, [OBJECT, COMMUNICATOR]),
    "inst_ladder_describe": (STATUS, [OBJECT, BUFFER, c_int64, POINTER(c_int64)]),
    "inst_ladder_save": (STATUS, [OBJECT, TEXT]),
    "inst_ladder_load": (STATUS, [OBJECT, TEXT]),
    "inst_dirac_new": (STATUS, [OBJECT, TEXT, NEW_OBJECT]),
    "inst_dirac_new_improved": (STATUS, [OBJECT, OBJECT, c_double, NEW_OBJECT]),
    "inst_dirac_free": (None, [OBJECT]),
    "inst_dirac_count": (STATUS, [OBJECT, POINTER(c_int64)]),
    "inst_dirac_apply": (STATUS, [OBJECT, TEXT, c_int64, Doubles, Doubles]),
    "inst_dirac_solve": (STATUS, [OBJECT, TEXT, c_int64, Doubles, Doubles, REPORT]),
    "inst_dirac_spectrum": (STATUS, [OBJECT, TEXT, c_int64, Doubles, Doubles]),
    "inst_dirac_spectrum_with_residuals": (STATUS, [OBJECT, TEXT, c_int64, Doubles, Doubles, Doubles]),
}
