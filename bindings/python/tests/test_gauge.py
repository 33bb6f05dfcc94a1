"""Gauge fields, layouts and Dirac operators against their definitions in numpy."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

import instanton
from world import FIELDS, random_links


def plane_xy(links):
    """Re tr of the plaquettes in the plane of x and y over N, averaged, for links[t, z, y, x, mu, row, column]."""
    x, y = links[..., 0, :, :], links[..., 1, :, :]
    first, second = x @ np.roll(y, -1, 3), y @ np.roll(x, -1, 2)
    return np.einsum("...ij,...ij", first, second.conj()).real.mean() / links.shape[-1]


class World4(unittest.TestCase):
    def setUp(self):
        self.context = instanton.Context(threads=2)
        self.lattice = instanton.Lattice(self.context, (2, 4, 2, 2))
        self.gauge = instanton.Gauge(self.lattice)
        self.random = np.random.default_rng(3)

    def random_spinors(self, *shape):
        return self.random.normal(size=shape) + 1j * self.random.normal(size=shape)


class CompactModels(World4):
    def test_links_from_the_haar_measure(self):
        for group, colours in (("su3", 3), ("su2", 2), ("u1", 1)):
            model = instanton.Model(self.lattice, type="chain", prior={"type": "haar", "group": group}, layers=[])
            shape = (2, 2, 4, 2, 4, colours, colours)
            self.assertEqual((model.field_shape, model.field_dtype), (shape, np.dtype(np.complex128)))
            links, log_q = model.sample(4, 3)
            self.assertEqual(links.shape, (3, *shape))
            np.testing.assert_array_equal(log_q, np.zeros(3))
            np.testing.assert_array_equal(model.log_density(links), np.zeros(3))
            products = links @ np.swapaxes(links, -1, -2).conj()
            np.testing.assert_allclose(products, np.broadcast_to(np.eye(colours), products.shape), atol=1e-14)
            proposed, log_ratio = instanton.Proposal(model).propose(5, links[0])
            np.testing.assert_array_equal(proposed, links[1])
            self.assertEqual(log_ratio, 0.0)

    def test_uniform_angles(self):
        for on, shape in (("sites", (2, 2, 4, 2)), ("links", (2, 2, 4, 2, 4))):
            model = instanton.Model(self.lattice, type="chain", prior={"type": "uniform", "on": on}, layers=[])
            angles, log_q = model.sample(0, 3)
            self.assertEqual(angles.shape, (3, *shape))
            self.assertTrue(np.all(np.abs(angles) <= np.pi))
            np.testing.assert_allclose(log_q, -np.prod(shape) * np.log(2 * np.pi))

    def test_kinds_of_fields_with_the_same_count_of_numbers(self):
        lattice = instanton.Lattice(self.context, (6,))
        cases = [
            ({"type": "white"}, (6,), np.float64),
            ({"type": "uniform", "on": "sites"}, (6,), np.float64),
            ({"type": "uniform", "on": "links"}, (6, 1), np.float64),
            ({"type": "haar", "group": "u1"}, (6, 1, 1, 1), np.complex128),
            ({"type": "haar", "group": "su3"}, (6, 1, 3, 3), np.complex128),
        ]
        for prior, shape, dtype in cases:
            model = instanton.Model(lattice, type="chain", prior=prior, layers=[])
            self.assertEqual((model.field_shape, model.field_dtype), (shape, np.dtype(dtype)))
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "model.safetensors")
                model.save(path)
                self.assertEqual(instanton.Model.load(lattice, path).field_shape, shape)
            fields, log_q = model.sample(0, 3)
            self.assertEqual(fields.shape, (3, *shape))
            np.testing.assert_allclose(model.log_density(fields), log_q, rtol=1e-13)
            proposed, _ = instanton.Proposal(model).propose(1, fields[0])
            np.testing.assert_array_equal(proposed, fields[1])

    def test_other_kinds_of_fields_are_refused(self):
        for kind, error, message in (
            ("links of SU(4)", instanton.Unsupported, r"field: expected .* got links of SU\(4\)"),
            ("links of SU(2)", instanton.BadShape, r"field: expected 32 numbers, got links of SU\(2\), which are 1024"),
        ):
            with mock.patch.object(instanton.Model, "describe", lambda model, kind=kind: {"fields": kind}):
                with self.assertRaisesRegex(error, message):
                    instanton.Model(self.lattice, type="chain", prior={"type": "white"}, layers=[])


class GaugeFields(World4):
    def test_a_new_field_is_one(self):
        for group, colours in (("su3", 3), ("su2", 2), ("u1", 1)):
            for gauge in (instanton.Gauge(self.lattice, group=group),
                          instanton.Gauge(self.lattice, f"{{group: '{group}'}}")):
                links = gauge.links()
                self.assertEqual(links.shape, (2, 2, 4, 2, 4, colours, colours))
                np.testing.assert_array_equal(links, np.broadcast_to(np.eye(colours), links.shape))

    def test_links_keep_their_bits_and_their_place(self):
        links = random_links(self.random, self.gauge.links_shape)
        self.gauge.set_links(links)
        np.testing.assert_array_equal(self.gauge.links(), links)
        self.assertAlmostEqual(self.gauge.observe(type="planes")[0], plane_xy(links), 13)
        trace = np.trace(links, axis1=-2, axis2=-1).real.mean() / 3
        self.assertAlmostEqual(self.gauge.observe(type="link_trace"), trace, 13)

    def test_links_outside_the_group_are_refused(self):
        links = self.gauge.links()
        links[1, 0, 2, 1, 3] *= 1.1
        with self.assertRaisesRegex(instanton.BadInput, "."):
            self.gauge.set_links(links)
        with self.assertRaisesRegex(instanton.BadShape, "links: expected shape"):
            self.gauge.set_links(links[0])
        self.assertEqual(self.gauge.observe(type="plaquette"), 1.0)
        self.gauge.set_links(links, verify=False)
        np.testing.assert_array_equal(self.gauge.links(), links)
        self.gauge.set_links(links, verify=False, project=True)
        np.testing.assert_allclose(self.gauge.links(), np.broadcast_to(np.eye(3), links.shape), atol=1e-14)
        links[0, 1, 2, 1, 0] = 0
        with self.assertRaisesRegex(instanton.NotConverged, "site 13, direction 0"):
            self.gauge.set_links(links, verify=False, project=True)

    def test_a_file_is_probed_before_there_is_a_lattice(self):
        [found] = instanton.probe(FIELDS / "ildg-f64")
        self.assertEqual(found, {"format": "ildg", "extents": [2, 4, 2, 2], "group": "su3", "precision": "f64",
                                 "bytes": 18432})
        self.assertEqual([one["format"] for one in instanton.probe(FIELDS / "ddalphaamg")], ["openqcd", "ddalphaamg"])
        for path, error in ((FIELDS / "recorded.txt", instanton.BadInput), (FIELDS / "nowhere", instanton.IoError)):
            with self.assertRaises(error):
                instanton.probe(path)

    def test_a_file_has_the_recorded_plaquette(self):
        [line] = [line for line in (FIELDS / "recorded.txt").read_text().splitlines() if line.startswith("ildg-f64 ")]
        recorded = np.frombuffer(bytes.fromhex(line.split()[-2]), ">f8")[0]
        self.gauge.read(FIELDS / "ildg-f64")
        self.assertEqual(self.gauge.observe(type="plaquette"), recorded)
        with self.assertRaises(instanton.BadInput):
            self.gauge.read(FIELDS / "recorded.txt")
        with self.assertRaises(instanton.IoError):
            self.gauge.read(FIELDS / "nowhere")
        self.assertEqual(self.gauge.observe(type="plaquette"), recorded)

    def test_a_written_file_is_read_again(self):
        self.gauge.read(FIELDS / "ildg-f64")
        other = instanton.Gauge(self.lattice)
        with tempfile.TemporaryDirectory() as folder:
            self.gauge.write(Path(folder, "field"), format="nersc", precision="f64")
            other.read(Path(folder, "field"), format="nersc")
            np.testing.assert_array_equal(other.links(), self.gauge.links())
            with self.assertRaises(instanton.Unsupported):
                self.gauge.write(Path(folder, "other"), format="milc", precision="f64")

    def test_smearing_smooths(self):
        self.gauge.read(FIELDS / "ildg-f64")
        before = self.gauge.observe(type="plaquette")
        self.gauge.smear(type="stout", rho=0.1, steps=2)
        self.assertGreater(self.gauge.observe(type="plaquette"), before + 0.1)

    def test_actions_of_links(self):
        links = random_links(self.random, self.gauge.links_shape)
        self.gauge.set_links(links)
        for action in (instanton.Action(self.lattice, type="wilson", group="su3", beta=6.0),
                       instanton.Action(self.lattice,
                                         "{type: 'sum', terms: [{type: 'wilson', group: 'su3', beta: 6}]}")):
            self.assertEqual((action.field_shape, action.field_dtype), (links.shape, np.complex128))
            expected = 6.0 * 32 * 6 * (1.0 - self.gauge.observe(type="plaquette"))
            self.assertAlmostEqual(action.value(links), expected, 9)
            self.assertEqual(action.value(links[None]).shape, (1,))
            gradient = action.gradient(links)
            np.testing.assert_allclose(gradient, -np.swapaxes(gradient, -1, -2).conj(), atol=1e-12)
        with self.assertRaisesRegex(instanton.BadShape, "fields: expected shape"):
            action.value(np.zeros(self.lattice.shape))
        chain = instanton.Chain(action, type="hmc", start="hot")
        chain.step()
        self.assertEqual(chain.field().shape, links.shape)

    def test_pseudofermions_are_drawn_by_their_counter(self):
        links = random_links(self.random, self.gauge.links_shape)
        action = instanton.Action(self.lattice, type="two_flavour", group="su3", dirac={"type": "wilson", "mass": 0.5})
        with self.assertRaises(instanton.Unsupported):
            action.value(links)
        values = [action.refresh(counter, links).value(links) for counter in (1, 1, 2)]
        self.assertEqual(values[0], values[1])
        self.assertNotEqual(values[0], values[2])


class Layouts(World4):
    def test_every_order_gives_the_same_links(self):
        links = random_links(self.random, self.gauge.links_shape)
        self.gauge.set_links(links)
        for order in ("lexicographic", "milc", "cps", "qdp", "tifr", "bqcd", "tmlqcd", "openqcd", "julia"):
            layout = instanton.Layout(self.lattice, order=order)
            memory = [np.full(layout.bytes // 8, 7.0) for _ in range(layout.bases)]
            layout.export(links, memory)
            np.testing.assert_array_equal(layout.import_(memory), links)
            place = layout.offset((1, 3, 0, 1), mu=2, row=0, column=1, imaginary=1)
            self.assertEqual(memory[place.base][place.offset // 8], links[1, 0, 3, 1, 2, 0, 1].imag)
            other = instanton.Gauge(self.lattice)
            other.import_(layout, memory)
            np.testing.assert_array_equal(other.links(), links)
            again = [np.full_like(array, 7.0) for array in memory]
            other.export(layout, again)
            for first, second in zip(memory, again):
                np.testing.assert_array_equal(first, second)

    def test_memory_of_a_numpy_order(self):
        links = random_links(self.random, self.gauge.links_shape)
        layout = instanton.Layout(self.lattice)
        memory = np.zeros_like(links)
        layout.export(links, memory)
        np.testing.assert_array_equal(memory, links)

    def test_real_fields_and_given_sites(self):
        sites = np.arange(32).reshape(self.lattice.shape)[::-1].copy()
        layout = instanton.Layout(self.lattice, order="strides", fields="real", strides={}, sites=sites)
        field, memory = self.random.normal(size=self.lattice.shape), np.zeros(32)
        layout.export(field, memory)
        np.testing.assert_array_equal(memory.reshape(self.lattice.shape), field[::-1])
        np.testing.assert_array_equal(layout.import_(memory), field)

    def test_memory_that_does_not_fit_is_refused(self):
        links = self.gauge.links()
        one, four = instanton.Layout(self.lattice), instanton.Layout(self.lattice, order="qdp")
        memory = np.zeros(one.bytes // 8)
        locked = memory.copy()
        locked.flags.writeable = False
        cases = [
            (four, memory, ValueError, "expected 4 arrays, one for each base pointer, got 1"),
            (one, memory[1:], ValueError, f"expected at least {one.bytes} bytes in each array, got {one.bytes - 8}"),
            (one, np.zeros(2 * memory.size)[::2], ValueError, "expected contiguous arrays"),
            (one, locked, ValueError, "got a read-only one"),
            (one, [memory.tolist()], TypeError, "expected numpy arrays, got list"),
            (one, links, ValueError, "got some that overlap them"),
        ]
        for layout, array, kind, message in cases:
            with self.assertRaisesRegex(kind, message):
                layout.export(links, array)
        with self.assertRaises(instanton.BadShape):
            one.offset((0, 0, 0))
        with self.assertRaises(instanton.BadShape):
            one.offset((0, 0, 0, 2))


class DiracOperators(World4):
    def setUp(self):
        super().setUp()
        self.gauge.read(FIELDS / "ildg-f64")

    def test_solutions_satisfy_their_equation(self):
        for spec in ({"type": "wilson", "kappa": 0.11, "clover": 1.0, "boundary": [1, 1, 1, -1]},
                     "{type: 'staggered', mass: 0.3}"):
            dirac = instanton.Dirac(self.gauge, spec)
            spins = () if isinstance(spec, str) else (4,)
            self.assertEqual(dirac.spinor_shape, (2, 2, 4, 2, *spins, 3))
            source = self.random_spinors(2, *dirac.spinor_shape)
            solution = dirac.solve(source, tolerance=1e-11)
            residual = np.linalg.norm((dirac.apply(solution.field) - source).reshape(2, -1), axis=1)
            norm = np.linalg.norm(source.reshape(2, -1), axis=1)
            self.assertLess((residual / norm).max(), 2e-11)
            self.assertAlmostEqual(solution.residual, (residual / norm).max(), 13)
            self.assertGreater(solution.iterations, 0)
            self.assertGreaterEqual(solution.seconds, 0.0)

    def test_the_adjoint_is_the_adjoint(self):
        dirac = instanton.Dirac(self.gauge, type="wilson", mass=0.2)
        a, b = self.random_spinors(2, *dirac.spinor_shape)
        self.assertAlmostEqual(np.vdot(a, dirac.apply(b)), np.vdot(dirac.apply(a, "adjoint"), b), 10)
        np.testing.assert_allclose(dirac.apply(a, "normal"), dirac.apply(dirac.apply(a), "adjoint"), atol=1e-12)
        with self.assertRaisesRegex(instanton.BadShape, "fields: expected shape"):
            dirac.apply(a[0])

    def test_a_constant_spinor_is_multiplied_by_the_mass(self):
        unit = instanton.Gauge(self.lattice)
        dirac = instanton.Dirac(unit, type="wilson", mass=0.25)
        constant = np.broadcast_to(self.random_spinors(4, 3), dirac.spinor_shape)
        np.testing.assert_allclose(dirac.apply(constant), 0.25 * constant, atol=1e-14)
        angles = instanton.Gauge(instanton.Lattice(self.context, (4, 6)), group="u1")
        plane = instanton.Dirac(angles, type="wilson", mass=0.1)
        self.assertEqual(plane.spinor_shape, (6, 4, 2, 1))

    def test_what_does_not_converge_says_how_far_it_came(self):
        dirac = instanton.Dirac(self.gauge, type="wilson", mass=0.05)
        source = self.random_spinors(*dirac.spinor_shape)
        for keep_best in (False, True):
            with self.assertRaises(instanton.NotConverged) as caught:
                dirac.solve(source, max_iterations=2, keep_best=keep_best)
            solution = caught.exception.solution
            self.assertGreater(solution.residual, 1e-10)
            self.assertGreater(solution.iterations, 0)
            self.assertEqual(solution.field is not None, keep_best)

    def test_ends_of_spectra(self):
        dirac = instanton.Dirac(self.gauge, type="wilson", mass=0.2)
        normal = dirac.spectrum(3, of="normal", vectors=True, residuals=True)
        self.assertEqual((normal.values.dtype, normal.values.shape), (np.float64, (3,)))
        moved = dirac.apply(normal.vectors, "normal")
        defects = (moved - normal.values[:, None, None, None, None, None, None] * normal.vectors).reshape(3, -1)
        self.assertLess(np.linalg.norm(defects, axis=1).max(), 1e-8)
        self.assertLess(normal.residuals.max(), 1e-8)
        self.assertTrue((np.diff(normal.values) >= 0.0).all())
        for of in ({}, {"of": "dirac"}):
            found = dirac.spectrum(2, of, vectors=True)
            self.assertEqual(found.values.dtype, np.complex128)
            defects = dirac.apply(found.vectors) - found.values[:, None, None, None, None, None, None] * found.vectors
            self.assertLess(np.abs(defects).max(), 1e-8)
        singular = dirac.spectrum(3, "{of: 'singular'}")
        np.testing.assert_allclose(singular.values**2, normal.values, rtol=1e-8)
        self.assertIsNone(singular.vectors)

    def test_the_improved_operator(self):
        dirac = instanton.Dirac.improved(instanton.Gauge(self.lattice), instanton.Gauge(self.lattice), 0.25)
        constant = np.ones(dirac.spinor_shape, complex)
        self.assertEqual(constant.shape, (2, 2, 4, 2, 3))
        np.testing.assert_allclose(dirac.apply(constant), 0.5 * constant, atol=1e-14)


if __name__ == "__main__":
    unittest.main()
