# The status numbers and the structs of the C interface, as include/instanton.h has them.

"Name and number of every status; each name is also a constant, `Instanton.INST_BAD_SPEC` and so on."
const STATUSES = [
    :INST_OK => 0,
    :INST_NULL_ARGUMENT => 1,
    :INST_BAD_SPEC => 2,
    :INST_BAD_SHAPE => 3,
    :INST_BAD_INPUT => 4,
    :INST_IO => 5,
    :INST_NOT_CONVERGED => 6,
    :INST_NO_DEVICE => 7,
    :INST_STOPPED => 8,
    :INST_UNSUPPORTED => 9,
    :INST_INTERNAL => 99,
]

for (name, number) in STATUSES
    @eval const $name = Int32($number)
end

"""
What a solve did: `iterations` of all right-hand sides, the largest true relative `residual`
|b - D x| / |b|, and `seconds`. `SolveReport()` is one to be filled in by the library.
"""
struct SolveReport
    struct_size::Int64
    iterations::Int64
    residual::Float64
    seconds::Float64
end

SolveReport() = SolveReport(sizeof(SolveReport), 0, 0.0, 0.0)

"""
log Z and Kullback-Leibler divergences from both sides, with their errors: `log_z_model` from the model's samples,
`log_z_chain` from the chain's fields, `log_z` from both; `kl_model` is <log q - log p> over the model, `kl_chain`
<log p - log q> over the chain; `disagreement` is the difference of the first two in standard errors.
"""
struct TwoSidedReport
    struct_size::Int64
    log_z_model::Float64
    log_z_model_error::Float64
    log_z_chain::Float64
    log_z_chain_error::Float64
    log_z::Float64
    log_z_error::Float64
    kl_model::Float64
    kl_model_error::Float64
    kl_chain::Float64
    kl_chain_error::Float64
    disagreement::Float64
end

TwoSidedReport() = TwoSidedReport(sizeof(TwoSidedReport), zeros(11)...)

"""
Functions by which ranks of a parallel host reach each other, as a C library of the host's or `@cfunction` fills them in:
`Communicator(rank, size, user, sendrecv, allreduce, barrier)`.
"""
struct Communicator
    struct_size::Int64
    rank::Int32
    size::Int32
    user::Ptr{Cvoid}
    sendrecv::Ptr{Cvoid}
    allreduce::Ptr{Cvoid}
    barrier::Ptr{Cvoid}
end

Communicator(rank, size, user, sendrecv, allreduce, barrier) =
    Communicator(sizeof(Communicator), rank, size, user, sendrecv, allreduce, barrier)
