"""Training: its history, its progress, and the ways to stop it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import types
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

import instanton
from test_lifecycle import environment
from world import COUPLINGS, World

PROGRAM = f"""
import signal, sys, instanton
# A shell that runs this in the background has it ignore interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
lattice = instanton.Lattice(instanton.Context(threads=1), (8, 8))
action = instanton.Action(lattice, {COUPLINGS!r})
model = instanton.Model(lattice, layers=4)
said = []
def progress(step, steps, loss, ess):
    if step == 3:
        print("begun", flush=True)
try:
    if sys.argv[1] == "none":
        print("begun", flush=True)
    model.train(action, steps=10**7, progress=progress if sys.argv[1] == "function" else None)
except KeyboardInterrupt:
    history = model.history
    assert not history.finished and len(history.loss) >= 3
    again = model.train(action, steps=10**7, progress=lambda step, *rest: True)
    assert again.step[0] == (history.step[-1] + 1), (again.step[0], history.step[-1:])
    model.save(sys.argv[2])
    sys.exit(5)
"""


class Training(unittest.TestCase):
    def setUp(self):
        self.world = World()

    def test_the_history_has_every_step(self):
        history = self.world.model.train(self.world.action, steps=60, batch=32, learning_rate=0.01)
        np.testing.assert_array_equal(history.step, np.arange(1, 61))
        self.assertTrue(history.finished)
        self.assertLess(history.loss[-10:].mean(), history.loss[:10].mean() - 5.0)
        self.assertTrue(((0.0 < history.ess) & (history.ess <= 1.0)).all())
        self.assertIs(self.world.model.history, history)

    def test_progress_is_called_after_each_step(self):
        seen = []
        history = self.world.model.train(self.world.action, {"steps": 4},
                                         progress=lambda *numbers: seen.append(numbers))
        expected = [(step, 4, loss, ess) for step, loss, ess in zip(range(1, 5), history.loss, history.ess)]
        self.assertEqual(seen, expected)

    def test_a_true_result_ends_it_and_the_next_training_goes_on(self):
        other = World()
        straight = other.model.train(other.action, steps=9)
        first = self.world.model.train(self.world.action, steps=9, progress=lambda step, *rest: step == 4)
        self.assertFalse(first.finished)
        second = self.world.model.train(self.world.action, steps=9)
        self.assertTrue(second.finished)
        np.testing.assert_array_equal(second.step, np.arange(5, 10))
        np.testing.assert_array_equal(np.concatenate([first.loss, second.loss]), straight.loss)

    def test_a_stopped_training_goes_on_with_its_own_action_alone(self):
        model, other = self.world.model, instanton.Action(self.world.lattice, type="phi4", mass_squared=0.3, lambda_=2.0)
        model.train(self.world.action, steps=9, progress=lambda step, *rest: step == 4)
        with self.assertRaisesRegex(instanton.BadInput, "action: expected that of the run that was stopped"):
            model.train(other, steps=9)
        np.testing.assert_array_equal(model.train(other, steps=9, resume=False).step, np.arange(1, 10))

    def test_an_exception_ends_it_and_the_model_is_kept(self):
        def fail(step, steps, loss, ess):
            if step == 3:
                raise ZeroDivisionError("progress")

        with self.assertRaisesRegex(ZeroDivisionError, "progress"):
            self.world.model.train(self.world.action, steps=9, progress=fail)
        np.testing.assert_array_equal(self.world.model.history.step, [1, 2, 3])
        self.assertTrue(np.isfinite(self.world.model.sample(0, 2).log_q).all())

    def test_a_real_interrupt_stops_it_and_the_model_is_kept(self):
        for progress in ("function", "none"):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "model.safetensors")
                for _ in range(3):
                    process = subprocess.Popen([sys.executable, "-c", PROGRAM, progress, str(path)], env=environment(),
                                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    self.addCleanup(process.kill)
                    self.assertEqual(process.stdout.readline(), b"begun\n")
                    time.sleep(0.5)
                    process.send_signal(signal.SIGINT)
                    _, errors = process.communicate(timeout=60)
                    self.assertEqual((process.returncode, errors.decode()), (5, ""))
                    lattice = instanton.Lattice(self.world.context, (8, 8))
                    self.assertTrue(np.isfinite(instanton.Model.load(lattice, path).sample(0, 4).log_q).all())

    def test_save_and_load_give_the_same_numbers(self):
        self.world.model.train(self.world.action, steps=3)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "mödel.safetensors")
            self.world.model.save(path)
            again = instanton.Model.load(self.world.lattice, path)
        np.testing.assert_array_equal(again.sample(5, 7).fields, self.world.model.sample(5, 7).fields)
        described = again.describe()
        self.assertEqual(described["extent"], [4, 6])
        self.assertEqual((described["spec"]["layers"], described["spec"]["prior"]), (4, "white"))

    def test_log_density_is_that_of_the_samples(self):
        samples = self.world.model.sample(0, 16)
        np.testing.assert_allclose(self.world.model.log_density(samples.fields), samples.log_q, rtol=1e-10)

    def test_a_bar_is_shown_only_where_it_is_asked_for(self):
        bar = mock.Mock(n=0)
        made = mock.Mock(return_value=bar)
        with mock.patch.dict(sys.modules, {"tqdm": types.SimpleNamespace(tqdm=made)}):
            self.world.model.train(self.world.action, steps=3)
            self.world.model.train(self.world.action, steps=3, progress=False)
            made.assert_not_called()
            self.assertTrue(self.world.model.train(self.world.action, steps=3, progress=True).finished)
        made.assert_called_once_with(total=3, initial=0, unit="step")
        self.assertEqual(bar.update.call_count, 3)
        bar.close.assert_called_once_with()
        with mock.patch.dict(sys.modules, {"tqdm": None}):
            self.assertTrue(self.world.model.train(self.world.action, steps=3, progress=True).finished)

    def test_fields_of_a_density_are_learned(self):
        given = 0.3 * self.world.fields(300) + 0.5
        model = instanton.Model(self.world.lattice, type="chain", layers=[{"type": "spline", "hidden": [4]}] * 2)
        history = model.train_on(given, steps=80, batch=50, learning_rate=0.02)
        self.assertTrue(history.finished and np.isnan(history.ess).all())
        self.assertLess(history.loss[-10:].mean(), history.loss[:10].mean() - 5.0)
        with self.assertRaises(instanton.BadShape):
            model.train_on(given[:, 1:])

    def test_a_model_at_a_coupling_is_a_model(self):
        model = instanton.Model(self.world.lattice, layers=2, hidden=[4], condition={"lambda": [4, 8]})
        model.train(self.world.action, steps=5, batch=8)
        with self.assertRaisesRegex(instanton.BadInput, "condition: expected values"):
            model.sample(0, 2)
        low, high = model.at(lambda_=4), model.at({"lambda": 8})
        self.assertEqual(low.describe()["at"], {"lambda": 4.0})
        fields, log_q = low.sample(0, 20)
        np.testing.assert_allclose(low.log_density(fields), log_q, atol=1e-8)
        self.assertFalse(np.allclose(high.sample(0, 20).fields, fields))

    def test_a_model_fits_a_larger_lattice(self):
        model = instanton.Model(self.world.lattice, layers=2, hidden=[4])
        larger = instanton.Lattice(self.world.context, [8, 6])
        fields, log_q = model.transfer(larger).sample(0, 3)
        self.assertEqual(fields.shape, (3, 6, 8))
        self.assertEqual(log_q.shape, (3,))
        with self.assertRaisesRegex(instanton.BadShape, "expected 2 dimensions, the model's, got 3"):
            model.transfer(instanton.Lattice(self.world.context, [4, 4, 4]))

    def test_a_diffusion_model_gives_fields_by_paths(self):
        network = {"type": "convolutional", "hidden": [2], "times": 2}
        model = instanton.Model(self.world.lattice, type="diffusion", network=network)
        model.train(self.world.action, steps=2, batch=8, score="mixed", fields={"thermalise": 2, "count": 20})
        fields, log_path = model.sample_paths(0, 3, steps=5, corrector={"size": 0.1})
        self.assertTrue(np.isfinite(log_path).all() and (fields != 0.0).all())
        np.testing.assert_array_equal(model.sample_paths(1, 2, "{steps: 5, corrector: {size: 0.1}}").fields, fields[1:])
        with self.assertRaisesRegex(instanton.Unsupported, "expected one of type 'diffusion'"):
            self.world.model.sample_paths(0, 3)

    def test_langevin_proposals_need_no_model(self):
        proposal = instanton.Proposal(None, self.world.action, type="langevin", step=0.01)
        current = self.world.fields()
        proposed, log_ratio = proposal.propose(3, current)
        forces = [self.world.action.gradient(phi) for phi in (current, proposed)]
        miss = [((b - a + 0.01 * force) ** 2).sum() / 0.04
                for a, b, force in zip((current, proposed), (proposed, current), forces)]
        self.assertAlmostEqual(log_ratio, miss[0] - miss[1], delta=1e-9)
        with self.assertRaises(instanton.NullArgument):
            instanton.Proposal(None, None)
        with self.assertRaisesRegex(TypeError, "expected a Model or None, got an Action"):
            instanton.Proposal(self.world.action, type="langevin", step=0.01)

    def test_what_is_no_progress_is_refused(self):
        with self.assertRaisesRegex(TypeError, "progress: expected a function, True or None, got int"):
            self.world.model.train(self.world.action, steps=3, progress=7)

    def test_a_handler_that_raises_nothing_does_not_stop_it(self):
        heard = []
        before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
        self.addCleanup(signal.signal, signal.SIGINT, before)
        history = self.world.model.train(
            self.world.action, steps=6,
            progress=lambda step, *rest: os.kill(os.getpid(), signal.SIGINT) if step == 2 else None)
        self.assertTrue(history.finished)
        self.assertEqual(heard, [signal.SIGINT])


if __name__ == "__main__":
    unittest.main()
