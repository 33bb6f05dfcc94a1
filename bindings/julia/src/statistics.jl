# Statistics of Markov chains and of reweighting.

require_series(name, series) = require_size(name, series, Float64, (length(series),))

"Gamma method: `(mean, error, tau, tau_error)`, tau in units of one entry, 1/2 for independent numbers."
function autocorrelation(series::AbstractVector)
    require_series("series", series)
    mean, error, tau, tau_error = Ref(0.0), Ref(0.0), Ref(0.0), Ref(0.0)
    call(inst_autocorrelation, length(series), series, mean, error, tau, tau_error)
    return (mean = mean[], error = error[], tau = tau[], tau_error = tau_error[])
end

"""
The same from replicas, a vector of series: `(mean, error, tau, tau_error, quality)`, the last the probability that replicas
of one distribution scatter as much as these or more.
"""
function autocorrelation_replicas(replicas::AbstractVector{<:AbstractVector})
    foreach(series -> require_series("replicas", series), replicas)
    counts, series = Int64[length(series) for series in replicas], reduce(vcat, replicas; init = Float64[])
    mean, error, tau, tau_error, quality = Ref(0.0), Ref(0.0), Ref(0.0), Ref(0.0), Ref(0.0)
    call(inst_autocorrelation_replicas, length(counts), counts, series, mean, error, tau, tau_error, quality)
    return (mean = mean[], error = error[], tau = tau[], tau_error = tau_error[], quality = quality[])
end

"From log weights -S - log q of samples: `(ess, ess_error, log_z, log_z_error)`."
function reweighting(log_weights::AbstractVector)
    require_series("log_weights", log_weights)
    ess, ess_error, log_z, log_z_error = Ref(0.0), Ref(0.0), Ref(0.0), Ref(0.0)
    call(inst_reweighting, length(log_weights), log_weights, ess, ess_error, log_z, log_z_error)
    return (ess = ess[], ess_error = ess_error[], log_z = log_z[], log_z_error = log_z_error[])
end

"Shape of the generalised Pareto distribution of the largest weights; above 0.7 they are heavy-tailed."
function reweighting_tail(log_weights::AbstractVector)
    require_series("log_weights", log_weights)
    tail = Ref(0.0)
    call(inst_reweighting_tail, length(log_weights), log_weights, tail)
    return tail[]
end

"""
log Z and Kullback-Leibler divergences from log weights -S - log q of the model's samples and of a chain's fields, a
`TwoSidedReport`: above a `disagreement` of 5 the model misses fields that the chain comes to.
"""
function reweighting_two_sided(log_weights::AbstractVector, chain_log_weights::AbstractVector)
    require_series("log_weights", log_weights)
    require_series("chain_log_weights", chain_log_weights)
    report = Ref(TwoSidedReport())
    call(inst_reweighting_two_sided, length(log_weights), log_weights, length(chain_log_weights), chain_log_weights, report)
    return report[]
end

"""
Kullback-Leibler divergence of a model for each of `sites` sites, where log Z is known, from log weights of its
samples: `(kl, kl_error)`, 0 for a perfect model alone.
"""
function kl_per_site(log_weights::AbstractVector, log_z::Real, sites::Integer)
    require_series("log_weights", log_weights)
    kl, kl_error = Ref(0.0), Ref(0.0)
    call(inst_kl_per_site, length(log_weights), log_weights, log_z, sites, kl, kl_error)
    return (kl = kl[], kl_error = kl_error[])
end

"""
Effective sample sizes of the first n samples for each n of `counts`, and their errors, `(ess, ess_error)`: it has
converged where it stops to fall.
"""
function reweighting_nested(log_weights::AbstractVector, counts::AbstractVector{<:Integer})
    require_series("log_weights", log_weights)
    sizes = Vector{Int64}(counts)
    ess, ess_error = zeros(length(sizes)), zeros(length(sizes))
    call(inst_reweighting_nested, length(log_weights), log_weights, length(sizes), sizes, ess, ess_error)
    return (ess = ess, ess_error = ess_error)
end

"""
Effective sample size of a model and <log p - log q> from log weights on the fields of a chain, in their order,
`(ess, ess_error, kl, kl_error)`, with the exact log Z or, for `nothing`, that of the fields: where the model misses fields
that the chain comes to, `ess` is near 0.
"""
function reweighting_forward(chain_log_weights::AbstractVector, log_z::Union{Real,Nothing} = nothing)
    require_series("chain_log_weights", chain_log_weights)
    known = log_z === nothing ? Ptr{Float64}(C_NULL) : Ref(Float64(log_z))
    ess, ess_error, kl, kl_error = Ref(0.0), Ref(0.0), Ref(0.0), Ref(0.0)
    call(inst_reweighting_forward, length(chain_log_weights), chain_log_weights, known, ess, ess_error, kl, kl_error)
    return (ess = ess[], ess_error = ess_error[], kl = kl[], kl_error = kl_error[])
end

"""
Average of an observable from weighted samples, `(mean, error)`; with log weights and values of the coarse sites of the same samples, the
difference to an average of the coarser theory, whose error is small.
"""
function reweighting_mean(
    log_weights::AbstractVector,
    observable::AbstractVector,
    coarse_log_weights::Union{AbstractVector,Nothing} = nothing,
    coarse_observable::Union{AbstractVector,Nothing} = nothing,
)
    require_series("log_weights", log_weights)
    series = ("observable" => observable, "coarse_log_weights" => coarse_log_weights, "coarse_observable" => coarse_observable)
    for (name, numbers) in series
        numbers === nothing && continue
        require_size(name, numbers, Float64, (length(log_weights),))
    end
    mean, error = Ref(0.0), Ref(0.0)
    coarse = (something(coarse_log_weights, Ptr{Float64}(C_NULL)), something(coarse_observable, Ptr{Float64}(C_NULL)))
    call(inst_reweighting_mean, length(log_weights), log_weights, observable, coarse..., mean, error)
    return (mean = mean[], error = error[])
end

"""
Share of a chain's fields with a label above 0, `(share, share_error, probability)`, the last that of one at least as
far from the expected share.
"""
mode_balance(labels::AbstractVector, expected_share::Real = 0.5) = balance(inst_mode_balance, labels, expected_share)

"The same for independent fields, such as samples of a model."
mode_balance_independent(labels::AbstractVector, expected_share::Real = 0.5) =
    balance(inst_mode_balance_independent, labels, expected_share)

function balance(function_of_labels, labels, expected_share)
    require_series("labels", labels)
    share, share_error, probability = Ref(0.0), Ref(0.0), Ref(0.0)
    call(function_of_labels, length(labels), labels, expected_share, share, share_error, probability)
    return (share = share[], share_error = share_error[], probability = probability[])
end
