"""Every failure is an exception of its own kind, with the library's message."""

import pickle
import unittest

import numpy as np

import instanton
from instanton import _specification, constants
from world import World, in_thread


class Errors(unittest.TestCase):
    def setUp(self):
        self.world = World()

    def expect(self, kind, status, message, function, *arguments, **keys):
        with self.assertRaisesRegex(kind, message) as caught:
            function(*arguments, **keys)
        self.assertEqual(caught.exception.status, status)
        self.assertIsInstance(caught.exception, instanton.Error)

    def test_each_kind(self):
        lattice, action = self.world.lattice, self.world.action
        self.expect(instanton.BadSpec, constants.BAD_SPEC, "known keys: .*mass_squared", instanton.Action, lattice,
                    type="phi4", mass_squared=1.0, lamda=1.0)
        self.expect(ValueError, constants.BAD_SPEC, "missing key", instanton.Action, lattice, "{type: 'phi4'}")
        self.expect(instanton.BadShape, constants.BAD_SHAPE, "expected 24 numbers", instanton.Action, lattice,
                    type="phi4", mass_squared=[1.0], lambda_=1.0)
        self.expect(instanton.BadInput, constants.BAD_INPUT, ".", action.value, np.full((6, 4), np.nan))
        self.expect(OSError, constants.IO, "nowhere", instanton.Model.load, lattice, "nowhere.safetensors")
        self.expect(instanton.IoError, constants.IO, ".", self.world.model.save, "/nowhere/model.safetensors")
        self.expect(instanton.NoDevice, constants.NO_DEVICE, ".", instanton.Context, device="opencl:none of this name")
        self.expect(instanton.Unsupported, constants.UNSUPPORTED, ".", action.refresh, 0, np.zeros((6, 4)))
        self.expect(instanton.BadShape, constants.BAD_SHAPE, ".", instanton.Lattice, self.world.context, (4, 1))

    def test_messages_are_those_of_the_same_thread(self):
        with self.assertRaisesRegex(instanton.BadSpec, "magic"):
            in_thread(lambda: instanton.Action(self.world.lattice, "{type: 'magic'}"))
        with self.assertRaises(instanton.BadShape) as caught:
            instanton.Lattice(self.world.context, (4, 1))
        self.assertNotIn("magic", str(caught.exception))

    def test_specs_hold_what_json_can_say(self):
        for number in (np.inf, np.nan):
            with self.assertRaisesRegex(instanton.BadSpec, "expected finite numbers"):
                instanton.Action(self.world.lattice, type="phi4", mass_squared=number, lambda_=1.0)
        with self.assertRaisesRegex(instanton.BadSpec, "expected numbers, texts"):
            instanton.Context(threads={1})
        with self.assertRaisesRegex(instanton.BadSpec, "zero byte"):
            instanton.Context("{}\0{threads: 'no'}")
        with self.assertRaisesRegex(TypeError, "expected a dict beside the keywords threads"):
            instanton.Context("{seed: 1}", threads=1)
        with self.assertRaisesRegex(TypeError, "spec: expected text, a dict or None, got int"):
            instanton.Context(7)

    def test_specs_of_numpy_numbers_are_those_of_python(self):
        spec = {"seed": np.int64(7), "list": (np.float64(0.5), np.array([[1, 2], [3, 4]])), "lambda": np.ones((2, 2))}
        expected = b'{"seed": 7, "list": [0.5, [[1, 2], [3, 4]]], "lambda": [1.0, 1.0, 1.0, 1.0]}'
        self.assertEqual(_specification.encode(spec), expected)

    def test_words_are_found_in_texts_and_dicts(self):
        for spec in ("{group: 'su2'}", '{"group" : "su2"}', 
                     "{ /* group: 'u1' */ // group: 'u1'\n a: ['group'], 'group': 'su2'}",
                     {"terms": [{"type": "wilson"}, {"group": "su2"}]}):
            self.assertEqual(_specification.word(spec, "group"), "su2")
        for spec in (None, "", "{}", {}, "{a: 'group'}", "{type: 'group'}"):
            self.assertIsNone(_specification.word(spec, "group"))
        with self.assertRaisesRegex(instanton.BadSpec, "without escapes"):
            _specification.word("{gro\\u0075p: 'su3'}", "group")

    def test_errors_can_be_sent_to_other_processes(self):
        error = pickle.loads(pickle.dumps(instanton.IoError("what, expected, got")))
        self.assertIs(type(error), instanton.IoError)
        self.assertEqual((str(error), error.status), ("what, expected, got", constants.IO))


if __name__ == "__main__":
    unittest.main()
