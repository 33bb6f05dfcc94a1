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
