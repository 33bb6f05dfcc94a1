# Errors are exceptions that say what was expected and got; specs are text or Julia's own.

failure = thrown(() -> Action(SQUARE; type = "phi5"))
@test failure isa InstantonError
@test (failure.status, failure.name) == (Instanton.INST_BAD_SPEC, :INST_BAD_SPEC)
@test occursin("phi5", failure.message)
@test sprint(showerror, failure) == "InstantonError: $(failure.message) (INST_BAD_SPEC)"
@test status_of(() -> Lattice(CONTEXT, 1, 4)) == :INST_BAD_SHAPE
@test status_of(() -> Context(device = "opencl:none of this name")) == :INST_NO_DEVICE
@test status_of(() -> load_model(SQUARE, joinpath(MODELS, "none"))) == :INST_IO
@test status_of(() -> load_model(SQUARE, joinpath(MODELS, "phi4_8x8.safetensors"))) == :INST_BAD_SHAPE
@test status_of(() -> value(PHI4, fill(NaN, 6, 6))) == :INST_BAD_INPUT
@test status_of(() -> refresh(PHI4, 1, zeros(6, 6))) == :INST_UNSUPPORTED
@test status_of(() -> autocorrelation([1.0, 2.0])) == :INST_BAD_SHAPE
@test status_of(() -> reweighting([0.0, NaN])) == :INST_BAD_INPUT
@test thrown(() -> Context("{}\0{seed: 2}")) isa ArgumentError
@test thrown(() -> Context(3)) isa ArgumentError
@test thrown(() -> propose(Proposal(Model(SQUARE)), -1, zeros(6, 6))) isa InexactError

# The same action from text, a dictionary, a named tuple and keywords.
spec = (type = "phi4", mass_squared = -4, lambda = 6.975, hopping = [(displacement = (1, 1), strength = 0.5)])
phi = wave(6, 6)
text = "{type: 'phi4', mass_squared: -4, lambda: 6.975, hopping: [{displacement: [1, 1], strength: 0.5}]}"
expected = value(Action(SQUARE, text), phi)
@test expected ≈ action_of(phi) - 0.5 * sum(phi .* circshift(phi, (-1, -1)))
@test value(Action(SQUARE, spec), phi) == expected
@test value(Action(SQUARE; spec...), phi) == expected
@test value(Action(SQUARE, Dict(string(key) => each for (key, each) in pairs(spec))), phi) == expected

# An array of one coupling for each site is written x fastest, as it lies.
masses = reshape(collect(0.0:35.0), 6, 6)
heavy = Action(SQUARE; type = "phi4", mass_squared = masses, lambda = 1)
unit = zeros(6, 6)
unit[2, 4] = 1
@test value(heavy, unit) ≈ 4 + masses[2, 4] + 1

@test Instanton.spec_text((a = 1, b = "q\"\n", c = (1.5, true), d = (e = :s,))) ==
      "{\"a\":1,\"b\":\"q\\\"\\u000a\",\"c\":[1.5,true],\"d\":{\"e\":\"s\"}}"
@test thrown(() -> Action(SQUARE; type = "phi4", mass_squared = NaN, lambda = 1)) isa ArgumentError
@test thrown(() -> Action(SQUARE; type = "phi4", mass_squared = Inf, lambda = 1)) isa ArgumentError
@test thrown(() -> Action(SQUARE; type = "phi4", mass_squared = sin, lambda = 1)) isa ArgumentError
@test thrown(() -> Action(SQUARE, text; lambda = 1)) isa ArgumentError
@test occursin("\"cpu\"", devices())

# Where the library is looked for.
withenv("INSTANTON_LIBRARY" => "/nowhere/libinstanton.so") do
    message = message_of(Instanton.open_library)
    @test occursin("INSTANTON_LIBRARY", message) && occursin("/nowhere/libinstanton.so", message)
end
for unset in (nothing, "")
    withenv("INSTANTON_LIBRARY" => unset) do
        @test length(Instanton.library_names()) == 2 && all(startswith("libinstanton."), Instanton.library_names())
    end
end
