# Ladders: replica exchange for a host's own updates.

"""
    Ladder(lattice; defect = (size = [4],), replicas = 8, ...)

Replicas of the host that differ by the strength of a defect. Replicas, rungs, directions and sites are counted from 1.
"""
mutable struct Ladder <: LibraryObject
    pointer::Ptr{Cvoid}
    extent::Vector{Int}
    host::Any # the communicator's functions, for as long as the ladder lives

    Ladder(pointer::Ptr{Cvoid}, extent) = finalizer(close, new(pointer, extent, nothing))
end
free(::Ladder, pointer) = inst_ladder_free(pointer)

Ladder(lattice::Lattice, spec = nothing; keywords...) =
    Ladder(make(inst_ladder_new, lattice, spec_text(spec, keywords)), collect(Int, size(lattice)))

"Number of replicas and of the swaps made: `(replicas, counter)`."
function ladder_state(ladder::Ladder)
    replicas, counter = Ref{Int64}(0), Ref{UInt64}(0)
    call(inst_ladder_state, ladder, replicas, counter)
    return (replicas = Int(replicas[]), counter = counter[])
end

"Where a replica is: `(rung, strength, partner, at)`, the strength of its partner and the first site of its defect."
function replica(ladder::Ladder, number::Integer)
    rung, strength, partner, at = Ref{Int64}(0), Ref(0.0), Ref(0.0), zeros(Int64, length(ladder.extent))
    call(inst_ladder_replica, ladder, number - 1, rung, strength, partner, at)
    return (rung = Int(rung[]) + 1, strength = strength[], partner = partner[], at = Int.(at) .+ 1)
end

"The factor of the link of direction mu at each site, for a replica at a strength."
function link_factors(ladder::Ladder, number::Integer, strength::Real, mu::Integer)
    factors = Array{Float64}(undef, ladder.extent...)
    GC.@preserve factors call(inst_ladder_link_factors, ladder, number - 1, strength, mu - 1, C_NULL, base_pointers([factors]))
    return factors
end

"The weight of the plaquette of the plane mu, nu that begins at each site, for a replica at a strength."
function plaquette_weights(ladder::Ladder, number::Integer, strength::Real, mu::Integer, nu::Integer)
    weights = Array{Float64}(undef, ladder.extent...)
    GC.@preserve weights call(inst_ladder_plaquette_weights, ladder, number - 1, strength, mu - 1, nu - 1, C_NULL,
                              base_pointers([weights]))
    return weights
end

"What S of a replica's links in the host's arrays changes by at the strength of its partner."
function difference(ladder::Ladder, number::Integer, layout::Layout, memory)
    arrays, difference = host_arrays(layout, memory), Ref(0.0)
    GC.@preserve arrays call(inst_ladder_difference, ladder, number - 1, layout, base_pointers(arrays), difference)
    return difference[]
end

"Decides on swaps from the differences of all replicas, or of those listed, which this rank has."
function swap!(ladder::Ladder, differences::AbstractVector, replicas::Union{AbstractVector,Nothing} = nothing)
    numbers = Float64[x for x in differences]
    listed = replicas === nothing ? Ptr{Int64}(C_NULL) : Int64[n - 1 for n in replicas]
    replicas === nothing || length(replicas) == length(numbers) ||
        throw(DimensionMismatch("replicas: expected $(length(numbers)), got $(length(replicas))"))
    call(inst_ladder_swap, ladder, length(numbers), listed, numbers)
    return ladder
end

"Decides together with the other ranks of a host; what `communicator` points to is kept in `host`."
function connect!(ladder::Ladder, communicator::Communicator, host = nothing)
    call(inst_ladder_connect, ladder, Ref(communicator))
    ladder.host = host
    return ladder
end

"Spec, counter, strengths, acceptances, round trips and places of defects, as JSON text."
describe(ladder::Ladder) = read_text(inst_ladder_describe, ladder)

"Writes the ladder to a file; fields are the host's to save."
save(ladder::Ladder, path::AbstractString) = call(inst_ladder_save, ladder, path)

"Goes on from the file of a ladder with the same spec, bit for bit."
function load!(ladder::Ladder, path::AbstractString)
    call(inst_ladder_load, ladder, path)
    return ladder
end
