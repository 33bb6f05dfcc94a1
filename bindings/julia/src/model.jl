# Models: learned densities q, their training and their samples.

"""
    Model(lattice, spec)
    Model(lattice; type = "affine", ...)

A learned density q. `load_model` reads one from its file, `train!` trains it.
"""
mutable struct Model <: LibraryObject
    pointer::Ptr{Cvoid}
    shape::FieldShape

    Model(pointer::Ptr{Cvoid}, shape) = finalizer(close, new(pointer, shape))
end
free(::Model, pointer) = inst_model_free(pointer)

Model(lattice::Lattice, spec = nothing; keywords...) =
    Model(make(inst_model_new, lattice, spec_text(spec, keywords)), real_shape(lattice))

"The model of a safetensors file."
load_model(lattice::Lattice, path::AbstractString) =
    Model(make(inst_model_load, lattice, path), real_shape(lattice))

"Writes the model to a safetensors file."
save(model::Model, path::AbstractString) = call(inst_model_save, model, path)

"Spec, extents and number of parameters, as JSON text."
describe(model::Model) = read_text(inst_model_describe, model)

"One entry of a history of training: `step`, `loss` <log q + S>, and effective sample size `ess`, 0 to 1."
const TrainingStep = NamedTuple{(:step, :loss, :ess),Tuple{Int64,Float64,Float64}}

mutable struct Training
    progress::Any
    history::Vector{TrainingStep}
    stopped::Bool
end

function progress_trampoline(step::Int64, steps::Int64, loss::Float64, ess::Float64, user::Ptr{Cvoid})
    training = unsafe_pointer_to_objref(user)::Training
    # Outside of what Ctrl-C can end: the history has the last step, too.
    push!(training.history, (step = step, loss = loss, ess = ess))
    status = guarded() do
        training.stopped = training.progress !== nothing && training.progress(step, steps, loss, ess) === true
    end
    return training.stopped ? Int32(1) : status
end

"""
    train!(model, action, spec; progress = nothing, history = TrainingStep[])
    train!(model, action; steps = 2500, batch = 64, ...)

Trains by minimising <log q + S>. `progress(step, steps, loss, ess)` is called after each step; where it returns
`true` the training ends. Returns `history`, to which each step is added. An exception in `progress`, and Ctrl-C, end
the training after a step and come out of this call. In all cases the model is the last good one, and the same call
goes on where the training was stopped.
"""
function train!(model::Model, action::Action, spec = nothing; progress = nothing,
                history::Vector{TrainingStep} = TrainingStep[], keywords...)
    training = Training(progress, history, false)
    trampoline = @cfunction(progress_trampoline, Int32, (Int64, Int64, Float64, Float64, Ptr{Cvoid}))
    text = spec_text(spec, keywords)
    try
        GC.@preserve training call(inst_model_train, model, action, text, trampoline, pointer_from_objref(training))
    catch exception
        training.stopped && exception isa InstantonError && exception.status == INST_STOPPED || rethrow()
    end
    return history
end

"Writes samples `counter, counter + 1, ...` of the model's stream to `fields`, and log q of each to `log_q`."
function sample!(fields::AbstractArray, log_q::AbstractArray, model::Model, counter::Integer)
    batch = batch_size("fields", fields, model.shape)
    require_size("log_q", log_q, Float64, batch)
    call(inst_model_sample, model, counter, prod(batch), fields, log_q)
    return fields, log_q
end

"`batch` samples `fields[x, y, ..., n]` from `counter` on, and log q of each."
sample(model::Model, counter::Integer, batch::Integer) =
    sample!(new_array(model.shape, batch), Vector{Float64}(undef, batch), model, counter)

"Writes log q of each field to `log_q`, which has the size of the batch."
function log_density!(log_q::AbstractArray, model::Model, fields::AbstractArray)
    batch = batch_size("fields", fields, model.shape)
    require_size("log_q", log_q, Float64, batch)
    call(inst_model_log_density, model, prod(batch), fields, log_q)
    return log_q
end

"log q of a field, or an array of them for a batch."
function log_density(model::Model, fields::AbstractArray)
    batch = batch_size("fields", fields, model.shape)
    return single_or_all(log_density!(Array{Float64}(undef, batch), model, fields))
end
