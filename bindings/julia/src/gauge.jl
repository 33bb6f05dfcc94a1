# Gauge fields: links U[column, row, mu, x, y, z, t], as they lie in memory; `row_first` turns the matrices round.

"""
    Gauge(lattice; group = "su3")

One link for each site and direction, all one at first.
"""
mutable struct Gauge <: LibraryObject
    pointer::Ptr{Cvoid}
    lattice::Lattice
    shape::FieldShape

    function Gauge(lattice::Lattice, spec = nothing; keywords...)
        gauge = finalizer(close, new(make(inst_gauge_new, lattice, spec_text(spec, keywords)), lattice))
        gauge.shape = count_shape(lattice, count_numbers(inst_gauge_count, gauge))
        return gauge
    end
end
free(::Gauge, pointer) = inst_gauge_free(pointer)

"The size of all links: `(N, N, d, x, y, ...)`."
Base.size(gauge::Gauge) = Tuple(gauge.shape.size)

"A view `V[row, column, ...]` of links `U[column, row, ...]`, without a copy."
row_first(links::AbstractArray) = PermutedDimsArray(links, (2, 1, ntuple(n -> n + 2, ndims(links) - 2)...))

"Sets all links; `verify = false` takes links outside the group, `project = true` puts them onto it."
function set_links!(gauge::Gauge, links::AbstractArray, spec = nothing; keywords...)
    require_shape("links", links, gauge.shape)
    if spec === nothing && isempty(keywords)
        call(inst_gauge_set_links, gauge, numbers(links))
    else
        call(inst_gauge_set_links_with, gauge, numbers(links), spec_text(spec, keywords))
    end
    return gauge
end

"Writes all links to an array."
function links!(links::AbstractArray, gauge::Gauge)
    require_shape("links", links, gauge.shape)
    call(inst_gauge_links, gauge, numbers(links))
    return links
end

"All links."
links(gauge::Gauge) = links!(new_array(gauge.shape), gauge)

"Reads a configuration from a file, its format found by its content."
function read_links!(gauge::Gauge, path::AbstractString, spec = nothing; keywords...)
    call(inst_gauge_read, gauge, path, spec_text(spec, keywords))
    return gauge
end

"What a file holds, as the text of a JSON list: format, extents, group, precision."
probe(path::AbstractString) = read_text(inst_gauge_probe, path)

"Writes a configuration to a file."
write_links(gauge::Gauge, path::AbstractString, spec = nothing; keywords...) =
    call(inst_gauge_write, gauge, path, spec_text(spec, keywords))

"The numbers of an observable, for example `observe(gauge; type = \"plaquette\")`."
function observe(gauge::Gauge, spec = nothing; keywords...)
    text = spec_text(spec, keywords)
    count = Ref{Int64}(0)
    call(inst_gauge_observe, gauge, text, 0, Ptr{Float64}(C_NULL), count)
    values = Vector{Float64}(undef, count[])
    call(inst_gauge_observe, gauge, text, length(values), values, count)
    return values
end

"Smooths the links, for example `smear!(gauge; type = \"stout\", rho = 0.1, steps = 3)`."
function smear!(gauge::Gauge, spec = nothing; keywords...)
    call(inst_gauge_smear, gauge, spec_text(spec, keywords))
    return gauge
end
