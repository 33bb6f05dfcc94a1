# Contexts (device, threads, seed), the devices, and lattices.

"""
    Context(spec)
    Context(; device = "cpu", threads = 0, seed = 1, precision = "f64", ...)

What runs the networks, its worker threads, and the seed of all random numbers.
"""
mutable struct Context <: LibraryObject
    pointer::Ptr{Cvoid}

    Context(spec = nothing; keywords...) = finalizer(close, new(make(inst_context_new, spec_text(spec, keywords))))
end
free(::Context, pointer) = inst_context_free(pointer)

"The devices, as the text of a JSON list."
devices() = read_text(inst_devices)

"""
    Lattice(context, x, y, ...)
    Lattice(context, (x, y, ...))

Periodic and hypercubic, of 1 to 4 dimensions; `size` gives its extents, `length` the number of sites.
"""
mutable struct Lattice <: LibraryObject
    pointer::Ptr{Cvoid}
    extent::Vector{Int}

    function Lattice(context::Context, extent::Union{Tuple{Vararg{Integer}},AbstractVector{<:Integer}})
        counts = collect(Int64, extent)
        return finalizer(close, new(make(inst_lattice_new, context, length(counts), counts), counts))
    end
end
Lattice(context::Context, extent::Integer...) = Lattice(context, extent)
free(::Lattice, pointer) = inst_lattice_free(pointer)

Base.size(lattice::Lattice) = Tuple(lattice.extent)
Base.length(lattice::Lattice) = prod(lattice.extent)
Base.ndims(lattice::Lattice) = length(lattice.extent)

real_shape(lattice) = FieldShape(Float64, lattice.extent)
angle_shape(lattice) = FieldShape(Float64, ndims(lattice), lattice.extent...)
link_shape(lattice, colours) = FieldShape(ComplexF64, colours, colours, ndims(lattice), lattice.extent...)

"""
The shape of fields of the kind that `inst_model_describe` names. The library writes `count` numbers into memory of this
shape: a shape of another size is an error.
"""
function kind_shape(lattice, kind, count)
    shape = kind_shape(lattice, kind)
    numbers = prod(shape.size) * sizeof(shape.element) ÷ sizeof(Float64)
    numbers == count || throw(DimensionMismatch("field: expected $count numbers, got $kind, which are $numbers"))
    return shape
end

function kind_shape(lattice, kind)
    kind in ("scalars", "angles on sites") && return real_shape(lattice)
    kind == "angles on links" && return angle_shape(lattice)
    colours = findfirst(isequal(kind), ["links of U(1)", "links of SU(2)", "links of SU(3)"])
    colours === nothing &&
        throw(ArgumentError("field: expected scalars, angles or links of U(1), SU(2) or SU(3), got $kind"))
    return link_shape(lattice, colours)
end

"The shape of fields of an action of the library: complex numbers on sites, of the Bose gas two, where its values are complex."
function action_shape(lattice, text, count)
    occursin(r"[\"']complex_phi4[\"']", text) && return FieldShape(ComplexF64, lattice.extent...)
    occursin(r"[\"']bose_gas[\"']", text) && return FieldShape(ComplexF64, 2, lattice.extent...)
    return count_shape(lattice, count)
end

"""
The shape of a field that is real numbers on sites or links of a group, by how many numbers it has. Angles on links cannot be
told this way: in one dimension there are as many of them as scalars.
"""
function count_shape(lattice, count)
    count == length(lattice) && return real_shape(lattice)
    return link_shape(lattice, isqrt(count ÷ (2 * length(lattice) * ndims(lattice))))
end
