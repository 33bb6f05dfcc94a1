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

# A callback's exception must not unwind through C: it is kept, the call is told to stop, and `call` throws it again.
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

"Calls a function that returns a status; throws where it is not 0, and what a callback threw before all else."
function call(f::F, arguments::Vararg{Any,N}) where {F,N}
    disable_sigint() do
        status = f(arguments...)
        status == INST_OK || fail(status)
    end
    return nothing
end

@noinline function fail(status)
    storage = task_local_storage()
    haskey(storage, THROWN) && throw(pop!(storage, THROWN))
    throw(InstantonError(status, unsafe_string(inst_last_error())))
end
