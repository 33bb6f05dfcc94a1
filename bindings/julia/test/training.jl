# Training: its history, its progress, and the ways to stop it.

small = Lattice(Context(threads = 1, seed = 5), 4, 4)
theory = Action(small; type = "phi4", mass_squared = 1, lambda = 1)
fresh() = Model(small; type = "affine", layers = 2, hidden = [4])

whole = fresh()
seen = []
history = train!(whole, theory; steps = 12, batch = 8, progress = (numbers...) -> push!(seen, numbers))
@test [entry.step for entry in history] == 1:12
@test seen == [(entry.step, 12, entry.loss, entry.ess) for entry in history]
@test all(isfinite(entry.loss) && 0 <= entry.ess <= 1 for entry in history)
@test train!(fresh(), theory, "{steps: 12, batch: 8}") == history
learned = train!(fresh(), theory; steps = 200, batch = 32, learning_rate = 0.01)
@test sum(entry.loss for entry in learned[181:200]) / 20 < learned[1].loss - 2

# An exception and a true result stop it; it goes on bit for bit.
for stop in (step -> step == 5 && throw(DomainError(step)), step -> step == 5)
    local stopped, history = fresh(), TrainingStep[]
    local exception = thrown(() -> train!(stopped, theory; steps = 12, batch = 8, history = history,
                                    progress = (step, _...) -> stop(step)))
    @test exception isa Union{DomainError,Nothing}
    @test [entry.step for entry in history] == 1:5
    train!(stopped, theory; steps = 12, batch = 8, history = history)
    @test [entry.step for entry in history] == 1:12
    @test sample(stopped, 0, 2) == sample(whole, 0, 2)
end

# Ctrl-C, in progress and where there is none.
Base.exit_on_sigint(false)
interrupted, history = fresh(), TrainingStep[]
strike(step, _...) = step == 3 && (interrupt(); wait_for_interrupt())
@test thrown(() -> train!(interrupted, theory; steps = 9, batch = 8, history = history, progress = strike)) isa
      InterruptException
@test length(history) == 3
strike_later = run(`sh -c "sleep 1; kill -INT $(getpid())"`; wait = false)
@test thrown(() -> train!(interrupted, theory; steps = 10^7, batch = 8, history = history)) isa InterruptException
wait(strike_later)
done = length(history)
@test done > 3
@test [entry.step for entry in history] == 1:done
train!(interrupted, theory; steps = done + 2, batch = 8, history = history)
@test length(history) == done + 2
@test all(isfinite, sample(interrupted, 0, 2)[1])

# Fields of a density, models at a coupling, proposals without a model.
given = 0.3 .* randn(4, 4, 200) .+ 0.5
learner = Model(small; type = "chain", layers = [Dict("type" => "affine", "repeat" => 2, "hidden" => [4]), Dict("type" => "spline")])
losses = train_on!(learner, given; steps = 40, batch = 50, learning_rate = 0.02)
@test length(losses) == 40 && all(isnan(entry.ess) for entry in losses) && losses[40].loss < losses[1].loss
@test status_of(() -> train_on!(learner, given; steps = 0)) == :INST_BAD_SPEC
open_model = Model(small; layers = 2, hidden = [4], condition = Dict("lambda" => [0.5, 2]))
train!(open_model, theory; steps = 3, batch = 8)
@test status_of(() -> sample(open_model, 0, 2)) == :INST_BAD_INPUT
low, high = at(open_model; lambda = 0.5), at(open_model, "{lambda: 2}")
@test describe(transfer(low, small)) == describe(low)
@test occursin("\"at\":{\"lambda\":0.5}", describe(low))
drawn, log_q = sample(low, 0, 20)
@test log_density(low, drawn) ≈ log_q && !(sample(high, 0, 20)[1] ≈ drawn)
noisy = Model(small; type = "diffusion", network = Dict("type" => "convolutional", "hidden" => [2], "times" => 2))
train!(noisy, theory; steps = 2, batch = 8, score = "mixed", fields = Dict("thermalise" => 2, "count" => 20))
drawn, log_path = sample_paths(noisy, 0, 3; steps = 5)
@test size(drawn) == (4, 4, 3) && all(isfinite, log_path) && all(!iszero, drawn)
@test sample_paths(noisy, 1, 2; steps = 5)[1] == drawn[:, :, 2:3]
@test status_of(() -> sample_paths(low, 0, 3)) == :INST_UNSUPPORTED
langevin = Proposal(theory; type = "langevin", step = 0.01)
current = randn(4, 4)
proposed, log_ratio = propose(langevin, 3, current)
@test isfinite(log_ratio) && proposed != current

# Files and texts.
mktempdir() do folder
    path = joinpath(folder, "mödel.safetensors")
    save(whole, path)
    again = load_model(small, path)
    @test sample(again, 0, 2) == sample(whole, 0, 2)
    @test describe(again) == describe(whole)
    @test occursin("\"extent\":[4,4]", replace(describe(again), " " => ""))
    @test status_of(() -> save(whole, joinpath(folder, "none", "model"))) == :INST_IO
end
