# Finds and loads the shared library, once in a process.

"The file that the environment variable INSTANTON_LIBRARY names, or else what the system's loader is asked for."
function library_names()
    file = get(ENV, "INSTANTON_LIBRARY", "")
    isempty(file) || return [file]
    return Sys.isapple() ? ["libinstanton.0.dylib", "libinstanton.dylib"] : ["libinstanton.so.0", "libinstanton.so"]
end

function open_library()
    reasons = String[]
    for name in library_names()
        try
            return find_functions(Libdl.dlopen(name))
        catch exception
            push!(reasons, sprint(showerror, exception))
        end
    end
    error("the library of Instanton cannot be loaded: expected the file that the environment variable " *
          "INSTANTON_LIBRARY names, or the library on the loader's path, got $(join(reasons, "; "))")
end

function find_functions(library)
    for (index, (name, _, _)) in enumerate(PROTOTYPES)
        ADDRESSES[index] = Libdl.dlsym(library, name)
    end
end

"The version of the library that is loaded."
version() = VersionNumber(unsafe_string(inst_version()))
