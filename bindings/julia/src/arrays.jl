# Arrays of the host, borrowed for a call: their shape is checked, their numbers stay where they are.

"The shape of a field, x first, and the type of its numbers: Float64, or ComplexF64 for links and spinors."
struct FieldShape
    element::DataType
    size::Vector{Int}
end

FieldShape(element, sizes::Integer...) = FieldShape(element, collect(Int, sizes))

new_array(shape::FieldShape, batch...) = Array{shape.element}(undef, shape.size..., batch...)

# Complex numbers are pairs of doubles to the library.
struct Pairs{A}
    array::A
end
Base.unsafe_convert(::Type{Ptr{Float64}}, pairs::Pairs) =
    Ptr{Float64}(Base.unsafe_convert(Ptr{ComplexF64}, pairs.array))

numbers(array::AbstractArray{Float64}) = array
numbers(array::AbstractArray{ComplexF64}) = Pairs(array)

is_contiguous(::Array) = true
function is_contiguous(array::StridedArray)
    expected = 1
    for (count, stride) in zip(size(array), strides(array))
        count > 1 && stride != expected && return false
        expected *= count
    end
    return true
end

"Checks for numbers of this type that lie one after another in memory."
function require_memory(name, array, element)
    array isa StridedArray ||
        throw(ArgumentError("$name: expected an array in memory, an Array or a view of one, got a $(typeof(array))"))
    eltype(array) === element || throw(ArgumentError("$name: expected numbers of type $element, got $(eltype(array))"))
    is_contiguous(array) || throw(ArgumentError(
        "$name: expected numbers that lie one after another, got strides $(strides(array)) for size $(size(array))"))
end

# Without tuples of unknown length: these checks are a part of every call.
begins_with(array, sizes) = ndims(array) >= length(sizes) && all(n -> size(array, n) == sizes[n], 1:length(sizes))

"Checks for exactly this size."
function require_size(name, array, element, sizes)
    require_memory(name, array, element)
    ndims(array) == length(sizes) && begins_with(array, sizes) ||
        throw(DimensionMismatch("$name: expected size $(Tuple(sizes)), got $(size(array))"))
end

"Checks for one field."
require_shape(name, array, shape::FieldShape) = require_size(name, array, shape.element, shape.size)

"Checks for one field, or for a batch of them in further dimensions, whose size is the result: () for one field."
function batch_size(name, array, shape::FieldShape)
    require_memory(name, array, shape.element)
    begins_with(array, shape.size) || throw(DimensionMismatch(
        "$name: expected size $(Tuple(shape.size)), or more dimensions after these, got $(size(array))"))
    return size(array)[(length(shape.size) + 1):end]
end

# Results of a batch, one number for each field, or the number itself for one field.
single_or_all(values::Array{Float64,0}) = values[]
single_or_all(values::Array{Float64}) = values
