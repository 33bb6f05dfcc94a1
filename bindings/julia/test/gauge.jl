# Links U[column, row, mu, x, y, z, t], files, observables and actions.

gauge = ildg()
U = links(gauge)
@test size(U) == size(gauge) == (3, 3, 4, 2, 4, 2, 2)
plaquette = observe(gauge; type = "plaquette")[1]
recorded = [split(line) for line in eachline(joinpath(FIELDS, "recorded.txt")) if startswith(line, "ildg-f64 ")][1]
@test plaquette === reinterpret(Float64, parse(UInt64, recorded[end - 1]; base = 16))

# The plaquette by hand, from matrices row first: this law fixes the order of all indices.
V = row_first(U)
@test V[1, 2, 1, 1, 1, 1, 1] == U[2, 1, 1, 1, 1, 1, 1]
@test parent(V) === U
shift(x, mu) = ntuple(n -> n == mu ? mod1(x[n] + 1, size(SMALL)[n]) : x[n], 4)
function plaquette_of(V)
    link(mu, x) = V[:, :, mu, x...]
    loop(x, mu, nu) = link(mu, x) * link(nu, shift(x, mu)) * link(mu, shift(x, nu))' * link(nu, x)'
    loops = [real(tr(loop(Tuple(x), mu, nu))) for x in CartesianIndices(size(SMALL)) for mu in 1:4 for nu in 1:(mu - 1)]
    return sum(loops) / (3 * length(loops))
end
@test plaquette_of(V) ≈ plaquette rtol = 1e-12
@test observe(gauge; type = "link_trace")[1] ≈ sum(U[n, n, :, :, :, :, :] |> sum |> real for n in 1:3) / (3 * 128)

target = similar(U)
@test links!(target, gauge) === target && target == U
@test links(set_links!(Gauge(SMALL), U)) == U
# Complex numbers of any array that lies as they do: here pairs of doubles.
doubles = collect(reinterpret(Float64, vec(U)))
@test links(set_links!(Gauge(SMALL), reshape(reinterpret(ComplexF64, doubles), size(U)))) == U
@test thrown(() -> links!(zeros(ComplexF64, 3, 3), gauge)) isa DimensionMismatch
@test thrown(() -> set_links!(gauge, V)) isa ArgumentError
@test thrown(() -> set_links!(gauge, real.(U))) isa ArgumentError
@test status_of(() -> set_links!(Gauge(SMALL), 2 .* U)) == :INST_BAD_INPUT
@test links(set_links!(Gauge(SMALL), 2 .* U; verify = false)) == 2 .* U
@test maximum(abs.(links(set_links!(Gauge(SMALL), 2 .* U; verify = false, project = true)) .- U)) < 1e-13
@test occursin("\"extents\":[2,4,2,2],\"group\":\"su3\",\"precision\":\"f64\"", probe(joinpath(FIELDS, "ildg-f64")))
@test status_of(() -> probe(joinpath(FIELDS, "none"))) == :INST_IO
for (group, colours) in (("su3", 3), ("su2", 2), ("u1", 1))
    local unit = Gauge(SMALL; group = group)
    @test size(unit) == (colours, colours, 4, 2, 4, 2, 2)
    @test sum(links(unit)) == colours * 128
    @test observe(unit, "{type: 'plaquette'}") == [1.0]
end

@test observe(smear!(Gauge(SMALL); type = "stout", rho = 0.1, steps = 1); type = "planes") ≈ ones(6)
@test observe(smear!(ildg(); type = "stout", rho = 0.1, steps = 3); type = "plaquette")[1] > plaquette + 0.1
mktempdir() do folder
    path = joinpath(folder, "links")
    write_links(gauge, path; format = "nersc")
    @test links(read_links!(Gauge(SMALL), path)) == U
    @test status_of(() -> write_links(gauge, path; format = "milc", precision = "f64")) == :INST_UNSUPPORTED
end
@test status_of(() -> read_links!(gauge, joinpath(FIELDS, "recorded.txt"))) == :INST_BAD_INPUT
@test status_of(() -> read_links!(gauge, joinpath(FIELDS, "nowhere"))) == :INST_IO
@test links(gauge) == U

