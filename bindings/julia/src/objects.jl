# Objects of the library: one pointer each, freed once.

"What the library made: freed by its finalizer, or by `close`."
abstract type LibraryObject end

"""
Frees the object at once. May be called again; other use of a closed object is an error. What was made from it stays
usable. Not for an object that a call of another task is using.
"""
function Base.close(object::LibraryObject)
    pointer = object.pointer
    object.pointer = C_NULL
    pointer == C_NULL || free(object, pointer)
    return nothing
end

"Whether the object was not closed."
Base.isopen(object::LibraryObject) = object.pointer != C_NULL

# `ccall` keeps its arguments alive and asks here for the pointer.
function Base.unsafe_convert(::Type{Ptr{Cvoid}}, object::LibraryObject)
    isopen(object) && return object.pointer
    kind = nameof(typeof(object))
    throw(InstantonError(INST_NULL_ARGUMENT, "$kind: expected an open object, got one that was closed"))
end

# A copy would free the same object once more.
Base.deepcopy_internal(object::LibraryObject, ::IdDict) =
    throw(ArgumentError("$(nameof(typeof(object))): objects of the library cannot be copied"))

"The pointer that a function of the library writes to its last argument."
function make(f::F, arguments...) where {F}
    out = Ref{Ptr{Cvoid}}(C_NULL)
    call(f, arguments..., out)
    return out[]
end

"How many numbers a field of an object has, as a function of the library tells."
function count_numbers(f::F, object) where {F}
    count = Ref{Int64}(0)
    call(f, object, count)
    return count[]
end

# An object that may be left out.
optional(object::LibraryObject) = object
optional(::Nothing) = C_NULL

"Text of the library: first its size, then itself."
function read_text(f::F, arguments...) where {F}
    needed = Ref{Int64}(0)
    call(f, arguments..., Ptr{UInt8}(C_NULL), 0, needed)
    text = Vector{UInt8}(undef, needed[])
    call(f, arguments..., text, length(text), needed)
    return String(text[1:(end - 1)])
end
