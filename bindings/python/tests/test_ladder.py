"""Ladders: replicas of a host in Python."""

import ctypes
import os
import tempfile
import unittest

import numpy as np

import instanton
from instanton import constants

SPEC = {"defect": {"size": [2], "at": [3, 1]}, "replicas": 3, "tune": 40}
WILSON = {"type": "wilson", "group": "u1", "beta": 2.0}


class Ladders(unittest.TestCase):
    def setUp(self):
        self.context = instanton.Context(threads=1, seed=4)
        self.lattice = instanton.Lattice(self.context, (4, 6))

    def ladder(self, **keys):
        return instanton.Ladder(self.lattice, SPEC, **keys)

    def test_weights_are_products_of_factors(self):
        ladder = self.ladder()
        at = ladder.replica(2).at
        factors = ladder.link_factors(2, 0.25, 1)
        expected = np.ones((6, 4))
        expected[at[1], [at[0], (at[0] + 1) % 4]] = 0.25
        np.testing.assert_array_equal(factors, expected)
        weights = ladder.plaquette_weights(2, 0.25, 0, 1)
        np.testing.assert_array_equal(weights, factors * np.roll(factors, -1, axis=1))
        out = np.empty((6, 4))
        self.assertIs(ladder.link_factors(2, 0.25, 0, out=out), out)
        np.testing.assert_array_equal(out, 1.0)

    def test_differences_are_those_of_the_action(self):
        ladder = self.ladder(action=WILSON)
        layout = instanton.Layout(self.lattice, fields="u1")
        angles = np.random.default_rng(3).uniform(-3, 3, (6, 4, 2))
        links = np.exp(1j * angles)
        plaquettes = (angles[..., 0] + np.roll(angles[..., 1], -1, axis=1)
                      - np.roll(angles[..., 0], -1, axis=0) - angles[..., 1])
        for number in range(3):
            standing = ladder.replica(number)
            s = [ladder.plaquette_weights(number, strength, 0, 1) for strength in (standing.partner, standing.strength)]
            expected = 2.0 * np.sum((s[0] - s[1]) * (1 - np.cos(plaquettes)))
            self.assertAlmostEqual(ladder.difference(number, layout, links), expected, places=12)

    def test_swaps_are_counted_saved_and_gone_on_with(self):
        one, other = self.ladder(), self.ladder()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "ladder")
            for n in range(30):
                one.swap(np.sin([n, n + 1.0, n + 2.0]))
            one.save(path)
            other.load(path)
            one.swap([0.0, 0.5, 1.0])
            other.swap([1.0, 0.5, 0.0], replicas=[2, 1, 0])
        self.assertEqual(one.describe(), other.describe())
        self.assertEqual((one.replicas, one.counter), (3, 31))
        with self.assertRaisesRegex(instanton.BadInput, "replica: expected 0 to 2, got 3"):
            one.replica(3)
        with self.assertRaisesRegex(instanton.BadShape, "differences: expected one for each replica"):
            one.swap([0.0], replicas=[0, 1])
        with self.assertRaisesRegex(instanton.BadInput, "expected replica 1 on one of the ranks"):
            one.swap([0.0], replicas=[0])

    def test_a_communicator_of_python(self):
        sums = []

        def allreduce(numbers, count, user):
            sums.append([numbers[n] for n in range(count)])
            return len(sums) // 3

        communicator = constants.Communicator(
            ctypes.sizeof(constants.Communicator), 0, 1, None, constants.SENDRECV(lambda *_: 0),
            constants.ALLREDUCE(allreduce), constants.BARRIER(lambda _: 0))
        ladder = self.ladder()
        ladder.connect(communicator)
        ladder.swap([0.0, 0.0, 0.0])
        self.assertEqual([len(numbers) for numbers in sums], [3, 3 + 3 * 6])
        with self.assertRaisesRegex(instanton.Stopped, "communicator.allreduce: expected 0, got 1"):
            ladder.swap([0.0, 0.0, 0.0])
        self.assertEqual(ladder.counter, 1)


if __name__ == "__main__":
    unittest.main()