# Actions of links take the same arrays, whether their spec is text or not.
for action in (Action(SMALL; type = "wilson", group = "su3", beta = 6),
               Action(SMALL, "{type: 'wilson', group: 'su3', beta: 6}"))
    @test value(action, U) ≈ 6 * 6 * length(SMALL) * (1 - plaquette)
    @test size(gradient(action, U)) == size(U)
    @test thrown(() -> value(action, zeros(size(SMALL)))) isa ArgumentError
end

# G = sum_a g_a i T_a with d/ds S(exp(s X) U) = sum_a x_a g_a = -2 tr X G.
action = Action(SMALL; type = "wilson", group = "su3", beta = 6)
H = ComplexF64[0.3 0.2-0.1im 0.4im; 0.2+0.1im 0.5 -0.7; -0.4im -0.7 -0.8]
X = im * H
place = (3, 2, 3, 1, 2)
function moved(s)
    links = copy(U)
    row_first(links)[:, :, place...] = exp(s * X) * V[:, :, place...]
    return value(action, links)
end
G = row_first(gradient(action, U))[:, :, place...]
@test G ≈ -G' && abs(tr(G)) < 1e-12
@test -2 * real(tr(X * G)) ≈ (moved(1e-5) - moved(-1e-5)) / 2e-5 rtol = 1e-7

chain = Chain(Action(SMALL; type = "wilson", group = "su2", beta = 2); type = "heatbath", start = "hot")
@test size(field(chain)) == (2, 2, 4, 2, 4, 2, 2)
@test step!(chain).accepted

# Models of links and angles.
haar = Model(SMALL, "{type: 'chain', prior: {type: 'haar', group: 'su3'}, layers: []}")
drawn_links, log_q = sample(haar, 4, 2)
@test size(drawn_links) == (size(U)..., 2) && eltype(drawn_links) == ComplexF64
@test log_q == log_density(haar, drawn_links) == [0.0, 0.0]
one_link = row_first(drawn_links[:, :, :, :, :, :, :, 1])[:, :, 3, 1, 2, 1, 2]
@test one_link * one_link' ≈ one(one_link) && det(one_link) ≈ 1
@test propose(Proposal(haar), 5, U) == (drawn_links[:, :, :, :, :, :, :, 2], 0.0)
angles = Model(SMALL, "{type: 'chain', prior: {type: 'uniform', on: 'links'}, layers: []}")
@test size(sample(angles, 0, 2)[1]) == (4, size(SMALL)..., 2)
@test log_density(angles, zeros(4, size(SMALL)...)) ≈ -4 * length(SMALL) * log(2pi)

# In one dimension scalars, angles on sites and angles on links are equally many numbers.
ring = Lattice(CONTEXT, 6)
for (prior, element, extents) in (("{type: 'white'}", Float64, (6,)),
                                  ("{type: 'uniform', on: 'sites'}", Float64, (6,)),
                                  ("{type: 'uniform', on: 'links'}", Float64, (1, 6)),
                                  ("{type: 'haar', group: 'u1'}", ComplexF64, (1, 1, 1, 6)),
                                  ("{type: 'haar', group: 'su3'}", ComplexF64, (3, 3, 1, 6)))
    local made = Model(ring, "{type: 'chain', prior: $prior, layers: []}")
    local loaded = mktempdir() do folder
        path = joinpath(folder, "model.safetensors")
        save(made, path)
        load_model(ring, path)
    end
    for model in (made, loaded)
        local drawn, densities = sample(model, 0, 3)
        @test size(drawn) == (extents..., 3) && eltype(drawn) == element
        @test log_density(model, drawn) ≈ densities
        @test thrown(() -> log_density(model, zeros(element, 2, 2))) isa DimensionMismatch
    end
end
@test thrown(() -> Instanton.kind_shape(ring, "links of SU(4)", 192)) isa ArgumentError
@test thrown(() -> Instanton.kind_shape(ring, "links of SU(3)", 48)) isa DimensionMismatch

# Pseudofermions: S of the field that they were drawn for is half a sum of squares of normal numbers: with 2 n of them
# n +- sqrt(n), where n is the number of complex ones, here of the odd sites.
fermions = Action(SMALL; type = "two_flavour", group = "su3", dirac = (type = "wilson", kappa = 0.1))
@test status_of(() -> value(fermions, U)) == :INST_UNSUPPORTED
drawn = refresh(fermions, 1, U)
normals = 16 * 12
@test abs(value(drawn, U) - normals) < 5 * sqrt(normals)
@test value(refresh(fermions, 1, U), U) == value(drawn, U) != value(refresh(fermions, 2, U), U)
