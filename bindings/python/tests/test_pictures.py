"""Pictures, where matplotlib is installed, and what is said where it is not."""

import importlib.util
import sys
import unittest
from unittest import mock

import numpy as np

import instanton
from instanton import pictures


def recorded():
    return instanton.History(np.arange(1, 4), np.array([3.0, 2.0, 1.0]), np.array([0.1, 0.2, 0.4]), True)


def series():
    random, x = np.random.default_rng(1), 0.0
    return np.array([x := 0.5 * x + random.normal() for _ in range(4000)])


class Pictures(unittest.TestCase):
    def test_without_matplotlib_the_error_says_so(self):
        with mock.patch.dict(sys.modules, {"matplotlib": None}):
            with self.assertRaisesRegex(ImportError, "pictures: expected matplotlib"):
                pictures.history(recorded())

    def test_the_autocorrelation_is_that_of_its_definition(self):
        numbers = series()[:50]
        rho = pictures.normalised_autocorrelation(numbers, 7)
        centred = numbers - numbers.mean()
        gamma = [(centred[:50 - t] * centred[t:]).mean() for t in range(8)]
        np.testing.assert_allclose(rho, np.array(gamma) / gamma[0], atol=1e-13)
        with self.assertRaisesRegex(instanton.BadShape, "expected one axis of more than 50"):
            pictures.normalised_autocorrelation(numbers, 50)

    @unittest.skipUnless(importlib.util.find_spec("matplotlib"), "matplotlib is not installed")
    def test_lines_hold_the_numbers(self):
        from matplotlib.figure import Figure
        axes = pictures.history(recorded(), Figure().subplots())
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), [3.0, 2.0, 1.0])
        np.testing.assert_array_equal(axes.figure.axes[1].lines[0].get_ydata(), [0.1, 0.2, 0.4])
        figure = Figure()
        axes = pictures.autocorrelation(series(), figure.subplots(), longest=5)
        np.testing.assert_allclose(axes.lines[0].get_ydata(), 0.5 ** np.arange(6), atol=0.15)
        self.assertIn("tau", axes.get_legend().get_texts()[0].get_text())
        figure.canvas.draw()


if __name__ == "__main__":
    unittest.main()
