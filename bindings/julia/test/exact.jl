# Exact numbers of phi^4 theory at 6 x 6, from the transfer matrix.

const LOG_Z, PHI_SQUARED, SUSCEPTIBILITY = 6.98494787, 0.16138658, 1.06307537

model = load_model(SQUARE, joinpath(MODELS, "phi4_6x6.safetensors"))
fields, log_q = sample(model, 0, 16384)
log_weights = -value(PHI4, fields) - log_q
estimate = reweighting(log_weights)
@test estimate.log_z_error < 0.005
@test abs(estimate.log_z - LOG_Z) < 5 * estimate.log_z_error
@test 0.8 < estimate.ess < 1
# From its definition.
weights = exp.(log_weights .- maximum(log_weights))
@test estimate.ess ≈ sum(weights)^2 / (length(weights) * sum(abs2, weights))
@test reweighting_tail(log_weights) < 0.7

function test_means(fields)
    for (series, exact) in ((vec(sum(abs2, fields; dims = (1, 2))) ./ 36, PHI_SQUARED),
                            (vec(sum(fields; dims = (1, 2))) .^ 2 ./ 36, SUSCEPTIBILITY))
        result = autocorrelation(series)
        @test result.mean ≈ sum(series) / length(series)
        @test abs(result.mean - exact) < 5 * result.error < exact / 6
        @test 0.4 < result.tau < 10
    end
end

# Fields of actions with complex values; where sites are independent S is a sum over them.
gas = Action(SQUARE; type = "bose_gas", mass = 1, lambda = 1, mu = 0.5)
chain = Chain(gas; type = "complex_langevin", step = 0.01, start = "hot")
step!(chain)
@test size(field(chain)) == (2, 6, 6) && eltype(field(chain)) == ComplexF64
quartic = Action(SQUARE; type = "complex_phi4", mass_squared = 0.5 + 3im, lambda = 0.25, kinetic = 0)
phi = reshape(1:36, 6, 6) .* (0.03 - 0.02im)
@test value(quartic, phi) ≈ real(sum((0.5 + 3im) .* phi .^ 2 .+ 0.25 .* phi .^ 4))

spec = (type = "cycle", kernels = [(type = "hmc", steps = 8), (type = "independence", repeat = 3)])
chain = Chain(PHI4, model, spec)
set_field!(chain, fields[:, :, 1])
series = zeros(6, 6, 8000)
for n in 1:8000
    step!(chain)
    field!(view(series, :, :, n), chain)
end
test_means(series)
@test step!(chain).value ≈ action_of(field(chain))

# A Markov chain of the host's own.
function own_chain!(series, proposal, random)
    current, proposed = zeros(6, 6), zeros(6, 6)
    for n in 1:size(series, 3)
        log_ratio = propose!(proposed, proposal, n, current)
        if log(rand(random)) < action_of(current) - action_of(proposed) + log_ratio
            current .= proposed
        end
        series[:, :, n] .= current
    end
end
own_chain!(series, Proposal(model), MersenneTwister(3))
test_means(series[:, :, 50:end])

# tau of a series whose tau is known: 1/2 (1 + a) / (1 - a).
random, numbers, x = MersenneTwister(5), zeros(50000), 0.0
for n in 1:50000
    global x = 0.8 * x + 0.6 * randn(random)
    numbers[n] = x
end
result = autocorrelation(numbers)
@test abs(result.tau - 4.5) < 5 * result.tau_error < 2.5
replicas = autocorrelation_replicas([numbers[1:20000], numbers[20001:end]])
@test abs(replicas.tau - 4.5) < 5 * replicas.tau_error < 2.5
@test replicas.mean ≈ result.mean
@test abs(replicas.error / result.error - 1) < 0.2
@test 1e-4 < replicas.quality <= 1
@test autocorrelation_replicas([numbers[1:20000], 1 .+ numbers[20001:end]]).quality < 1e-6
@test status_of(() -> autocorrelation_replicas([numbers, ones(9)])) == :INST_NOT_CONVERGED
@test status_of(() -> autocorrelation(fill(0.25, 100))) == :INST_NOT_CONVERGED

# log Z from both sides: fields of the chain agree with the model, those that it never makes do not.
far = reweighting_two_sided(log_weights, log_weights .+ 30 .* (log_weights .> sum(log_weights) / length(log_weights)))
near = reweighting_two_sided(log_weights, -value(PHI4, series[:, :, 100:end]) - log_density(model, series[:, :, 100:end]))
@test near isa TwoSidedReport
@test abs(near.log_z - LOG_Z) < 5 * near.log_z_error < 0.04
@test near.disagreement < 5 && near.kl_model > 0 && near.kl_chain > 0
@test far.disagreement > 5
@test status_of(() -> reweighting_two_sided(log_weights, [0.0, 1.0])) == :INST_BAD_SHAPE

# A model judged by its samples, with the exact log Z, and by fields of the chain.
divergence = kl_per_site(log_weights, LOG_Z, 36)
@test 0 < divergence.kl < 0.01 && divergence.kl_error < 0.001
nested = reweighting_nested(log_weights, [256, 16384])
@test nested.ess[2] == estimate.ess && nested.ess_error[2] == estimate.ess_error
@test nested.ess[1] == reweighting(log_weights[1:256]).ess
squares = vec(sum(abs2, fields; dims = (1, 2)))
average = reweighting_mean(log_weights, squares)
@test abs(average.mean - sum(exp.(log_weights) .* squares) / sum(exp.(log_weights))) < 1e-9
@test 0 < average.error < 0.1 * average.mean
@test reweighting_mean(log_weights, squares, log_weights, squares) == (mean = 0.0, error = 0.0)
chain_weights = -value(PHI4, series[:, :, 100:end]) - log_density(model, series[:, :, 100:end])
for log_z in (nothing, LOG_Z)
    local forward = reweighting_forward(chain_weights, log_z)
    @test abs(forward.ess - estimate.ess) < 5 * hypot(forward.ess_error, estimate.ess_error) < 0.2
    @test 0 < forward.kl < 0.4 && forward.kl_error < 0.1
end
@test reweighting_forward(chain_weights .+ 30 .* (chain_weights .> 6)).ess < 1e-6
magnetisation = vec(sum(series; dims = (1, 2)))
@test mode_balance(magnetisation).probability > 1e-6
@test abs(mode_balance(magnetisation).share - 0.5) < 5 * mode_balance(magnetisation).share_error < 0.1
@test mode_balance_independent(vec(sum(fields; dims = (1, 2)))).probability > 1e-6
@test mode_balance_independent(ones(60)).probability < 1e-15
@test status_of(() -> mode_balance(ones(60))) == :INST_NOT_CONVERGED

# A chain as text.
@test occursin("\"kernel\":", describe(chain)) && occursin("\"counter\":", describe(chain))

# A trajectory there and back.
back = reversibility(chain)
@test 0 < back.distance < 1e-10 && back.energy < 1e-10
@test status_of(() -> reversibility(Chain(PHI4, model; type = "independence"))) == :INST_UNSUPPORTED

mktempdir() do folder
    path = joinpath(folder, "chain")
    save(chain, path)
    other = load!(Chain(PHI4, model, spec), path)
    @test field(other) == field(chain)
    @test all(step!(other) == step!(chain) for n in 1:5)
    @test field(other) == field(chain)
    @test status_of(() -> load!(Chain(PHI4), path)) == :INST_BAD_SPEC
    write(path, "damaged")
    @test status_of(() -> load!(other, path)) == :INST_BAD_INPUT
    @test field(other) == field(chain)
end
