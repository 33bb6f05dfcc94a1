"""Objects are made, used, closed and freed once, in any order."""

import copy
import gc
import os
import subprocess
import sys
import threading
import unittest
from unittest import mock

import numpy as np

import instanton
from instanton import _handle
from world import Recording, World


class Lifecycle(unittest.TestCase):
    def counted(self):
        """The functions that free, recorded while the test runs."""
        recorded = Recording(_handle.library())
        patch = mock.patch.object(_handle, "library", lambda: recorded)
        patch.start()
        self.addCleanup(patch.stop)
        return recorded.calls

    def test_closing_frees_once(self):
        calls = self.counted()
        context = instanton.Context(threads=1)
        address = context._pointer.value
        context.close()
        context.close()
        del context
        gc.collect()
        self.assertEqual(calls, [("inst_context_free", (address,))])

    def test_the_last_reference_frees(self):
        calls = self.counted()
        world = World()
        self.assertEqual(calls, [])
        del world
        gc.collect()
        names = sorted(name for name, _ in calls)
        self.assertEqual(names, ["inst_action_free", "inst_context_free", "inst_lattice_free", "inst_model_free"])

    def test_with_closes(self):
        with instanton.Context(threads=1) as context:
            self.assertFalse(context.closed)
        self.assertTrue(context.closed)

    def test_use_after_close_is_an_error(self):
        world = World()
        world.model.close()
        with self.assertRaisesRegex(ValueError, "Model: expected an open object, got one that was closed"):
            world.model.sample(0, 1)
        with self.assertRaisesRegex(ValueError, "Model: expected an open object"):
            instanton.Proposal(world.model)

    def test_what_was_made_outlives_what_it_was_made_from(self):
        world = World()
        chain = instanton.Chain(world.action, type="hmc", steps=4)
        for handle in (world.context, world.lattice, world.action, world.model):
            handle.close()
        self.assertTrue(np.isfinite(chain.step().value))

    def test_a_chain_keeps_the_function_of_its_action(self):
        world = World()
        chain = instanton.Chain(instanton.Action.from_callback(world.lattice, quadratic), steps=2, start="hot")
        gc.collect()
        step = chain.step()
        self.assertAlmostEqual(step.value, (chain.field() ** 2).sum(), 12)

    def test_closing_during_a_call_of_another_thread_waits_for_it(self):
        calls = self.counted()
        world = World()
        begun, closed = threading.Event(), threading.Event()

        def progress(step, steps, loss, ess):
            begun.set()
            closed.wait(10.0)
            self.assertEqual([name for name, _ in calls], [])

        losses = []
        thread = threading.Thread(target=lambda: losses.extend(
            world.model.train(world.action, steps=3, progress=progress).loss))
        thread.start()
        self.assertTrue(begun.wait(10.0))
        world.model.close()
        closed.set()
        thread.join()
        self.assertEqual(len(losses), 3)
        gc.collect()
        self.assertEqual([name for name, _ in calls], ["inst_model_free"])

    def test_what_is_no_object_is_told(self):
        for wrong in (None, 3, "lattice"):
            with self.assertRaisesRegex(TypeError, f"expected an object of this package, got {type(wrong).__name__}"):
                instanton.Chain(wrong)

    def test_handles_are_not_copied(self):
        with self.assertRaisesRegex(TypeError, "cannot be pickled or copied"):
            copy.copy(World().model)

    def test_a_fork_frees_nothing_of_its_parent(self):
        program = ("import os, sys, instanton\n"
                   "context = instanton.Context(threads=2)\n"
                   "child = os.fork()\n"
                   "if child == 0:\n"
                   "    context.close()\n"
                   "    own = instanton.Lattice(instanton.Context(threads=2), (4, 4))\n"
                   "    os._exit(3)\n"
                   "code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
                   "instanton.Lattice(context, (4, 4))\n"
                   "sys.exit(code)\n")
        # Newer Pythons warn of forks beside threads, which is what this is about.
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program]
        done = subprocess.run(command, env=environment(), capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, b"", b""))

    def test_the_end_of_a_program_is_silent(self):
        program = "import instanton\nlattice = instanton.Lattice(instanton.Context(), (4, 4))\n"
        done = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_a_library_that_is_not_there_is_said_to_be_missing(self):
        program = "import instanton\ninstanton.version()\n"
        done = subprocess.run([sys.executable, "-c", program],
                              env={**environment(), "INSTANTON_LIBRARY": "/nowhere.so"}, capture_output=True, text=True,
                              timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "ImportError: the library of instanton cannot be loaded .*INSTANTON_LIBRARY")


def environment():
    """That of this process, where the package is found as it was here."""
    folder = os.path.dirname(os.path.dirname(instanton.__file__))
    return {**os.environ, "PYTHONPATH": folder}


def quadratic(field, gradient):
    if gradient is not None:
        gradient[...] = 2.0 * field
    return (field**2).sum()


if __name__ == "__main__":
    unittest.main()
