# Ladders: replicas of a host in Julia.

torus = Lattice(CONTEXT, 4, 6)
new_ladder(; keywords...) = Ladder(torus; defect = (size = [2], at = [3, 1]), replicas = 3, tune = 40, keywords...)

ladder = new_ladder(action = (type = "wilson", group = "u1", beta = 2.0))
@test ladder_state(ladder) == (replicas = 3, counter = 0)
@test replica(ladder, 1) == (rung = 1, strength = 1.0, partner = 0.5, at = [4, 2])
factors = link_factors(ladder, 3, 0.25, 2)
@test findall(factors .== 0.25) == [CartesianIndex(1, 2), CartesianIndex(4, 2)] && count(factors .== 1.0) == 22
@test plaquette_weights(ladder, 3, 0.25, 1, 2) == factors .* circshift(factors, (-1, 0))
@test all(link_factors(ladder, 3, 0.25, 1) .== 1.0)

# Differences from the host's links, by their definition and by the library.
angles = 3 .* wave(2, 4, 6)
U = exp.(im .* reshape(angles, 1, 1, 2, 4, 6))
theta = angles[1, :, :] .+ circshift(angles[2, :, :], (-1, 0)) .- circshift(angles[1, :, :], (0, -1)) .- angles[2, :, :]
for number in 1:3
    local at = replica(ladder, number)
    local weights = plaquette_weights(ladder, number, at.partner, 1, 2) .- plaquette_weights(ladder, number, at.strength, 1, 2)
    @test difference(ladder, number, Layout(torus; fields = "u1"), U) ≈ 2 * sum(weights .* (1 .- cos.(theta))) atol = 1e-12
end

one_ladder, other = new_ladder(), new_ladder()
mktempdir() do folder
    for n in 1:30
        swap!(one_ladder, sin.([n, n + 1, n + 2]))
    end
    save(one_ladder, joinpath(folder, "ladder"))
    load!(other, joinpath(folder, "ladder"))
end
swap!(one_ladder, [0.0, 0.5, 1.0])
swap!(other, [1.0, 0.5, 0.0], [3, 2, 1])
@test describe(one_ladder) == describe(other) && occursin("\"counter\":31", describe(other))
@test status_of(() -> replica(other, 4)) == :INST_BAD_INPUT
@test status_of(() -> swap!(other, [0.0], [1])) == :INST_BAD_INPUT
@test thrown(() -> swap!(other, [0.0], [1, 2])) isa DimensionMismatch

# A communicator of one rank, whose sum is its own.
alone(::Ptr{Float64}, ::Int64, ::Ptr{Cvoid})::Int32 = 0
broken(::Ptr{Float64}, ::Int64, ::Ptr{Cvoid})::Int32 = 5
at_once(::Ptr{Cvoid})::Int32 = 0
nothing_sent(::Ptr{Cvoid}, ::Int64, ::Int32, ::Ptr{Cvoid}, ::Int64, ::Int32, ::Ptr{Cvoid})::Int32 = 0
communicator(allreduce) = Communicator(0, 1, C_NULL,
    @cfunction(nothing_sent, Int32, (Ptr{Cvoid}, Int64, Int32, Ptr{Cvoid}, Int64, Int32, Ptr{Cvoid})), allreduce,
    @cfunction(at_once, Int32, (Ptr{Cvoid},)))
connect!(other, communicator(@cfunction(alone, Int32, (Ptr{Float64}, Int64, Ptr{Cvoid}))))
@test ladder_state(swap!(other, zeros(3))).counter == 32
@test status_of(() -> connect!(other, communicator(@cfunction(broken, Int32, (Ptr{Float64}, Int64, Ptr{Cvoid}))))) == :INST_STOPPED
