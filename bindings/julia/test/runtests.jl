# Tests of the package: `julia --project=. test/runtests.jl [NAME...]`, with INSTANTON_LIBRARY naming the library.

using Instanton
using LinearAlgebra
using Random
using Test

const REPOSITORY = normpath(joinpath(@__DIR__, "..", "..", ".."))
const MODELS = abspath(get(ENV, "INSTANTON_MODELS", joinpath(REPOSITORY, "models")))
const FIELDS = joinpath(REPOSITORY, "tests", "fields")
const FILES = ["header", "lifecycles", "errors", "fields", "callbacks", "training", "exact", "gauge", "layouts", "ladders",
               "dirac", "watch", "documents"]

const CONTEXT = Context(threads = 2, seed = 7)
const SQUARE = Lattice(CONTEXT, 6, 6)
const PHI4 = Action(SQUARE; type = "phi4", mass_squared = -4, lambda = 6.975)
const SMALL = Lattice(CONTEXT, 2, 4, 2, 2)

"What `f` throws, or nothing."
function thrown(f)
    try
        f()
    catch exception
        return exception
    end
    return nothing
end

"The name of the status that `f` fails with, or what it throws instead."
function status_of(f)
    exception = thrown(f)
    return exception isa InstantonError ? exception.name : exception
end

message_of(f) = sprint(showerror, thrown(f))

"S of PHI4 from its definition, for phi[x, y]."
action_of(phi) = sum(sum(abs2, circshift(phi, step) - phi) for step in ((-1, 0), (0, -1))) +
                 sum(-4 .* phi .^ 2 .+ 6.975 .* phi .^ 4)

"A field that is the same in every run."
wave(size...) = reshape(sin.(1.3 .* (1:prod(size))), size...)
complex_wave(size...) = complex.(wave(size...), reshape(cos.(0.7 .* (1:prod(size))), size...))

"Ctrl-C, as a signal to this process."
interrupt() = ccall(:kill, Cint, (Cint, Cint), getpid(), 2)

"Works until Ctrl-C comes, and gives up after a while."
function wait_for_interrupt()
    start = time()
    while time() - start < 20
        rand(10)
    end
end

ildg() = read_links!(Gauge(SMALL), joinpath(FIELDS, "ildg-f64"))

@testset "Instanton" begin
    for name in (isempty(ARGS) ? FILES : ARGS)
        @testset "$name" begin
            include("$name.jl")
        end
    end
end
