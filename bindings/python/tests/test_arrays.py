"""Arrays go in and out without copies, with the shapes and types that are said."""

import unittest

import numpy as np

import instanton
from instanton._prototypes import Doubles
from world import World, action_of, gradient_of, recording


class Arrays(unittest.TestCase):
    def setUp(self):
        self.world = World((4, 6))

    def test_contiguous_arrays_are_passed_themselves(self):
        fields, out = self.world.fields(5), np.empty((5, 6, 4))
        with recording() as library:
            result = self.world.action.gradient(fields, out=out)
            [(name, arguments)] = library().calls
        self.assertEqual(name, "inst_action_gradient")
        self.assertIs(arguments[2], fields)
        self.assertIs(arguments[3], out)
        self.assertIs(result, out)
        self.assertEqual(Doubles.from_param(fields).value, fields.ctypes.data)

    def test_complex_arrays_are_passed_themselves(self):
        gauge = instanton.Gauge(self.world.lattice)
        links, out = gauge.links(), np.empty(gauge.links_shape, np.complex128)
        with recording() as library:
            gauge.set_links(links)
            gauge.links(out)
            (_, first), (_, second) = library().calls
        self.assertIs(first[1], links)
        self.assertIs(second[1], out)
        self.assertEqual(Doubles.from_param(links).value, links.ctypes.data)

    def test_the_last_word_on_arrays_refuses_others(self):
        for array in (np.zeros(4, np.float32), np.zeros((4, 4)).T[1:]):
            with self.assertRaises(TypeError):
                Doubles.from_param(array)

    def test_x_is_the_last_axis(self):
        self.assertEqual(self.world.lattice.extent, (4, 6))
        self.assertEqual(self.world.lattice.shape, (6, 4))
        self.assertEqual(self.world.model.sample(0, 3).fields.shape, (3, 6, 4))
        mass_squared = np.zeros((6, 4))
        mass_squared[5, 1] = 2.0
        action = instanton.Action(self.world.lattice, type="phi4", mass_squared=mass_squared, lambda_=1.0)
        field = np.zeros((6, 4))
        field[5, 1] = 1.0
        self.assertAlmostEqual(action.value(field), 4.0 + 2.0 + 1.0, 13)

    def test_leading_axes_are_kept(self):
        for leading in ((), (1,), (5,), (2, 3)):
            fields = self.world.fields(*leading)
            values = self.world.action.value(fields)
            self.assertEqual(np.shape(values), leading)
            np.testing.assert_allclose(values, action_of(fields), rtol=1e-13)
            np.testing.assert_allclose(self.world.action.gradient(fields), gradient_of(fields), atol=1e-11)
            self.assertEqual(np.shape(self.world.model.log_density(fields)), leading)

    def test_other_types_and_strides_are_converted(self):
        fields = self.world.fields(4)
        expected = action_of(fields)
        swapped, wide = fields.astype(">f8"), np.repeat(fields, 2, axis=0)
        unaligned = np.frombuffer(b"\0" + fields.tobytes(), np.uint8)[1:].view(np.float64).reshape(fields.shape)
        self.assertFalse(unaligned.flags.aligned)
        for other in (np.asfortranarray(fields), wide[::2], swapped, fields.tolist(), unaligned):
            np.testing.assert_allclose(self.world.action.value(other), expected, rtol=1e-13)
        whole = np.arange(24).reshape(6, 4)
        np.testing.assert_allclose(self.world.action.value(whole), action_of(whole.astype(float)), rtol=1e-13)

    def test_numbers_that_would_lose_a_part_are_refused(self):
        with self.assertRaisesRegex(TypeError, "fields: expected numbers of float64, got complex128"):
            self.world.action.value(np.zeros((6, 4), complex))
        with self.assertRaisesRegex(TypeError, "fields: expected numbers of float64"):
            self.world.action.value(np.full((6, 4), "a"))

    def test_other_shapes_are_refused(self):
        for shape in ((4, 6), (24,), (6,), (3, 4, 6), ()):
            with self.assertRaisesRegex(instanton.BadShape, r"fields: expected shape \(6, 4\).*got"):
                self.world.action.value(np.zeros(shape))
        with self.assertRaises(instanton.BadShape):
            self.world.action.value(np.zeros((0, 6, 4)))

    def test_outputs_that_cannot_be_written_to_are_refused(self):
        fields = self.world.fields()
        locked = np.zeros((6, 4))
        locked.flags.writeable = False
        cases = [
            (np.zeros((4, 6)), ValueError, r"out: expected shape \(6, 4\), got \(4, 6\)"),
            (np.zeros((6, 4), np.float32), TypeError, "out: expected numbers of float64, got float32"),
            (np.zeros((4, 6)).T, ValueError, "out: expected a C-contiguous array, got strides"),
            (locked, ValueError, "out: expected an array that can be written to"),
            ([0.0] * 24, TypeError, "out: expected a numpy array, got list"),
        ]
        for out, kind, message in cases:
            with self.assertRaisesRegex(kind, message):
                self.world.action.gradient(fields, out=out)
        self.assertTrue((locked == 0.0).all())

    def test_results_may_be_written_over_inputs(self):
        fields = self.world.fields(2)
        expected = self.world.action.gradient(fields)
        self.world.action.gradient(fields, out=fields)
        np.testing.assert_array_equal(fields, expected)

    def test_counters_that_would_be_cut_are_refused(self):
        for counter in (-1, 2**64, 2**70):
            with self.assertRaisesRegex(instanton.BadShape, "counter: expected a whole number"):
                self.world.model.sample(counter, 1)
        with self.assertRaises(TypeError):
            self.world.model.sample(0.5, 1)
        self.world.model.sample(2**64 - 2, 1)


if __name__ == "__main__":
    unittest.main()
