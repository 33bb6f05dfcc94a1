"""The prototypes and numbers of the binding are those of instanton.h."""

import ctypes
import re
import unittest

import instanton
from instanton import _prototypes, constants
from instanton._library import library
from world import REPOSITORY

OBJECTS = "context|lattice|action|model|proposal|chain|gauge|layout|dirac|ladder"


def header():
    text = (REPOSITORY / "include" / "instanton.h").read_text()
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


def kind_of(argument):
    """What ctypes must have for an argument as C writes it, without its name."""
    kinds = {
        r"double \*": _prototypes.Doubles,
        r"int64_t \*": ctypes.POINTER(ctypes.c_int64),
        r"const int64_t \*": _prototypes.Integers,
        r"const double \*": _prototypes.Doubles,
        r"int32_t \*": ctypes.POINTER(ctypes.c_int32),
        r"const char \*": ctypes.c_char_p,
        r"char \*": ctypes.POINTER(ctypes.c_char),
        r"(const )?void \*(const )?\*": ctypes.POINTER(ctypes.c_void_p),
        r"void \*": ctypes.c_void_p,
        r"inst_solve_report \*": ctypes.POINTER(constants.SolveReport),
        r"inst_two_sided_report \*": ctypes.POINTER(constants.TwoSidedReport),
        r"const inst_communicator \*": ctypes.POINTER(constants.Communicator),
        r"uint64_t \*": ctypes.POINTER(ctypes.c_uint64),
        rf"(const )?inst_({OBJECTS}) \*": ctypes.c_void_p,
        rf"inst_({OBJECTS}) \*\*": ctypes.POINTER(ctypes.c_void_p),
        r"int32_t ": ctypes.c_int32,
        r"int64_t ": ctypes.c_int64,
        r"uint64_t ": ctypes.c_uint64,
        r"double ": ctypes.c_double,
        r"inst_action_fn ": _prototypes.ACTION,
        r"inst_progress_fn ": _prototypes.PROGRESS,
        r"inst_watch_fn ": _prototypes.WATCH,
    }
    [kind] = [kind for pattern, kind in kinds.items() if re.fullmatch(pattern, argument)]
    return kind


def without_name(argument):
    return re.sub(r"\w+$", "", re.sub(r"\s+", " ", argument.strip()))


def declared(text):
    """Name, result and arguments of every function."""
    text = re.sub(r"typedef [^;{]*;", " ", text)
    for result, name, arguments in re.findall(r"(inst_status|void|const char \*)\s*(inst_\w+)\(([^)]*)\);", text):
        arguments = [] if arguments.strip() == "void" else arguments.split(",")
        yield name, result, [without_name(argument) for argument in arguments]


class Header(unittest.TestCase):
    def test_every_function_has_its_prototype(self):
        results = {"inst_status": ctypes.c_int32, "void": None, "const char *": ctypes.c_char_p}
        found = {name: (results[result], [kind_of(argument) for argument in arguments])
                 for name, result, arguments in declared(header())}
        self.assertGreater(len(found), 50)
        self.assertEqual(list(found), list(_prototypes.PROTOTYPES))
        for name, prototype in found.items():
            self.assertEqual(prototype, _prototypes.PROTOTYPES[name], name)

    def test_every_name_with_a_parenthesis_was_found(self):
        names = set(re.findall(r"\b(inst_\w+)\(", header()))
        self.assertEqual(names, set(_prototypes.PROTOTYPES))

    def test_the_callbacks_are_those_of_the_header(self):
        pointers = {"const double *": ctypes.POINTER(ctypes.c_double), "double *": ctypes.POINTER(ctypes.c_double)}
        for name, callback in (("inst_action_fn", _prototypes.ACTION), ("inst_progress_fn", _prototypes.PROGRESS),
                               ("inst_watch_fn", _prototypes.WATCH)):
            [arguments] = re.findall(rf"typedef int32_t \(\*{name}\)\(([^)]*)\);", header())
            texts = [without_name(argument) for argument in arguments.split(",")]
            kinds = tuple(pointers[text] if text in pointers else kind_of(text) for text in texts)
            self.assertEqual(callback._argtypes_, kinds)
            self.assertIs(callback._restype_, ctypes.c_int32)

    def test_the_statuses_are_those_of_the_header(self):
        [body] = re.findall(r"enum \{(.*?)\};", header(), re.DOTALL)
        statuses = {name: int(value) for name, value in re.findall(r"(INST_\w+) = (\d+)", body)}
        self.assertEqual(statuses, constants.STATUS)
        self.assertEqual({kind.status for kind in instanton.errors.BY_STATUS.values()} | {0}, set(statuses.values()))
        for name, value in statuses.items():
            self.assertEqual(getattr(constants, name[len("INST_"):]), value)

    def test_the_reports_are_those_of_the_header(self):
        for name, report in (("solve", constants.SolveReport), ("two_sided", constants.TwoSidedReport)):
            [body] = re.findall(r"typedef struct \{([^{}]*)\} inst_" + name + "_report;", header())
            fields = [(member, {"int64_t": ctypes.c_int64, "double": ctypes.c_double}[kind])
                      for kind, member in re.findall(r"(\w+) (\w+);", body)]
            self.assertEqual(fields, report._fields_)

    def test_the_library_has_the_version_of_the_binding(self):
        project = (REPOSITORY / "bindings" / "python" / "pyproject.toml").read_text()
        self.assertIn(f'\nversion = "{instanton.version()}"\n', project)
        self.assertEqual(instanton.__version__, instanton.version())
        self.assertEqual(library().inst_version().decode(), instanton.version())


if __name__ == "__main__":
    unittest.main()
