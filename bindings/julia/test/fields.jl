# Arrays are used where they lie, in their natural shape.

model = load_model(SQUARE, joinpath(MODELS, "phi4_6x6.safetensors"))
fields, log_q = sample(model, 0, 8)
@test size(fields) == (6, 6, 8) && size(log_q) == (8,)
@test all(isfinite, fields) && length(unique(fields)) == length(fields)

# Into a given array and into a view of one: the neighbours stay as they are.
storage = fill(NaN, 6, 6, 10)
logs = fill(NaN, 8)
result = sample!(view(storage, :, :, 2:9), logs, model, 0)
@test parent(result[1]) === storage && result[2] === logs
@test storage[:, :, 2:9] == fields && logs == log_q
@test all(isnan, storage[:, :, 1]) && all(isnan, storage[:, :, 10])
@test sample(model, 3, 1)[1][:, :, 1] ≈ fields[:, :, 4]
@test log_density(model, fields) ≈ log_q
@test log_density(model, fields[:, :, 3]) ≈ log_q[3]
@test log_density(model, view(fields, :, :, 3)) ≈ log_q[3]
@test log_density!(fill(NaN, 8), model, fields) ≈ log_q

# A batch has any number of dimensions; one field has a number.
@test value(PHI4, reshape(fields, 6, 6, 2, 4)) == reshape(value(PHI4, fields), 2, 4)
@test value(PHI4, fields) ≈ [action_of(fields[:, :, n]) for n in 1:8]
@test value(PHI4, fields[:, :, 5]) ≈ action_of(fields[:, :, 5])
@test value!(fill(NaN, 1), PHI4, fields[:, :, 5:5])[1] ≈ action_of(fields[:, :, 5])
@test gradient(PHI4, fields)[:, :, 2] == gradient(PHI4, fields[:, :, 2])

# Index order: x is the first index. One site and its neighbours in a lattice that is not square.
lattice = Lattice(CONTEXT, 2, 6)
hopping = [(displacement = (0, 2), strength = 1)]
action = Action(lattice; type = "phi4", mass_squared = 0, lambda = 0.1, hopping = hopping)
phi = zeros(2, 6)
phi[1, 1] = 1
slope = gradient(action, phi)
@test slope[1, 3] ≈ -1 && slope[1, 5] ≈ -1 && slope[2, 3] == 0
@test gradient!(phi, action, phi) === phi && phi == slope

# Energies and forces agree.
phi = fields[:, :, 1]
slope = gradient(PHI4, phi)
for site in (1, 17, 36)
    local up, down = copy(phi), copy(phi)
    up[site] += 1e-5
    down[site] -= 1e-5
    @test slope[site] ≈ (value(PHI4, up) - value(PHI4, down)) / 2e-5 rtol = 1e-6
end

# Arrays that do not fit: what was expected, what was got.
for (array, kind, expected, got) in (
        (zeros(6, 5), DimensionMismatch, "fields: expected size (6, 6)", "got (6, 5)"),
        (zeros(36), DimensionMismatch, "fields: expected size (6, 6)", "got (36,)"),
        (zeros(ComplexF64, 6, 6), ArgumentError, "fields: expected numbers of type Float64", "got Complex{Float64}"),
        (zeros(Float32, 6, 6), ArgumentError, "fields: expected numbers of type Float64", "got Float32"),
        (zeros(Int, 6, 6), ArgumentError, "fields: expected numbers of type Float64", "got Int64"),
        (view(zeros(12, 6), 1:2:12, :), ArgumentError, "fields: expected numbers that lie", "got strides (2, 12)"),
        (view(zeros(7, 6), 1:6, :), ArgumentError, "fields: expected numbers that lie", "got strides (1, 7)"),
        (PermutedDimsArray(zeros(6, 6), (2, 1)), ArgumentError, "fields: expected an array in memory", "PermutedDims"))
    @test thrown(() -> value(PHI4, array)) isa kind
    local message = replace(message_of(() -> value(PHI4, array)), "ComplexF64" => "Complex{Float64}")
    @test occursin(expected, message) && occursin(got, message)
end
@test thrown(() -> value!(zeros(3), PHI4, fields)) isa DimensionMismatch
@test thrown(() -> gradient!(zeros(6, 6), PHI4, fields)) isa DimensionMismatch
@test thrown(() -> gradient!(zeros(Float32, 6, 6), PHI4, phi)) isa ArgumentError
@test thrown(() -> sample!(zeros(6, 6, 4), zeros(3), model, 0)) isa DimensionMismatch
@test thrown(() -> autocorrelation(1:10)) isa ArgumentError
@test status_of(() -> sample(model, 0, 0)) == :INST_BAD_SHAPE

# Proposals: the ratio is that of the densities.
proposal = Proposal(model)
proposed, log_ratio = propose(proposal, 5, phi)
@test log_ratio ≈ log_density(model, phi) - log_density(model, proposed)
again = zeros(6, 6)
@test propose!(again, proposal, 5, phi) ≈ log_ratio
@test again ≈ proposed
@test thrown(() -> propose!(zeros(36), proposal, 5, phi)) isa DimensionMismatch
