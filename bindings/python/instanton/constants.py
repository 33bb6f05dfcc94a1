"""Numbers and records of the C interface: the values of `inst_status`, `inst_solve_report`, `inst_two_sided_report`,
`inst_communicator`."""

from __future__ import annotations

import ctypes

OK = 0
NULL_ARGUMENT = 1
BAD_SPEC = 2
BAD_SHAPE = 3
BAD_INPUT = 4
IO = 5
NOT_CONVERGED = 6
NO_DEVICE = 7
STOPPED = 8
UNSUPPORTED = 9
INTERNAL = 99

STATUS = {
    "INST_OK": OK,
    "INST_NULL_ARGUMENT": NULL_ARGUMENT,
    "INST_BAD_SPEC": BAD_SPEC,
    "INST_BAD_SHAPE": BAD_SHAPE,
    "INST_BAD_INPUT": BAD_INPUT,
    "INST_IO": IO,
    "INST_NOT_CONVERGED": NOT_CONVERGED,
    "INST_NO_DEVICE": NO_DEVICE,
    "INST_STOPPED": STOPPED,
    "INST_UNSUPPORTED": UNSUPPORTED,
    "INST_INTERNAL": INTERNAL,
}
"""Name in the header and value of every status."""


class SolveReport(ctypes.Structure):
    """`inst_solve_report`: what `inst_dirac_solve` says of its work."""

    _fields_ = [
        ("struct_size", ctypes.c_int64),
        ("iterations", ctypes.c_int64),
        ("residual", ctypes.c_double),
        ("seconds", ctypes.c_double),
    ]


class TwoSidedReport(ctypes.Structure):
    """`inst_two_sided_report`: what `inst_reweighting_two_sided` finds."""

    _fields_ = [("struct_size", ctypes.c_int64), *((name, ctypes.c_double) for name in (
        "log_z_model", "log_z_model_error", "log_z_chain", "log_z_chain_error", "log_z", "log_z_error",
        "kl_model", "kl_model_error", "kl_chain", "kl_chain_error", "disagreement"))]


SENDRECV = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32, ctypes.c_void_p,
                            ctypes.c_int64, ctypes.c_int32, ctypes.c_void_p)
ALLREDUCE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.POINTER(ctypes.c_double), ctypes.c_int64, ctypes.c_void_p)
BARRIER = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)


class Communicator(ctypes.Structure):
    """`inst_communicator`: functions by which ranks of a parallel host reach each other, as a C library of the host's or
    functions of Python (SENDRECV, ALLREDUCE, BARRIER) fill them in. What they raise is lost: return 1 instead."""

    _fields_ = [
        ("struct_size", ctypes.c_int64),
        ("rank", ctypes.c_int32),
        ("size", ctypes.c_int32),
        ("user", ctypes.c_void_p),
        ("sendrecv", SENDRECV),
        ("allreduce", ALLREDUCE),
        ("barrier", BARRIER),
    ]
