"""Actions of Python's own: their numbers, their exceptions, signals while they run."""

import contextlib
import io
import os
import signal
import sys
import unittest

import numpy as np

import instanton
from world import World, action_of, gradient_of, in_thread


def python_action(field, gradient):
    if gradient is not None:
        gradient[...] = gradient_of(field)
    return action_of(field)


class Callbacks(unittest.TestCase):
    def setUp(self):
        self.world = World()
        # What ctypes cannot raise it prints: nothing may come to that.
        self.lost = []
        hook = sys.unraisablehook
        sys.unraisablehook = self.lost.append
        self.addCleanup(setattr, sys, "unraisablehook", hook)

    def tearDown(self):
        self.assertEqual(self.lost, [])

    def make(self, function):
        return instanton.Action.from_callback(self.world.lattice, function)

    def test_the_numbers_are_those_of_the_same_action(self):
        action, fields = self.make(python_action), self.world.fields(3)
        np.testing.assert_allclose(action.value(fields), self.world.action.value(fields), rtol=1e-13)
        np.testing.assert_allclose(action.gradient(fields), self.world.action.gradient(fields), atol=1e-11)
        ours, theirs = (instanton.Chain(each, steps=5, start="hot") for each in (action, self.world.action))
        for _ in range(5):
            self.assertAlmostEqual(ours.step().value, theirs.step().value, 8)

    def test_fields_have_their_shape_and_cannot_be_written_to(self):
        seen = []

        def look(field, gradient):
            seen.append((field.shape, field.dtype, field.flags.writeable, gradient is None))
            return 1.0

        self.make(look).value(self.world.fields())
        self.assertEqual(seen, [((6, 4), np.float64, False, True)])

        def write(field, gradient):
            field[0, 0] = 1.0
            return 0.0

        with self.assertRaisesRegex(ValueError, "read-only"):
            self.make(write).value(self.world.fields())

    def test_an_exception_comes_back_as_itself(self):
        raised = KeyError("the physicist's own")

        def fail(field, gradient):
            raise raised

        action = self.make(fail)
        output = io.StringIO()
        with contextlib.redirect_stderr(output):
            for call in (lambda: action.value(self.world.fields()), lambda: action.gradient(self.world.fields(2)),
                         lambda: instanton.Chain(action, start="hot").step(),
                         lambda: self.world.model.train(action, steps=2)):
                for run in (call, lambda: in_thread(call)):
                    with self.assertRaises(KeyError) as caught:
                        run()
                    self.assertIs(caught.exception, raised)
        self.assertEqual(output.getvalue(), "")
        self.assertTrue(np.isfinite(self.world.action.value(self.world.fields())))

    def test_a_result_that_is_no_number_is_an_error(self):
        with self.assertRaises(TypeError):
            self.make(lambda field, gradient: None).value(self.world.fields())
        with self.assertRaises(instanton.BadInput):
            self.make(lambda field, gradient: float("nan")).value(self.world.fields())

    def test_a_callback_may_call_the_library(self):
        def inner(field, gradient):
            if gradient is not None:
                self.world.action.gradient(field, out=gradient)
            return self.world.action.value(field)

        fields = self.world.fields(3)
        np.testing.assert_array_equal(self.make(inner).value(fields), self.world.action.value(fields))

    def test_a_signal_in_a_callback_or_between_two_is_raised(self):
        calls, is_armed = [], False

        def interrupted(field, gradient):
            calls.append(1)
            if is_armed and len(calls) == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return python_action(field, gradient)

        # A hot start evaluates the action, too.
        chain = instanton.Chain(self.make(interrupted), start="hot")
        before = chain.field()
        # A shell that runs this in the background has it ignore interrupts.
        handler = signal.default_int_handler
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, handler))
        calls.clear()
        is_armed = True
        with self.assertRaises(KeyboardInterrupt):
            chain.step()
        self.assertLessEqual(len(calls), 4)
        self.assertIs(signal.getsignal(signal.SIGINT), handler)
        np.testing.assert_array_equal(chain.field(), before)
        self.assertTrue(np.isfinite(chain.step().value))

    def test_alarms_at_any_moment_are_raised_and_never_lost(self):
        class Alarm(Exception):
            pass

        def ring(number, frame):
            raise Alarm

        action = self.make(python_action)
        chain = instanton.Chain(action, start="hot", steps=20000)
        before = signal.signal(signal.SIGALRM, ring)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        for n in range(40):
            signal.setitimer(signal.ITIMER_REAL, 0.002 + 0.00037 * n)
            with self.assertRaises(Alarm):
                chain.step()


if __name__ == "__main__":
    unittest.main()
