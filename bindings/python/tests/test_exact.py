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

    def test_fields_of_actions_with_complex_values(self):
        lattice = instanton.Lattice(instanton.Context(seed=3), (2, 3))
        gas = instanton.Action(lattice, type="bose_gas", mass=1, lambda_=1, mu=0.5)
        self.assertEqual((gas.field_shape, gas.field_dtype), ((*lattice.shape, 2), np.complex128))
        chain = instanton.Chain(gas, type="complex_langevin", step=0.01, start="hot")
        chain.step()
        field = chain.field()
        self.assertTrue(np.all(field.imag != 0.0))
        chain.set_field(field)
        self.assertTrue(np.array_equal(chain.field(), field))
        # Sites that are independent: S is a sum over them.
        quartic = instanton.Action(lattice, type="complex_phi4", mass_squared=0.5 + 3j, lambda_=0.25, kinetic=0)
        phi = np.arange(6).reshape(lattice.shape) * (0.3 - 0.2j)
        self.assertAlmostEqual(quartic.value(phi), ((0.5 + 3j) * phi**2 + 0.25 * phi**4).sum().real, places=12)
        with self.assertRaisesRegex(TypeError, "model: expected a Model or None, got a spec"):
            instanton.Chain(gas, "{type: 'complex_langevin'}")

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

    def test_replicas_of_one_distribution_and_of_two(self):
        random, chains = np.random.default_rng(6), []
        for count in (8000, 12000, 20000):
            x, chain = random.normal(), np.empty(count)
            for n in range(count):
                chain[n] = x = 0.5 * x + 0.75**0.5 * random.normal()
            chains.append(chain)
        found = instanton.autocorrelation_replicas(chains)
        self.assertLess(abs(found.mean), 5.0 * found.error)
        self.assertLess(abs(found.tau - 1.5), 5.0 * found.tau_error)
        self.assertAlmostEqual(found.error, (3.0 / 40000) ** 0.5, delta=0.1 * found.error)
        self.assertTrue(1e-4 < found.quality <= 1.0)
        chains[1] += 0.5
        self.assertLess(instanton.autocorrelation_replicas(chains).quality, 1e-6)
        with self.assertRaisesRegex(instanton.NotConverged, r"replica\[3\]: expected numbers that change"):
            instanton.autocorrelation_replicas([*chains, np.ones(9)])
        with self.assertRaisesRegex(instanton.BadShape, "replicas: expected at least 1"):
            instanton.autocorrelation_replicas([])

    def test_both_sides_expose_a_model_of_one_vacuum(self):
        def density(x, *centres):
            return np.log(sum(np.exp(-0.5 * (x - centre) ** 2) for centre in centres) / len(centres) / (2 * np.pi) ** 0.5)

        random = np.random.default_rng(7)
        side = np.where(np.cumsum(random.uniform(size=20000) < 0.05) % 2, -5.0, 5.0)
        fields = side + random.normal(size=side.size)
        for centres, is_good in (((-5.0, 5.0, 5.0), True), ((5.0,), False)):
            x = random.choice(centres, 4000) + random.normal(size=4000)
            log_weights, of_chain = (1.5 + density(y, -5.0, 5.0) - density(y, *centres) for y in (x, fields))
            found = instanton.reweighting_two_sided(log_weights, of_chain)
            self.assertLess(abs(found.log_z_chain - 1.5), 5.0 * found.log_z_chain_error)
            self.assertLess(abs(found.log_z - 1.5), 5.0 * found.log_z_error)
            self.assertEqual(found.disagreement < 5.0, is_good, found)
            self.assertEqual(abs(found.log_z_model - 1.5) < 5.0 * found.log_z_model_error, is_good, found)
            self.assertEqual(found.kl_chain < 1.0, is_good, found)

    def test_a_model_is_judged_by_its_samples_and_by_fields_of_a_chain(self):
        # q of unit width, p of width 0.9 on 4 sites, and Z = exp(2).
        random, width = np.random.default_rng(11), 0.9
        def weights(x):
            return (2.0 - 0.5 * x**2 * (width**-2 - 1.0) - np.log(width)).sum(axis=1) - 6.0
        own, fields = random.normal(size=(20000, 4)), width * random.normal(size=(20000, 4))
        found = instanton.kl_per_site(weights(own), 2.0, 4)
        self.assertLess(abs(found.kl - np.log(width) - 0.5 * (width**-2 - 1.0)), 5.0 * found.kl_error)
        ess = (width * (2.0 - width**2) ** 0.5) ** 4
        mean = instanton.reweighting_mean(weights(own), own[:, 0] ** 2)
        self.assertLess(abs(mean.mean - width**2), 5.0 * mean.error)
        # The first two sites, of width 0.95 in the coarse theory, as coarse ones.
        def coarse(x):
            return -(0.5 * x[:, :2] ** 2 * (0.95**-2 - 1.0)).sum(axis=1)
        difference = instanton.reweighting_mean(weights(own), own[:, 0] ** 2, coarse(own), own[:, 0] ** 2)
        self.assertLess(abs(difference.mean - width**2 + 0.95**2), 5.0 * difference.error)
        self.assertLess(difference.error, 0.6 * mean.error)
        with self.assertRaisesRegex(instanton.BadShape, "observable: expected 20000 numbers, got 3"):
            instanton.reweighting_mean(weights(own), np.ones(3))
        with self.assertRaisesRegex(instanton.NullArgument, "coarse_observable"):
            instanton.reweighting_mean(weights(own), own[:, 0], coarse(own))
        nested = instanton.reweighting_nested(weights(own), [100, 20000])
        self.assertLess(abs(nested.ess[1] - ess), 5.0 * nested.ess_error[1])
        self.assertEqual(nested.ess[0], instanton.reweighting(weights(own)[:100]).ess)
        for log_z in (None, 2.0):
            forward = instanton.reweighting_forward(weights(fields), log_z)
            self.assertLess(abs(forward.ess - ess), 5.0 * forward.ess_error)
            kl = 4.0 * (0.5 * (width**2 - 1.0) - np.log(width))
            self.assertLess(abs(forward.kl - kl), 5.0 * forward.kl_error)
        for balance in (instanton.mode_balance, instanton.mode_balance_independent):
            found = balance(fields[:, 0])
            self.assertLess(abs(found.share - 0.5), 5.0 * found.share_error)
            self.assertGreater(found.probability, 1e-6)
            self.assertLess(balance(fields[:, 0], 0.6).probability, 1e-6)
        with self.assertRaisesRegex(instanton.NotConverged, "labels: .*a chain that never moved"):
            instanton.mode_balance(np.ones(50))
        self.assertLess(instanton.mode_balance_independent(np.ones(50)).probability, 1e-14)
        with self.assertRaisesRegex(instanton.BadShape, "counts: expected one axis"):
            instanton.reweighting_nested(np.ones(50), 4)

    def test_a_trajectory_comes_back_and_a_chain_without_one_says_so(self):
        chain = instanton.Chain(self.action, start="hot")
        before = chain.field()
        found = chain.reversibility()
        self.assertTrue(0.0 < found.distance < 1e-10 and found.energy < 1e-10, found)
        np.testing.assert_array_equal(chain.field(), before)
        with self.assertRaisesRegex(instanton.Unsupported, "expected a kernel with trajectories"):
            instanton.Chain(self.action, self.model, type="independence").reversibility()

    def test_a_chain_of_replicas_tells_what_they_do(self):
        theory = instanton.Action(instanton.Lattice(instanton.Context(seed=1, threads=1), (6, 6)), type="wilson", group="u1", beta=4)
        chain = instanton.Chain(theory, type="tempering", defect={"size": [2]}, strengths=[1, 0.4, 0], start="hot")
        for _ in range(50):
            chain.step()
        told = chain.describe()
        self.assertEqual((told["counter"], told["spec"]["type"]), (50, "tempering"))
        kernel = told["kernel"]
        self.assertEqual((kernel["strengths"], sorted(kernel["walkers"])), ([1, 0.4, 0], [0, 1, 2]))
        self.assertTrue(all(0 < acceptance < 1 for acceptance in kernel["swap_acceptances"]), kernel)
        proposal = instanton.Proposal(action=theory, type="tempered", defect={"size": [2]}, steps=4)
        proposed, log_ratio = proposal.propose(3, chain.field())
        self.assertTrue(proposed.shape == chain.field().shape and np.isfinite(log_ratio))

    def test_series_and_weights_that_cannot_be_used(self):
        with self.assertRaisesRegex(instanton.NotConverged, "a chain that never moved"):
            instanton.autocorrelation(np.full(100, 0.25))
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
