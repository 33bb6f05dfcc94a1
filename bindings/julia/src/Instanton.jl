"""
Exact learned proposals for lattice codes: the library `libinstanton` in Julia.

Arrays are used where they lie, in their natural shape: a field is `phi[x, y, z, t]`, links are
`U[column, row, mu, x, y, z, t]`, spinors are `psi[colour, spin, x, y, z, t]`; a batch is the last index.
Objects are freed by the garbage collector, or at once by `close`. Errors are exceptions, `InstantonError`.
"""
module Instanton

using Libdl

export InstantonError, Context, Lattice, Action, Model, Proposal, Chain, Gauge, Layout, Ladder, Dirac, SolveReport, TrainingStep
export devices, value, value!, gradient, gradient!, refresh
export describe, load_model, save, at, transfer, train!, train_on!, sample, sample!, sample_paths, sample_paths!, log_density, log_density!, propose, propose!
export field, field!, set_field!, step!, reversibility, load!
export autocorrelation, autocorrelation_replicas, reweighting, reweighting_tail, reweighting_two_sided, TwoSidedReport
export kl_per_site, reweighting_mean, reweighting_nested, reweighting_forward, mode_balance, mode_balance_independent
export links, links!, set_links!, row_first, read_links!, write_links, probe, observe, smear!
export ladder_state, replica, link_factors, plaquette_weights, difference, swap!, connect!, Communicator
export layout_size, layout_offset, import!, export!, apply, apply!, solve, solve!, spectrum, watch

include("constants.jl")
include("prototypes.jl")
include("library.jl")
include("errors.jl")
include("specs.jl")
include("objects.jl")
include("arrays.jl")
include("context.jl")
include("action.jl")
include("model.jl")
include("proposal.jl")
include("chain.jl")
include("statistics.jl")
include("gauge.jl")
include("layout.jl")
include("ladder.jl")
include("dirac.jl")

__init__() = open_library()

end
