# The table of prototypes and the constants are those of include/instanton.h.

const HEADER = replace(read(joinpath(REPOSITORY, "include", "instanton.h"), String), r"/\*.*?\*/"s => " ")

function julia_type(c)
    c = strip(replace(replace(c, r"\bconst\b" => " "), r"\s+" => " "))
    c = strip(replace(c, r"\s*\*" => "*"))
    fixed = Dict("inst_status" => Int32, "int32_t" => Int32, "int64_t" => Int64, "uint64_t" => UInt64,
                 "double" => Float64, "void" => Cvoid, "double*" => Ptr{Float64}, "int64_t*" => Ptr{Int64},
                 "int32_t*" => Ptr{Int32}, "void*" => Ptr{Cvoid}, "void**" => Ptr{Ptr{Cvoid}},
                 "void* *" => Ptr{Ptr{Cvoid}}, "inst_solve_report*" => Ptr{Instanton.SolveReport},
                 "inst_two_sided_report*" => Ptr{Instanton.TwoSidedReport},
                 "inst_communicator*" => Ptr{Instanton.Communicator}, "uint64_t*" => Ptr{UInt64},
                 "inst_action_fn" => Ptr{Cvoid}, "inst_progress_fn" => Ptr{Cvoid},
                 "inst_watch_fn" => Ptr{Cvoid})
    haskey(fixed, c) && return fixed[c]
    occursin(r"^inst_\w+\*\*$", c) && return Ptr{Ptr{Cvoid}}
    occursin(r"^inst_\w+\*$", c) && return Ptr{Cvoid}
    error("no type for '$c'")
end

# Text that is read is a Cstring, text that is written is bytes.
argument_type(c) =
    occursin(r"const\s+char\s*\*", c) ? Cstring :
    occursin(r"char\s*\*", c) ? Ptr{UInt8} : julia_type(replace(c, r"\w+\s*$" => ""))

declared = Dict{Symbol,Any}()
for m in eachmatch(r"(?:^|\n)\s*((?:const\s+)?\w+\s*\*?)\s*(inst_\w+)\s*\(([^()]*)\)\s*;", HEADER)
    local arguments = strip(m[3]) == "void" ? () : Tuple(argument_type.(split(m[3], ',')))
    local result = occursin("char", m[1]) ? Cstring : julia_type(m[1])
    declared[Symbol(m[2])] = (result, arguments)
end

known = Dict{Symbol,Any}(name => (result, types) for (name, result, types) in Instanton.PROTOTYPES)
# Every name that is followed by a bracket is a function: none escapes the pattern above.
names_in_header = Set(Symbol(m[1]) for m in eachmatch(r"\b(inst_\w+)\s*\(", HEADER))

@test length(known) == length(Instanton.PROTOTYPES)
@test names_in_header == Set(keys(declared))
@test Set(keys(known)) == Set(keys(declared))
for name in sort!(collect(keys(declared)))
    @test (name, get(known, name, nothing)) == (name, declared[name])
end

# What is in the table is also called.
const SOURCES = joinpath(@__DIR__, "..", "src")
wrappers = join(read(joinpath(SOURCES, name), String) for name in readdir(SOURCES) if name != "prototypes.jl")
for name in keys(known)
    @test (name, occursin(Regex("\\b$name\\b"), wrappers)) == (name, true)
end

# Callbacks have the types of the header.
for (name, trampoline) in (("inst_action_fn", Instanton.action_trampoline),
                           ("inst_progress_fn", Instanton.progress_trampoline),
                           ("inst_watch_fn", Instanton.watch_trampoline))
    local arguments = match(Regex("typedef int32_t \\(\\*$name\\)\\(([^)]*)\\);"), HEADER)[1]
    local types = argument_type.(split(arguments, ','))
    @test only(methods(trampoline)).sig == Tuple{typeof(trampoline),types...}
end

constants = [Symbol(m[1]) => parse(Int, m[2]) for m in eachmatch(r"\b(INST_\w+)\s*=\s*(\d+)", HEADER)]
@test constants == Instanton.STATUSES
for (name, number) in constants
    @test getfield(Instanton, name) === Int32(number)
    @test InstantonError(number, "").name == name
end

members = match(r"struct \{([^}]*)\} inst_solve_report", HEADER)[1]
@test [(Symbol(m[2]), julia_type(m[1])) for m in eachmatch(r"(\w+)\s+(\w+);", members)] ==
      collect(zip(fieldnames(SolveReport), fieldtypes(SolveReport)))
members = match(r"struct \{([^}]*)\} inst_two_sided_report", HEADER)[1]
@test [(Symbol(m[2]), julia_type(m[1])) for m in eachmatch(r"(\w+)\s+(\w+);", members)] ==
      collect(zip(fieldnames(TwoSidedReport), fieldtypes(TwoSidedReport)))
@test isbitstype(TwoSidedReport) && TwoSidedReport().struct_size == sizeof(TwoSidedReport) == 96
@test isbitstype(Communicator) && sizeof(Communicator) == 48
@test isbitstype(SolveReport) && SolveReport().struct_size == sizeof(SolveReport) == 32

project = read(joinpath(@__DIR__, "..", "Project.toml"), String)
@test occursin("\nversion = \"$(Instanton.version())\"\n", project)
