# What the README shows, and the example, run.

readme = read(joinpath(@__DIR__, "..", "README.md"), String)
blocks = [m[1] for m in eachmatch(r"```julia\n(.*?)```"s, readme)]
@test length(blocks) == 2
# As it stands, but for the time that good results take.
code = replace(replace(join(blocks), "steps = 2000" => "steps = 100"), "10000" => "1000")
@test code != join(blocks)
module Readme end
mktempdir() do folder
    cd(folder) do
        redirect_stdout(open("output", "w")) do
            include_string(Readme, code)
        end
        @test filesize("phi4_8x8.safetensors") > 1000
    end
end
@test length(Readme.history) == 100 && Readme.history[100].loss < Readme.history[1].loss
@test Readme.phi[2, 1] == 33 && Readme.phi[3, 1] == 2 && Readme.memory == 2:2:128
@test length(Readme.series) == 1000 && all(isfinite, Readme.series)

# Every function that is exported is in the table of the README.
for name in names(Instanton)
    @test (name, occursin("`$name", readme)) == (name, true)
end

example = joinpath(@__DIR__, "..", "examples", "hmc_phi4.jl")
project = dirname(Base.active_project())
output = read(`$(Base.julia_cmd()) --project=$project $example $MODELS 2`, String)
rows = split(output, '\n')
for name in ("<phi^2>", "susceptibility")
    local row = only(filter(startswith(name), rows))
    local deviations = parse.(Float64, split(split(row, "sigma")[2], ','))
    @test length(deviations) == 2 && all(abs.(deviations) .< 5)
end
@test occursin(r"HMC and proposals: \d+ proposals, (8|9)\d\.\d per cent accepted", output)
