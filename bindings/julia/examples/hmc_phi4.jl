# A hybrid Monte Carlo code for phi^4 theory in two dimensions, with and without learned proposals.
#
#   julia --project=bindings/julia bindings/julia/examples/hmc_phi4.jl [MODELS [SECONDS]]
#
# MODELS is the folder of the trained models, SECONDS the time for each of the two chains. Everything but the objects of
# Instanton is what such a code has anyway: a field array, random numbers, an action, a leapfrog, measurements. The
# second chain asks for 31 proposals after each trajectory and accepts or rejects them itself.
#
# Action: S = sum_x [sum_mu (phi(x+mu) - phi(x))^2 + m2 phi^2 + lambda phi^4], m2 = -4, lambda = 6.975, on 6 x 6 sites.
# The exact values are from the transfer matrix.

using Instanton
using Printf
using Random

const EXTENT, MASS_SQUARED, LAMBDA = 6, -4.0, 6.975
const STEPS, LENGTH, PROPOSALS = 12, 1.5, 31
const EXACT_PHI_SQUARED, EXACT_SUSCEPTIBILITY = 0.16138658, 1.06307537

next(n) = n == EXTENT ? 1 : n + 1
previous(n) = n == 1 ? EXTENT : n - 1

function action(phi)
    total = 0.0
    for y in 1:EXTENT, x in 1:EXTENT
        square = phi[x, y]^2
        total += (4 + MASS_SQUARED + LAMBDA * square) * square - 2 * phi[x, y] * (phi[next(x), y] + phi[x, next(y)])
    end
    return total
end

"momentum -= step * dS/dphi"
function kick!(momentum, step, phi)
    for y in 1:EXTENT, x in 1:EXTENT
        around = phi[next(x), y] + phi[previous(x), y] + phi[x, next(y)] + phi[x, previous(y)]
        momentum[x, y] -= step * ((8 + 2 * MASS_SQUARED + 4 * LAMBDA * phi[x, y]^2) * phi[x, y] - 2 * around)
    end
end

new_field() = zeros(EXTENT, EXTENT)

"A Markov chain; without a proposal it is hybrid Monte Carlo alone."
Base.@kwdef mutable struct Host
    name::String
    proposal::Union{Proposal,Nothing}
    random::MersenneTwister
    counter::Int = 0
    phi::Matrix{Float64} = new_field()
    proposed::Matrix{Float64} = new_field()
    momentum::Matrix{Float64} = new_field()
    action::Float64 = 0.0
    accepted::Vector{Vector{Bool}} = [[], []] # of trajectories and of proposals
    phi_squared::Vector{Float64} = []
    susceptibility::Vector{Float64} = []      # V times the magnetisation squared
    seconds::Float64 = 0.0
end

function metropolis!(host, new_action, log_weight)
    accepted = log(rand(host.random)) < log_weight
    if accepted
        host.phi .= host.proposed
        host.action = new_action
    end
    return accepted
end

function trajectory!(host)
    phi, momentum, step = host.proposed, host.momentum, LENGTH / STEPS
    phi .= host.phi
    randn!(host.random, momentum)
    before = host.action + sum(abs2, momentum) / 2
    kick!(momentum, step / 2, phi)
    for n in 1:STEPS
        phi .+= step .* momentum
        kick!(momentum, n < STEPS ? step : step / 2, phi)
    end
    new_action = action(phi)
    return metropolis!(host, new_action, before - new_action - sum(abs2, momentum) / 2)
end

"All that a code needs to add for learned proposals."
function learned_update!(host)
    log_ratio = propose!(host.proposed, host.proposal, host.counter, host.phi)
    host.counter += 1
    new_action = action(host.proposed)
    return metropolis!(host, new_action, host.action - new_action + log_ratio)
end

function record!(host, kind, accepted)
    push!(host.accepted[kind], accepted)
    push!(host.phi_squared, sum(abs2, host.phi) / EXTENT^2)
    push!(host.susceptibility, sum(host.phi)^2 / EXTENT^2)
end

function turn!(host)
    record!(host, 1, trajectory!(host))
    host.proposal === nothing && return
    for n in 1:PROPOSALS
        record!(host, 2, learned_update!(host))
    end
end

"To equilibrium; what is compiled on the way is not counted either."
function prepare!(host)
    for n in 1:200
        turn!(host)
    end
    foreach(empty!, (host.accepted..., host.phi_squared, host.susceptibility))
end

function run!(host, seconds)
    start = time()
    while time() - start < seconds
        turn!(host)
    end
    host.seconds += time() - start
end

function report_mean(name, exact, estimates)
    @printf("%-27s", name)
    for each in estimates
        @printf("%.5f +- %-14.5f", each.mean, each.error)
    end
    deviations = [@sprintf("%+.1f", (each.mean - exact) / each.error) for each in estimates]
    @printf("exact %.8f, sigma %s\n", exact, join(deviations, ", "))
end

function report(hosts)
    @printf("%-27s%-26s%s\n", "", hosts[1].name, hosts[2].name)
    report_mean("<phi^2>", EXACT_PHI_SQUARED, [autocorrelation(host.phi_squared) for host in hosts])
    slow = [autocorrelation(host.susceptibility) for host in hosts]
    report_mean("susceptibility", EXACT_SUSCEPTIBILITY, slow)
    @printf("%-27s%.3f +- %-16.3f%.3f +- %.3f\n", "tau_int of M^2, updates", slow[1].tau, slow[1].tau_error,
            slow[2].tau, slow[2].tau_error)
    cost = [1e6 * each.tau * host.seconds / length(host.susceptibility) for (each, host) in zip(slow, hosts)]
    @printf("%-27s%-26.1f%.1f\n", "tau_int of M^2, us", cost...)
    for host in hosts, (kind, accepted) in zip(("trajectories", "proposals"), host.accepted)
        isempty(accepted) || @printf("%s: %d %s, %.1f per cent accepted\n", host.name, length(accepted), kind,
                                     100 * count(accepted) / length(accepted))
    end
end

function main(models = "models", seconds = "15")
    context = Context(threads = 1, precision = "f32")
    model = load_model(Lattice(context, EXTENT, EXTENT), joinpath(models, "phi4_$(EXTENT)x$EXTENT.safetensors"))
    hosts = [Host(name = "HMC alone", proposal = nothing, random = MersenneTwister(20260101)),
             Host(name = "HMC and proposals", proposal = Proposal(model), random = MersenneTwister(77003311))]
    foreach(prepare!, hosts)
    turns = 4
    for turn in 1:turns, host in hosts
        run!(host, parse(Float64, seconds) / turns)
    end
    report(hosts)
end

main(ARGS...)
