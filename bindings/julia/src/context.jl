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
link_shape(lattice, colours) = FieldShape(ComplexF64, colours, colours, ndims(lattice), lattice.extent...)

"Links or a real field, by how many numbers it has: links of one colour have two for each direction."
function field_shape(lattice, count)
    count == length(lattice) && return real_shape(lattice)
    return link_shape(lattice, isqrt(count ÷ (2 * length(lattice) * ndims(lattice))))
end
