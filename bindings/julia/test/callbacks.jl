# The host's own action, and what it throws.

own(field, gradient) = begin
    gradient === nothing || gradient!(gradient, PHI4, field)
    value(PHI4, field)
end
action = Action(own, SQUARE)
phi = wave(6, 6)
@test value(action, phi) == value(PHI4, phi)
@test gradient(action, phi) == gradient(PHI4, phi)
mine, theirs = Chain(action; steps = 5, seed = 3), Chain(PHI4; steps = 5, seed = 3)
@test all(step!(mine).value ≈ step!(theirs).value for n in 1:5)
@test field(mine) ≈ field(theirs)

# Fields have their shape.
seen = Ref{Any}()
value(Action((field, gradient) -> (seen[] = (copy(field), gradient); 1), Lattice(CONTEXT, 2, 3, 4)), wave(2, 3, 4))
@test seen[] == (wave(2, 3, 4), nothing)

# Exceptions of the host come out as they are, and the chain is as it was.
struct Refused <: Exception end
fail = Ref(false)
angry = Action(SQUARE) do field, gradient
    fail[] && throw(Refused())
    own(field, gradient)
end
chain = Chain(angry)
step!(chain)
before = field(chain)
fail[] = true
model = Model(SQUARE; type = "affine", layers = 2, hidden = [4])
for use in (() -> step!(chain), () -> value(angry, phi), () -> gradient(angry, phi),
            () -> train!(model, angry; steps = 2), () -> fetch(@async value(angry, phi)))
    local exception = thrown(use)
    @test (exception isa TaskFailedException ? exception.task.exception : exception) isa Refused
end
@test field(chain) == before
# Of nested calls the outer one stops as well.
outer = Action((field, gradient) -> value(angry, field), SQUARE)
@test thrown(() -> value(outer, phi)) isa Refused
caught = Action((field, gradient) -> thrown(() -> value(angry, field)) isa Refused ? 3 : 4, SQUARE)
@test value(caught, phi) == 3
fail[] = false
@test isfinite(step!(chain).value)

# A later failure is not taken for the callback's.
@test status_of(() -> value(angry, fill(NaN, 6, 6))) == :INST_BAD_INPUT
@test status_of(() -> value(Action((f, g) -> NaN, SQUARE), phi)) == :INST_BAD_INPUT
@test thrown(() -> value(Action((f, g) -> "text", SQUARE), phi)) isa MethodError
deep(n) = 1 + deep(n + 1)
@test thrown(() -> value(Action((f, g) -> deep(0), SQUARE), phi)) isa StackOverflowError

# An action that closes itself, or changes the chain that asks, does no harm.
suicidal = Ref{Any}()
suicidal[] = Action((field, gradient) -> (close(suicidal[]); 1.0), SQUARE)
@test value(suicidal[], phi) == 1.0
@test status_of(() -> value(suicidal[], phi)) == :INST_NULL_ARGUMENT
meddling = Ref{Any}()
meddling[] = Chain(Action((field, gradient) -> (isassigned(meddling) && set_field!(meddling[], field); 0.0), SQUARE))
@test status_of(() -> step!(meddling[])) == :INST_UNSUPPORTED

# Ctrl-C in a callback.
Base.exit_on_sigint(false)
interrupted = Action((field, gradient) -> (interrupt(); wait_for_interrupt(); 0.0), SQUARE)
@test thrown(() -> value(interrupted, phi)) isa InterruptException
@test thrown(() -> step!(chain)) === nothing
