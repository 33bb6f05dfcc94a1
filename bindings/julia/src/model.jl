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
    with_shape(Model(make(inst_model_new, lattice, spec_text(spec, keywords)), real_shape(lattice)), lattice)

"The model of a safetensors file."
load_model(lattice::Lattice, path::AbstractString) =
    with_shape(Model(make(inst_model_load, lattice, path), real_shape(lattice)), lattice)

"The model with the shape of its fields: `[x, y, ...]`, `[mu, x, y, ...]` for angles on links, or that of links."
function with_shape(model::Model, lattice)
    # No other key of this name has a text: a condition that is called so is a number or a list of them.
    kind = match(r"\"fields\":\s*\"([^\"]*)\"", describe(model))[1]
    model.shape = kind_shape(lattice, kind, count_numbers(inst_model_count, model))
    return model
end

"""
    at(model, condition)
    at(model; lambda = 5.5)

The model at fixed values of its conditions: a model like any other.
"""
at(model::Model, condition = nothing; keywords...) =
    Model(make(inst_model_at, model, spec_text(condition, keywords)), model.shape)

"The model on a lattice of other extents."
transfer(model::Model, lattice::Lattice) =
    with_shape(Model(make(inst_model_transfer, model, lattice), model.shape), lattice)

"Writes the model to a safetensors file."
save(model::Model, path::AbstractString) = call(inst_model_save, model, path)

"Spec, extents, kind of fields and number of parameters, as JSON text."
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
    text = spec_text(spec, keywords)
    return trained(progress, history) do trampoline, training
        call(inst_model_train, model, action, text, trampoline, training)
    end
end

"""
    train_on!(model, fields, spec; progress = nothing, history = TrainingStep[])

Trains on fields[x, y, ..., n] of the density to be learned, by maximum likelihood, as `train!` does on an action. The loss is
the mean of -log q, and the effective sample size NaN.
"""
function train_on!(model::Model, fields::AbstractArray, spec = nothing; progress = nothing,
                   history::Vector{TrainingStep} = TrainingStep[], keywords...)
    count = prod(batch_size("fields", fields, model.shape))
    text = spec_text(spec, keywords)
    return trained(progress, history) do trampoline, training
        call(inst_model_train_on, model, count, numbers(fields), text, trampoline, training)
    end
end

"Runs a training that reports to `progress`; one that it stops is no error."
function trained(run, progress, history)
    training = Training(progress, history, false)
    trampoline = @cfunction(progress_trampoline, Int32, (Int64, Int64, Float64, Float64, Ptr{Cvoid}))
    try
        GC.@preserve training run(trampoline, pointer_from_objref(training))
    catch exception
        training.stopped && exception isa InstantonError && exception.status == INST_STOPPED || rethrow()
    end
    return history
end

"Writes samples `counter, counter + 1, ...` of the model's stream to `fields`, and log q of each to `log_q`."
function sample!(fields::AbstractArray, log_q::AbstractArray, model::Model, counter::Integer)
    batch = batch_size("fields", fields, model.shape)
    require_size("log_q", log_q, Float64, batch)
    call(inst_model_sample, model, counter, prod(batch), numbers(fields), log_q)
    return fields, log_q
end

"`batch` samples `fields[x, y, ..., n]` from `counter` on, and log q of each."
sample(model::Model, counter::Integer, batch::Integer) =
    sample!(new_array(model.shape, batch), Vector{Float64}(undef, batch), model, counter)

"Writes fields of paths `counter, counter + 1, ...` of a model of type 'diffusion' to `fields`, and the log ratio of each path to `log_path`."
function sample_paths!(fields::AbstractArray, log_path::AbstractArray, model::Model, counter::Integer, spec = nothing; keywords...)
    batch = batch_size("fields", fields, model.shape)
    require_size("log_path", log_path, Float64, batch)
    call(inst_model_sample_paths, model, spec_text(spec, keywords), counter, prod(batch), numbers(fields), log_path)
    return fields, log_path
end

"""
    sample_paths(model, counter, batch, spec; steps = 100, ...)

`batch` fields of stochastic paths of a model of type 'diffusion' from `counter` on, and the log ratio of each path.
"""
sample_paths(model::Model, counter::Integer, batch::Integer, spec = nothing; keywords...) =
    sample_paths!(new_array(model.shape, batch), Vector{Float64}(undef, batch), model, counter, spec; keywords...)

"Writes log q of each field to `log_q`, which has the size of the batch."
function log_density!(log_q::AbstractArray, model::Model, fields::AbstractArray)
    batch = batch_size("fields", fields, model.shape)
    require_size("log_q", log_q, Float64, batch)
    call(inst_model_log_density, model, prod(batch), numbers(fields), log_q)
    return log_q
end

"log q of a field, or an array of them for a batch."
function log_density(model::Model, fields::AbstractArray)
    batch = batch_size("fields", fields, model.shape)
    return single_or_all(log_density!(Array{Float64}(undef, batch), model, fields))
end
