# Specs: JSON5 text as it is, or dictionaries, named tuples and keywords written as JSON.

function write_json(io::IO, x::AbstractString)
    print(io, '"')
    for c in x
        if c == '"' || c == '\\'
            print(io, '\\', c)
        elseif c < ' '
            print(io, "\\u", string(UInt32(c), base = 16, pad = 4))
        else
            print(io, c)
        end
    end
    print(io, '"')
end

write_json(io::IO, x::Symbol) = write_json(io, String(x))
write_json(io::IO, x::Union{Bool,Integer}) = print(io, x)
write_json(io::IO, x::Complex) = write_json(io, (real(x), imag(x)))
write_json(io::IO, x::Rational) = write_json(io, Float64(x))

function write_json(io::IO, x::AbstractFloat)
    isfinite(x) || throw(ArgumentError("spec: expected a finite number, got $x"))
    print(io, Float64(x))
end

function write_json(io::IO, x::Union{AbstractArray,Tuple})
    print(io, '[')
    for (n, item) in enumerate(x)
        n > 1 && print(io, ',')
        write_json(io, item)
    end
    print(io, ']')
end

function write_json(io::IO, x::Union{AbstractDict,NamedTuple})
    print(io, '{')
    for (n, (key, item)) in enumerate(pairs(x))
        n > 1 && print(io, ',')
        write_json(io, string(key))
        print(io, ':')
        write_json(io, item)
    end
    print(io, '}')
end

write_json(::IO, x) = throw(ArgumentError("spec: expected numbers, strings, lists or dictionaries, got a $(typeof(x))"))

"The text of a spec: arrays are written with their first index fastest, as the library takes lists of sites."
spec_text(spec::AbstractString) = String(spec)
spec_text(spec::Union{AbstractDict,NamedTuple}) = sprint(write_json, spec)
spec_text(spec) =
    throw(ArgumentError("spec: expected text, a dictionary, a named tuple or keywords, got a $(typeof(spec))"))

function spec_text(spec, keywords)
    isempty(keywords) && return spec === nothing ? "" : spec_text(spec)
    spec === nothing || throw(ArgumentError("spec: expected either one argument or keywords, got both"))
    return spec_text(Dict{Symbol,Any}(pairs(keywords)))
end
