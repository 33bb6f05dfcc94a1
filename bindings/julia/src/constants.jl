# The status numbers and the struct of the C interface, as include/instanton.h has them.

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
