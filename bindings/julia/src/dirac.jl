# Dirac operators on spinors psi[colour, spin, x, y, z, t]; staggered ones have no spin: psi[colour, x, y, z, t].

"""
    Dirac(gauge, spec)
    Dirac(gauge; type = "wilson", kappa = 0.12, ...)
    Dirac(fat, longer; mass)

The operator D on the links as they are now; the last is the improved staggered one. `size` is that of one spinor field.
"""
mutable struct Dirac <: LibraryObject
    pointer::Ptr{Cvoid}
    shape::FieldShape

    function Dirac(pointer::Ptr{Cvoid}, gauge::Gauge)
        dirac = finalizer(close, new(pointer))
        colours, lattice = size(gauge)[1], gauge.lattice
        spins = count_numbers(inst_dirac_count, dirac) ÷ (2 * colours * length(lattice))
        dirac.shape = FieldShape(ComplexF64, colours, (spins == 1 ? () : (spins,))..., lattice.extent...)
        return dirac
    end
end
free(::Dirac, pointer) = inst_dirac_free(pointer)

Dirac(gauge::Gauge, spec = nothing; keywords...) =
    Dirac(make(inst_dirac_new, gauge, spec_text(spec, keywords)), gauge)

Dirac(fat::Gauge, longer::Gauge; mass::Real) = Dirac(make(inst_dirac_new_improved, fat, longer, mass), fat)

Base.size(dirac::Dirac) = Tuple(dirac.shape.size)

"Writes D psi to `result`, which may be `psi`; `which` is :plain, :adjoint, or :normal, D^dagger D."
function apply!(result::AbstractArray, dirac::Dirac, psi::AbstractArray; which = :plain)
    batch = batch_size("psi", psi, dirac.shape)
    require_size("result", result, ComplexF64, size(psi))
    call(inst_dirac_apply, dirac, String(which), prod(batch), numbers(psi), numbers(result))
    return result
end

"D psi, for one spinor field or several."
apply(dirac::Dirac, psi::AbstractArray; which = :plain) =
    apply!(Array{ComplexF64}(undef, size(psi)), dirac, psi; which = which)

"""
Solves D solution = source, for one spinor field or several; returns the report. Where the solve does not converge,
`report`, a reference of one's own, says how far it came, and `solution` is written with `keep_best = true` alone.
"""
function solve!(solution::AbstractArray, dirac::Dirac, source::AbstractArray, spec = nothing;
                report = Ref(SolveReport()), keywords...)
    batch = batch_size("source", source, dirac.shape)
    require_size("solution", solution, ComplexF64, size(source))
    call(inst_dirac_solve, dirac, spec_text(spec, keywords), prod(batch), numbers(source), numbers(solution), report)
    return report[]
end

"The solution of D x = source, and the report: `x, report = solve(dirac, source; tolerance = 1e-10)`."
function solve(dirac::Dirac, source::AbstractArray, spec = nothing; keywords...)
    solution = Array{ComplexF64}(undef, size(source))
    report = solve!(solution, dirac, source, spec; keywords...)
    return solution, report
end

"""
    spectrum(dirac, count; vectors = false, residuals = false, of = "dirac", which = "smallest", ...)

Values at an end of a spectrum, the outermost first: `(values, vectors, residuals)`, the last two `nothing` where they
are not asked for. Values are complex for eigenvalues of D, which are those of `of = "dirac"`, and real otherwise. The
last index of the vectors counts them.
"""
function spectrum(dirac::Dirac, count::Integer, spec = nothing; vectors = false, residuals = false, keywords...)
    dimension = prod(size(dirac))
    1 <= count <= dimension || throw(ArgumentError("count: expected 1 to $dimension, the dimension of D, got $count"))
    text = spec_text(spec, keywords)
    # Memory for complex values: of real ones the second half stays as it is, not a number.
    values = fill(NaN, 2 * count)
    found = vectors ? new_array(dirac.shape, count) : nothing
    errors = residuals ? Vector{Float64}(undef, count) : nothing
    storage = vectors ? numbers(found) : Ptr{Float64}(C_NULL)
    if residuals
        call(inst_dirac_spectrum_with_residuals, dirac, text, count, values, storage, errors)
    else
        call(inst_dirac_spectrum, dirac, text, count, values, storage)
    end
    values = isnan(values[end]) ? values[1:count] : copy(reinterpret(ComplexF64, values))
    return (values = values, vectors = found, residuals = errors)
end
