"""Numbers that are known exactly: phi^4 theory on 6 x 6 sites, m2 = -4, lambda = 6.975, from the transfer matrix."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

import instanton
from test_lifecycle import environment
from world import COUPLINGS, MODELS

LOG_Z = 6.98494787
PHI_SQUARED = 0.16138658
SUSCEPTIBILITY = 1.06307537


class Exact(unittest.TestCase):
    def setUp(self):
        context = instanton.Context(threads=2, seed=11)
        lattice = instanton.Lattice(context, (6, 6))
        self.action = instanton.Action(lattice, COUPLINGS)
        self.model = instanton.Model.load(lattice, MODELS / "phi4_6x6.safetensors")

    def expect_means(self, fields):
        for series, exact in (((fields**2).mean((1, 2)), PHI_SQUARED),
                              (fields.sum((1, 2)) ** 2 / 36.0, SUSCEPTIBILITY)):
            found = instanton.autocorrelation(series)
            self.assertLess(abs(found.mean - exact), 5.0 * found.error)
            self.assertLess(found.error, exact / 30.0)

    def test_log_z(self):
        samples = self.model.sample(0, 20000)
        weights = -self.action.value(samples.fields) - samples.log_q
        found = instanton.reweighting(weights)
        self.assertLess(abs(found.log_z - LOG_Z), 5.0 * found.log_z_error)
        self.assertLess(found.log_z_error, 0.01)
        self.assertGreater(found.ess, 0.9)
        self.assertLess(instanton.reweighting_tail(weights), 0.7)

    def test_a_chain_of_trajectories_and_proposals(self):
        chain = instanton.Chain(self.action, self.model, type="cycle",
                                kernels=[{"type": "hmc", "steps": 8}, {"type": "independence", "repeat": 3}])
        for _ in range(50):
            chain.step()
        fields = np.empty((8000, 6, 6))
        for field in fields:
            chain.step()
            chain.field(field)
        self.expect_means(fields)

    def test_a_chain_of_the_hosts_own_with_proposals(self):
        proposal = instanton.Proposal(self.model)
        random = np.random.default_rng(3)
        current, fields, accepted = np.zeros((6, 6)), np.empty((8000, 6, 6)), 0
        for n, kept in enumerate(fields):
            proposed, log_ratio = proposal.propose(n, current)
            if np.log(random.uniform()) < self.action.value(current) - self.action.value(proposed) + log_ratio:
                current, accepted = proposed, accepted + 1
            kept[:] = current
        self.assertGreater(accepted / len(fields), 0.8)
        self.expect_means(fields[50:])

    def test_tau_of_a_series_whose_tau_is_known(self):
        random, series, x = np.random.default_rng(5), np.empty(50000), 0.0
        for n in range(series.size):
            series[n] = x = 0.8 * x + 0.6 * random.normal()
        found = instanton.autocorrelation(series)
        self.assertLess(abs(found.tau - 4.5), 5.0 * found.tau_error)
        self.assertLess(found.tau_error, 0.5)

    def test_series_and_weights_that_cannot_be_used(self):
        with self.assertRaisesRegex(instanton.BadShape, "series: expected one axis"):
            instanton.autocorrelation(np.zeros((4, 4)))
        with self.assertRaises(instanton.BadShape):
            instanton.autocorrelation(np.zeros(3))
        with self.assertRaises(instanton.BadInput):
            instanton.reweighting([0.0, np.nan])

    def test_a_saved_chain_goes_on(self):
        spec = {"type": "hmc", "steps": 4, "start": "hot"}
        straight, other = instanton.Chain(self.action, spec=spec), instanton.Chain(self.action, spec=spec)
        straight.step()
        with tempfile.TemporaryDirectory() as folder:
            straight.save(Path(folder, "chain"))
            for _ in range(3):
                straight.step()
            other.load(Path(folder, "chain"))
        for _ in range(3):
            other.step()
        np.testing.assert_array_equal(other.field(), straight.field())
        other.set_field(np.ones((6, 6)))
        np.testing.assert_array_equal(other.field(), np.ones((6, 6)))

    def test_the_example_runs(self):
        example = Path(__file__).resolve().parents[1] / "examples" / "hmc_phi4.py"
        done = subprocess.run([sys.executable, str(example), str(MODELS), "2"], env=environment(), capture_output=True,
                              text=True, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        rows = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
        deviations = [float(word) for word in rows["<phi^2>"].split("sigma")[1].split(",")]
        self.assertEqual(len(deviations), 2)
        self.assertLess(max(map(abs, deviations)), 5.0)


if __name__ == "__main__":
    unittest.main()
