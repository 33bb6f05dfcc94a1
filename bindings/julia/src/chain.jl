# Chains: whole exact Markov chains, for hosts without one.

"""
    Chain(action, model = nothing, spec = nothing)
    Chain(action; type = "hmc", steps = 10, length = 1.0, ...)

Hybrid Monte Carlo, heat bath, independence Metropolis, or a cycle of them.
"""
mutable struct Chain <: LibraryObject
    pointer::Ptr{Cvoid}
    shape::FieldShape
    host::Any

    function Chain(action::Action, model::Union{Model,Nothing} = nothing, spec = nothing; keywords...)
        pointer = make(inst_chain_new, action, optional(model), spec_text(spec, keywords))
        return finalizer(close, new(pointer, action.shape, action.host))
    end
end
free(::Chain, pointer) = inst_chain_free(pointer)

"Sets the current field."
function set_field!(chain::Chain, field::AbstractArray)
    require_shape("field", field, chain.shape)
    call(inst_chain_set_field, chain, numbers(field))
    return chain
end

"Writes the current field to an array."
function field!(field::AbstractArray, chain::Chain)
    require_shape("field", field, chain.shape)
    call(inst_chain_field, chain, numbers(field))
    return field
end

"The current field."
field(chain::Chain) = field!(new_array(chain.shape), chain)

"One step: `(accepted, value, delta)`, the action of the field now, and delta H or the proposed log weight."
function step!(chain::Chain)
    accepted, value, delta = Ref{Int32}(0), Ref(0.0), Ref(0.0)
    call(inst_chain_step, chain, accepted, value, delta)
    return (accepted = accepted[] != 0, value = value[], delta = delta[])
end

"How far the trajectory of the next step misses its start when it is run back: `(distance, energy)`, of the field and H."
function reversibility(chain::Chain)
    distance, energy = Ref(0.0), Ref(0.0)
    call(inst_chain_reversibility, chain, distance, energy)
    return (distance = distance[], energy = energy[])
end

"Spec, counter, seed and what the kernel has counted, as JSON text."
describe(chain::Chain) = read_text(inst_chain_describe, chain)

"Writes field and counters to a file."
save(chain::Chain, path::AbstractString) = call(inst_chain_save, chain, path)

"Goes on from the file of a chain with the same spec, bit for bit."
function load!(chain::Chain, path::AbstractString)
    call(inst_chain_load, chain, path)
    return chain
end
