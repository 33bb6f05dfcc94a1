# Statistics of Markov chains and of reweighting.

require_series(name, series) = require_size(name, series, Float64, (length(series),))

"Gamma method: `(mean, error, tau, tau_error)`, tau in units of one entry, 1/2 for independent numbers."
function autocorrelation(series::AbstractVector)
    require_series("series", series)
    mean, error, tau, tau_error = Ref(0.0), Ref(0.0), Ref(0.0), Ref(0.0)
    call(inst_autocorrelation, length(series), series, mean, error, tau, tau_error)
    return (mean = mean[], error = error[], tau = tau[], tau_error = tau_error[])
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
