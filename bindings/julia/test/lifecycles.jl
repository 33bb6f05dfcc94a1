# Objects are freed once, in any order, by `close` or by the garbage collector.

context = Context()
lattice = Lattice(context, 4, 6)
@test size(lattice) == (4, 6) && length(lattice) == 24 && ndims(lattice) == 2
@test isopen(context)
close(context)
close(context)
@test !isopen(context)
finalize(context)
@test status_of(() -> Lattice(context, 4, 4)) == :INST_NULL_ARGUMENT
@test occursin("Context: expected an open object, got one that was closed", message_of(() -> Lattice(context, 4, 4)))
@test thrown(() -> deepcopy(lattice)) isa ArgumentError

# The lattice keeps its context alive inside of the library, the action its lattice.
action = Action(lattice; type = "phi4", mass_squared = 1, lambda = 1)
@test value(action, ones(4, 6)) == 48.0
close(lattice)
@test value(action, ones(4, 6)) == 48.0

# Whatever was closed refuses further use, and what was made from it goes on.
model = Model(Lattice(Context(threads = 1), 4, 6); type = "affine", layers = 2, hidden = [4])
proposal, chain = Proposal(model), Chain(action, model; type = "independence")
gauge, layout = ildg(), Layout(SMALL)
dirac = Dirac(gauge; type = "staggered", mass = 1)
source = complex_wave(size(dirac)...)
expected = apply(dirac, source)
foreach(close, (action, model, gauge))
@test propose(proposal, 0, zeros(4, 6))[2] isa Float64
@test isfinite(step!(chain).value)
@test apply(dirac, source) == expected
foreach(close, (proposal, chain, layout, dirac))
for use in (() -> value(action, ones(4, 6)), () -> describe(model), () -> propose(proposal, 0, zeros(4, 6)),
            () -> step!(chain), () -> links(gauge), () -> layout_size(layout), () -> apply(dirac, source))
    @test status_of(use) == :INST_NULL_ARGUMENT
end

# A storm: what the chains call lives as long as they do, though nothing else names it.
calls = Ref(0)
function one_chain(n)
    lattice = Lattice(Context(threads = 1, seed = n), 4, 4)
    action = Action(lattice) do field, gradient
        calls[] += 1
        gradient === nothing || (gradient .= field)
        sum(abs2, field) / 2
    end
    return Chain(action; steps = 2)
end
chains = [one_chain(n) for n in 1:20]
for turn in 1:3
    GC.gc()
    @test all(isfinite(step!(chain).value) for chain in chains)
end
@test calls[] >= 20 * 3 * 2
for n in 1:200
    one_chain(n)
    n % 20 == 0 && GC.gc()
end
@test isfinite(step!(chains[1]).value)

# Everything at once, dropped in changing order, some of it closed, the collector at work in callbacks too.
function everything(n)
    context = Context(threads = 1, seed = n)
    lattice = Lattice(context, 2, 4)
    model = Model(lattice; type = "affine", layers = 2, hidden = [2])
    own = Action((field, gradient) -> (n % 3 == 0 && GC.gc(false); 0.0), lattice)
    gauge = Gauge(lattice; group = "u1")
    dirac = Dirac(gauge; type = "wilson", mass = 1)
    return Any[context, lattice, model, own, refreshed(gauge, lattice), gauge, dirac, Layout(lattice; fields = "real"),
               Proposal(model, own), Chain(own, model; type = "independence")]
end
refreshed(gauge, lattice) = refresh(
    Action(lattice; type = "two_flavour", group = "u1", dirac = (type = "wilson", mass = 1)), 1, links(gauge))
objects = Any[]
for n in 1:60
    local made = everything(n)
    step!(made[end])
    push!(objects, made[1 + n % length(made)])
    n % 4 == 0 && close(made[1 + (n ÷ 4) % length(made)])
    n % 7 == 0 && (deleteat!(objects, 1:(length(objects) ÷ 2)); GC.gc())
end
foreach(close, reverse(objects))
empty!(objects)
GC.gc()
@test isfinite(step!(chains[2]).value)
