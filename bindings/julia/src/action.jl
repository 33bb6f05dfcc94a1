# Actions: fields are drawn with weight exp(-S).

"A Julia function as an action, and the size of the fields it gets."
mutable struct HostAction{F,N}
    f::F
    size::NTuple{N,Int}
end

function (host::HostAction)(field, value, gradient)
    slope = gradient == C_NULL ? nothing : unsafe_wrap(Array, gradient, host.size)
    unsafe_store!(value, Float64(host.f(unsafe_wrap(Array, field, host.size), slope)))
end

action_trampoline(field::Ptr{Float64}, ::Int64, value::Ptr{Float64}, gradient::Ptr{Float64}, user::Ptr{Cvoid}) =
    guarded(() -> unsafe_pointer_to_objref(user)(field, value, gradient))

"""
    Action(lattice, spec)
    Action(lattice; type = "phi4", mass_squared = -4, lambda = 6.975)
    Action(lattice) do field, gradient ... S end

An action of the library, or the host's own: a function that returns S of `field[x, y, ...]` and, where `gradient`
is not `nothing`, writes dS/dphi to it. Both arrays are valid during the call alone, and `field` is not to be
written to. What the function throws comes out of the call that needed it.
"""
mutable struct Action <: LibraryObject
    pointer::Ptr{Cvoid}
    shape::FieldShape
    host::Any # what the library calls lives as long as the action and all that is made from it

    Action(pointer::Ptr{Cvoid}, shape, host) = finalizer(close, new(pointer, shape, host))
end
free(::Action, pointer) = inst_action_free(pointer)

function Action(lattice::Lattice, spec = nothing; keywords...)
    text = spec_text(spec, keywords)
    action = Action(make(inst_action_new, lattice, text), real_shape(lattice), nothing)
    action.shape = action_shape(lattice, text, count_numbers(inst_action_count, action))
    return action
end

function Action(f, lattice::Lattice)
    host = HostAction(f, size(lattice))
    trampoline = @cfunction(action_trampoline, Int32, (Ptr{Float64}, Int64, Ptr{Float64}, Ptr{Float64}, Ptr{Cvoid}))
    GC.@preserve host begin
        pointer = make(inst_action_from_callback, lattice, trampoline, pointer_from_objref(host))
        return Action(pointer, real_shape(lattice), host)
    end
end

"Writes S of each field to `values`, which has the size of the batch."
function value!(values::AbstractArray, action::Action, fields::AbstractArray)
    batch = batch_size("fields", fields, action.shape)
    require_size("values", values, Float64, batch)
    call(inst_action_value, action, prod(batch), numbers(fields), values)
    return values
end

"S of a field, or an array of them for a batch."
function value(action::Action, fields::AbstractArray)
    batch = batch_size("fields", fields, action.shape)
    return single_or_all(value!(Array{Float64}(undef, batch), action, fields))
end

"Writes dS/dphi of each field to `gradients`, which has the size of `fields` and may be the same array."
function gradient!(gradients::AbstractArray, action::Action, fields::AbstractArray)
    batch = batch_size("fields", fields, action.shape)
    require_size("gradients", gradients, action.shape.element, size(fields))
    call(inst_action_gradient, action, prod(batch), numbers(fields), numbers(gradients))
    return gradients
end

"dS/dphi in the size of `fields`."
gradient(action::Action, fields::AbstractArray) =
    gradient!(Array{action.shape.element}(undef, size(fields)), action, fields)

"The action with new pseudofermions, drawn for this field with the numbers of `counter`."
function refresh(action::Action, counter::Integer, field::AbstractArray)
    require_shape("field", field, action.shape)
    return Action(make(inst_action_refresh, action, counter, numbers(field)), action.shape, action.host)
end
