# Proposals: the plug-in for a host's own Markov chain.

"""
    Proposal(model, action = nothing, spec = nothing)
    Proposal(model; type = "independence")
    Proposal(action; type = "langevin", step = 0.01)

Proposes fields from the model as it is now, or along the force of an action. The chain is exact where the host accepts with probability
min(1, exp(S(current) - S(proposed) + log_ratio)), with its own S.
"""
mutable struct Proposal <: LibraryObject
    pointer::Ptr{Cvoid}
    shape::FieldShape
    host::Any

    function Proposal(model::Model, action::Union{Action,Nothing} = nothing, spec = nothing; keywords...)
        pointer = make(inst_proposal_new, model, optional(action), spec_text(spec, keywords))
        return finalizer(close, new(pointer, model.shape, action === nothing ? nothing : action.host))
    end

    function Proposal(action::Action, spec = nothing; keywords...)
        pointer = make(inst_proposal_new, C_NULL, action, spec_text(spec, keywords))
        return finalizer(close, new(pointer, action.shape, action.host))
    end
end
free(::Proposal, pointer) = inst_proposal_free(pointer)

"Writes to `proposed` and returns log q(current | proposed) - log q(proposed | current). Use each counter once."
function propose!(proposed::AbstractArray, proposal::Proposal, counter::Integer, current::AbstractArray)
    require_shape("proposed", proposed, proposal.shape)
    require_shape("current", current, proposal.shape)
    log_ratio = Ref(0.0)
    call(inst_propose, proposal, counter, numbers(current), numbers(proposed), log_ratio)
    return log_ratio[]
end

"The proposed field and its log ratio."
function propose(proposal::Proposal, counter::Integer, current::AbstractArray)
    proposed = new_array(proposal.shape)
    return proposed, propose!(proposed, proposal, counter, current)
end
