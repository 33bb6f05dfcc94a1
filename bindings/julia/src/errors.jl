# Failures of the library as exceptions, and those of callbacks on their way through it.

"""
A call of the library failed: `status` is the number and `name` the name of one of `Instanton.INST_BAD_SPEC` and so
on, `message` says what was expected and what was got.
"""
struct InstantonError <: Exception
    status::Int32
    name::Symbol
    message::String
end

function InstantonError(status::Integer, message::AbstractString)
    place = findfirst(pair -> pair.second == status, STATUSES)
    return InstantonError(status, place === nothing ? :INST_UNKNOWN : STATUSES[place].first, message)
end

Base.showerror(io::IO, error::InstantonError) = print(io, "InstantonError: ", error.message, " (", error.name, ")")

# Where a callback leaves what it threw: with its task, which is that of the call.
const THROWN = :instanton_thrown

# A callback's exception must not unwind through C: it is stored, the library ends the call, and `call` throws it again.
# Ctrl-C is held back while C runs and let through inside of the guarded function alone.
function guarded(f)
    try
        reenable_sigint(f)
        return Int32(0)
    catch exception
        task_local_storage(THROWN, exception)
        return Int32(1)
    end
end

# The function of `watch`, and whether a call of this task is under way, whose own calls it watches as well.
const WATCHER = :instanton_watcher
const WATCHING = :instanton_watching

function watch_trampoline(work::Cstring, done::Int64, total::Int64, figure::Float64, ::Ptr{Cvoid})
    stop = false
    status = guarded() do
        watcher = get(task_local_storage(), WATCHER, nothing)
        stop = watcher !== nothing && watcher(unsafe_string(work), done, total, figure) === true
    end
    return stop ? Int32(1) : status
end

"""
    watch(watcher) do ... end

Long calls inside tell `watcher(work, done, total, figure)` how far they are, ten times a second at most: the name of the
work, steps done of `total` (0: not known), and a number such as the relative residual of a solve. Where it returns `true`
the call ends with `INST_STOPPED`; an exception ends it, too, and comes out of the call.
"""
watch(body, watcher) = task_local_storage(body, WATCHER, watcher)

# While C runs, the library calls back ten times a second: there Ctrl-C comes through.
function watched(f::F, arguments::Vararg{Any,N}) where {F,N}
    storage = task_local_storage()
    haskey(storage, WATCHING) && return f(arguments...)
    trampoline = @cfunction(watch_trampoline, Int32, (Cstring, Int64, Int64, Float64, Ptr{Cvoid}))
    storage[WATCHING] = true
    inst_watch(trampoline, C_NULL)
    try
        return f(arguments...)
    finally
        inst_watch(C_NULL, C_NULL)
        delete!(storage, WATCHING)
    end
end

"Calls a function that returns a status; throws where it is not 0, and what a callback threw before all else."
function call(f::F, arguments::Vararg{Any,N}) where {F,N}
    disable_sigint() do
        status = watched(f, arguments...)
        status == INST_OK || fail(status)
    end
    return nothing
end

@noinline function fail(status)
    storage = task_local_storage()
    haskey(storage, THROWN) && throw(pop!(storage, THROWN))
    throw(InstantonError(status, unsafe_string(inst_last_error())))
end
