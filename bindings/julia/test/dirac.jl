# Dirac operators on psi[colour, spin, x, y, z, t].

gauge = ildg()
wilson = Dirac(gauge; type = "wilson", kappa = 0.11, boundary = [1, 1, 1, -1], clover = 1)
@test size(wilson) == (3, 4, 2, 4, 2, 2)
a, b = complex_wave(size(wilson)...), reverse(complex_wave(size(wilson)...); dims = 3)
@test dot(a, apply(wilson, b)) ≈ dot(apply(wilson, a; which = :adjoint), b)
@test apply(wilson, apply(wilson, b); which = :adjoint) ≈ apply(wilson, b; which = :normal)
# g5 D g5 = D^dagger.
g5(psi) = psi .* reshape([1, 1, -1, -1], 1, 4, 1, 1, 1, 1)
@test g5(apply(wilson, g5(b))) ≈ apply(wilson, b; which = :adjoint)
# D of a constant on unit links is its mass.
free = Dirac(Gauge(SMALL); type = "wilson", mass = 0.25)
constant = complex_wave(3, 4, 1, 1, 1, 1) .* ones(1, 1, size(SMALL)...)
@test apply(free, constant) ≈ 0.25 * constant
# One hop by hand: D psi of a source at one site, at its neighbour in y, is -(1/2) (1 + g_y) U^dag psi.
point = zeros(ComplexF64, size(wilson))
point[:, :, 1, 2, 1, 1] = complex_wave(3, 4)
hop = apply(Dirac(gauge; type = "wilson", mass = 0), point)[:, :, 1, 3, 1, 1]
gamma_y = [0 0 0 -1; 0 0 1 0; 0 1 0 0; -1 0 0 0]
link = row_first(links(gauge))[:, :, 2, 1, 2, 1, 1]
@test hop ≈ -(link' * point[:, :, 1, 2, 1, 1] * transpose(I + gamma_y)) / 2

x, report = solve(wilson, b; tolerance = 1e-11)
@test norm(b - apply(wilson, x)) < 1e-10 * norm(b)
@test report.residual ≈ norm(b - apply(wilson, x)) / norm(b) rtol = 0.1
@test report.residual < 1e-11 && report.iterations > 0 && report.seconds >= 0 && report.struct_size == 32
both = cat(a, b; dims = 7)
@test solve(wilson, both; tolerance = 1e-11)[1][:, :, :, :, :, :, 2] ≈ x
@test apply(wilson, reshape(both, size(wilson)..., 2, 1))[:, :, :, :, :, :, 2, 1] == apply(wilson, b)
overwritten = copy(b)
@test apply!(overwritten, wilson, overwritten) === overwritten && overwritten == apply(wilson, b)

# What does not converge says how far it came.
report = Ref(SolveReport())
best = fill(NaN + 0im, size(b))
@test status_of(() -> solve!(best, wilson, b; max_iterations = 2, report = report)) == :INST_NOT_CONVERGED
@test report[].iterations > 0 && report[].residual > 1e-10 && all(isnan, best)
@test status_of(() -> solve!(best, wilson, b; max_iterations = 2, keep_best = true)) == :INST_NOT_CONVERGED
@test all(isfinite, best)
@test thrown(() -> apply(wilson, zeros(ComplexF64, 3, 4))) isa DimensionMismatch
@test thrown(() -> apply(wilson, zeros(size(wilson)))) isa ArgumentError
@test status_of(() -> apply(wilson, b; which = :other)) == :INST_BAD_SPEC
@test status_of(() -> Dirac(gauge; type = "wilson")) == :INST_BAD_SPEC

staggered = Dirac(gauge; type = "staggered", mass = 0.5)
@test size(staggered) == (3, 2, 4, 2, 2)
c = complex_wave(size(staggered)...)
@test apply(staggered, c) + apply(staggered, c; which = :adjoint) ≈ 2 * 0.5 * c
improved = Dirac(gauge, gauge; mass = 0.25)
@test size(improved) == size(staggered)
@test apply(improved, c) + apply(improved, c; which = :adjoint) ≈ 4 * 0.25 * c
plane = Dirac(Gauge(Lattice(CONTEXT, 4, 6); group = "u1"); type = "wilson", mass = 0.1)
@test size(plane) == (1, 2, 4, 6)

# Ends of spectra.
found = spectrum(staggered, 4; vectors = true, residuals = true)
@test eltype(found.values) == ComplexF64 && all(real.(found.values) .≈ 0.5)
for n in 1:4
    local v = found.vectors[:, :, :, :, :, n]
    @test norm(v) ≈ 1 && norm(apply(staggered, v) - found.values[n] * v) < 1e-8
end
@test all(found.residuals .< 1e-8)
singular = spectrum(wilson, 3; of = "singular", vectors = true)
@test eltype(singular.values) == Float64 && issorted(singular.values) && singular.residuals === nothing
w = singular.vectors[:, :, :, :, :, :, 1]
@test norm(apply(wilson, w)) ≈ singular.values[1]
normal = spectrum(wilson, 3, "{of: 'normal'}"; residuals = true)
@test normal.values ≈ singular.values .^ 2 && normal.vectors === nothing && all(normal.residuals .< 1e-8)
@test spectrum(wilson, 2; of = "normal").values ≈ normal.values[1:2]
@test thrown(() -> spectrum(wilson, 0)) isa ArgumentError
@test thrown(() -> spectrum(wilson, 10^12)) isa ArgumentError
