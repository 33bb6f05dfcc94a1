# Layouts: where a host keeps its fields, for links and real fields in orders other than the library's.

"""
    Layout(lattice; order = "lexicographic", fields = "su3", ...)
    Layout(lattice, sites; order = "strides", ...)

The memory of a host. `sites[x, y, ...]` gives the place of the first number of each site, counted from 0, instead of
`strides.site`.
"""
mutable struct Layout <: LibraryObject
    pointer::Ptr{Cvoid}
    dimensions::Int
    shape::FieldShape

    function Layout(pointer::Ptr{Cvoid}, lattice)
        layout = finalizer(close, new(pointer, ndims(lattice)))
        layout.shape = count_shape(lattice, count_numbers(inst_layout_count, layout))
        return layout
    end
end
free(::Layout, pointer) = inst_layout_free(pointer)

Layout(lattice::Lattice, spec = nothing; keywords...) =
    Layout(make(inst_layout_new, lattice, spec_text(spec, keywords)), lattice)

function Layout(lattice::Lattice, sites::AbstractArray, spec = nothing; keywords...)
    require_size("sites", sites, Int64, lattice.extent)
    return Layout(make(inst_layout_new_with_sites, lattice, spec_text(spec, keywords), sites), lattice)
end

"How many arrays there are, and the bytes of each: `(bases, bytes)`."
function layout_size(layout::Layout)
    bases, bytes = Ref{Int32}(0), Ref{Int64}(0)
    call(inst_layout_size, layout, bases, bytes)
    return (bases = Int(bases[]), bytes = bytes[])
end

"""
Where a number lies, for site `x`, direction, row, column and part (1 real, 2 imaginary), all counted from 1:
`(base, offset)`, the array from 1 on and bytes from its start. For real fields the last four are 1.
"""
function layout_offset(layout::Layout, x, mu::Integer = 1, row::Integer = 1, column::Integer = 1, part::Integer = 1)
    length(x) == layout.dimensions ||
        throw(DimensionMismatch("x: expected $(layout.dimensions) coordinates, got $(length(x))"))
    base, offset = Ref{Int32}(0), Ref{Int64}(0)
    call(inst_layout_offset, layout, Int64[n - 1 for n in x], mu - 1, row - 1, column - 1, part - 1, base, offset)
    return (base = Int(base[]) + 1, offset = offset[])
end

byte_count(array) = length(array) * sizeof(eltype(array))

# The host's memory, one array or a list of them, each in one piece and large enough.
function host_arrays(layout, memory)
    arrays = memory isa AbstractArray{<:Number} ? Any[memory] : collect(Any, memory)
    bases, bytes = layout_size(layout)
    length(arrays) == bases || throw(DimensionMismatch("memory: expected $bases arrays, got $(length(arrays))"))
    for array in arrays
        require_memory("memory", array, eltype(array))
        isbitstype(eltype(array)) || throw(ArgumentError("memory: expected plain numbers, got $(eltype(array))"))
        byte_count(array) >= bytes ||
            throw(DimensionMismatch("memory: expected at least $bytes bytes in each array, got $(byte_count(array))"))
    end
    return arrays
end

base_pointers(arrays) = Ptr{Cvoid}[Ptr{Cvoid}(pointer(array)) for array in arrays]

function require_apart(arrays, field)
    GC.@preserve arrays field for array in arrays
        first, other = UInt(pointer(array)), UInt(pointer(field))
        first < other + byte_count(field) && other < first + byte_count(array) &&
            throw(ArgumentError("memory: expected arrays apart from the field, got some that overlap it"))
    end
end

"Takes links or a real field from the host's arrays."
function import!(gauge::Gauge, layout::Layout, memory)
    arrays = host_arrays(layout, memory)
    GC.@preserve arrays call(inst_gauge_import, gauge, layout, base_pointers(arrays))
    return gauge
end

function import!(field::AbstractArray, layout::Layout, memory)
    require_shape("field", field, layout.shape)
    arrays = host_arrays(layout, memory)
    require_apart(arrays, field)
    GC.@preserve arrays call(inst_layout_import, layout, base_pointers(arrays), numbers(field))
    return field
end

"Puts links or a real field into the host's arrays."
function export!(memory, gauge::Gauge, layout::Layout)
    arrays = host_arrays(layout, memory)
    GC.@preserve arrays call(inst_gauge_export, gauge, layout, base_pointers(arrays))
    return memory
end

function export!(memory, field::AbstractArray, layout::Layout)
    require_shape("field", field, layout.shape)
    arrays = host_arrays(layout, memory)
    require_apart(arrays, field)
    GC.@preserve arrays call(inst_layout_export, layout, numbers(field), base_pointers(arrays))
    return memory
end
