# Fields in the orders of other codes.

gauge = ildg()
U = links(gauge)
for order in ("lexicographic", "milc", "cps", "qdp", "tifr", "bqcd", "tmlqcd", "openqcd", "julia")
    local layout = Layout(SMALL; order = order)
    local bases, bytes = layout_size(layout)
    local memory = [fill(7.0, bytes ÷ 8) for base in 1:bases]
    export!(memory, U, layout)
    @test import!(similar(U), layout, memory) == U
    local place = layout_offset(layout, (2, 4, 1, 2), 3, 1, 2, 2)
    @test memory[place.base][place.offset ÷ 8 + 1] == imag(row_first(U)[1, 2, 3, 2, 4, 1, 2])
    local other = import!(Gauge(SMALL), layout, memory)
    @test links(other) == U
    @test export!([fill(7.0, bytes ÷ 8) for base in 1:bases], other, layout) == memory
end

# Gaugefields.jl has one array U[row, column, x, y, z, t] for each direction.
layout = Layout(SMALL; order = "julia")
@test layout_size(layout) == (bases = 4, bytes = 16 * 9 * length(SMALL))
arrays = [zeros(ComplexF64, 3, 3, 2, 4, 2, 2) for mu in 1:4]
@test export!(arrays, gauge, layout) === arrays
@test all(arrays[mu] == permutedims(U[:, :, mu, :, :, :, :], (2, 1, 3, 4, 5, 6)) for mu in 1:4)
@test thrown(() -> import!(gauge, layout, arrays[1:3])) isa DimensionMismatch
@test thrown(() -> import!(gauge, layout, [arrays[1:3]; [zeros(ComplexF64, 3)]])) isa DimensionMismatch
@test thrown(() -> import!(gauge, layout, [arrays[1:3]; [view(zeros(2304), 1:2:2304)]])) isa ArgumentError
@test thrown(() -> import!(gauge, layout, ["a", "b", "c", "d"])) isa ArgumentError
@test thrown(() -> export!(U, U, Layout(SMALL))) isa ArgumentError
@test thrown(() -> layout_offset(layout, (1, 1, 1))) isa DimensionMismatch
@test status_of(() -> layout_offset(layout, (1, 1, 1, 3))) == :INST_BAD_SHAPE
@test status_of(() -> import!(Gauge(SMALL; group = "su2"), layout, arrays)) == :INST_BAD_SHAPE

single = Layout(SMALL; order = "milc", precision = "f32")
memory = zeros(Float32, layout_size(single).bytes ÷ 4)
@test links(import!(Gauge(SMALL), single, export!(memory, gauge, single))) ≈ U rtol = 1e-6
@test size(field(Chain(Action(SMALL; type = "wilson", group = "u1", beta = 1)))) ==
      Tuple(Layout(SMALL; fields = "u1").shape.size)

real_layout = Layout(SMALL; order = "tmlqcd", fields = "real")
phi = wave(size(SMALL)...)
host = export!(zeros(length(SMALL)), phi, real_layout)
@test host == vec(permutedims(phi, (3, 2, 1, 4)))
@test import!(zeros(size(SMALL)), real_layout, host) == phi
sites = reshape(collect(Int64, (length(SMALL) - 1):-1:0), size(SMALL))
backwards = Layout(SMALL, sites; order = "strides", fields = "real", strides = Dict())
@test export!(zeros(length(SMALL)), phi, backwards) == reverse(vec(phi))
@test thrown(() -> Layout(SMALL, vec(sites); order = "strides")) isa DimensionMismatch
