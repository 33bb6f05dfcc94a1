"""A hybrid Monte Carlo code for phi^4 theory in numpy, with and without learned proposals.

    python hmc_phi4.py [MODELS [SECONDS]]

MODELS is the folder of the trained models, SECONDS the time for each of the two chains. Everything but the objects of
`instanton` is what such a code has anyway: a field array, random numbers, an action, a leapfrog, measurements. The
second chain asks for 31 proposals after each trajectory and accepts or rejects them itself.

Action: S = sum_x [sum_mu (phi(x+mu) - phi(x))^2 + m2 phi^2 + lambda phi^4], m2 = -4, lambda = 6.975, on 6 x 6 sites.
The exact values are from the transfer matrix.
"""

import sys
import time
from pathlib import Path

import numpy as np

import instanton

EXTENT, MASS_SQUARED, LAMBDA = 6, -4.0, 6.975
STEPS, LENGTH, PROPOSALS = 12, 1.5, 31
EXACT = {"<phi^2>": 0.16138658, "susceptibility": 1.06307537}


def action(phi):
    next_ones = np.roll(phi, -1, 0) + np.roll(phi, -1, 1)
    square = phi * phi
    return ((4.0 + MASS_SQUARED + LAMBDA * square) * square - 2.0 * phi * next_ones).sum()


def gradient(phi):
    around = np.roll(phi, -1, 0) + np.roll(phi, 1, 0) + np.roll(phi, -1, 1) + np.roll(phi, 1, 1)
    return (8.0 + 2.0 * MASS_SQUARED + 4.0 * LAMBDA * phi * phi) * phi - 2.0 * around


class Chain:
    """A Markov chain; without a proposal it is hybrid Monte Carlo alone."""

    def __init__(self, seed, proposal=None):
        self.random, self.proposal, self.counter = np.random.default_rng(seed), proposal, 0
        self.phi = np.zeros((EXTENT, EXTENT))
        self.action = action(self.phi)
        for _ in range(200):
            self.trajectory()
        self.phi_squared, self.susceptibility, self.accepted, self.seconds = [], [], {}, 0.0

    def metropolis(self, phi, new_action, log_weight):
        accepted = np.log(self.random.uniform()) < log_weight
        if accepted:
            self.phi, self.action = phi, new_action
        return accepted

    def trajectory(self):
        step, phi = LENGTH / STEPS, self.phi.copy()
        momentum = self.random.normal(size=phi.shape)
        before = self.action + 0.5 * (momentum**2).sum()
        momentum -= 0.5 * step * gradient(phi)
        for n in range(1, STEPS + 1):
            phi += step * momentum
            momentum -= (step if n < STEPS else 0.5 * step) * gradient(phi)
        new_action = action(phi)
        return self.metropolis(phi, new_action, before - new_action - 0.5 * (momentum**2).sum())

    def learned_update(self):
        """All that a code needs to add for learned proposals."""
        proposed, log_ratio = self.proposal.propose(self.counter, self.phi)
        self.counter += 1
        new_action = action(proposed)
        return self.metropolis(proposed, new_action, self.action - new_action + log_ratio)

    def record(self, kind, accepted):
        self.accepted.setdefault(kind, []).append(accepted)
        self.phi_squared.append((self.phi**2).mean())
        self.susceptibility.append(self.phi.sum() ** 2 / self.phi.size)

    def run(self, seconds):
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            self.record("trajectories", self.trajectory())
            for _ in range(PROPOSALS if self.proposal else 0):
                self.record("proposals", self.learned_update())
        self.seconds += time.monotonic() - start


def main(models="models", seconds="15"):
    context = instanton.Context(threads=1, precision="f32")
    lattice = instanton.Lattice(context, (EXTENT, EXTENT))
    model = instanton.Model.load(lattice, Path(models, f"phi4_{EXTENT}x{EXTENT}.safetensors"))
    chains = [Chain(20260101), Chain(77003311, instanton.Proposal(model))]
    turns = 4
    for _ in range(turns):
        for chain in chains:
            chain.run(float(seconds) / turns)

    print(f"{'':27}{'HMC alone':26}HMC and proposals")
    estimates = {name: [instanton.autocorrelation(series) for series in pair]
                 for name, pair in (("<phi^2>", [chain.phi_squared for chain in chains]),
                                    ("susceptibility", [chain.susceptibility for chain in chains]))}
    for name, pair in estimates.items():
        columns = "".join(f"{each.mean:.5f} +- {each.error:<14.5f}" for each in pair)
        deviations = ", ".join(f"{(each.mean - EXACT[name]) / each.error:+.1f}" for each in pair)
        print(f"{name:27}{columns}exact {EXACT[name]:.8f}, sigma {deviations}")
    print(f"{'tau_int of M^2, updates':27}"
          + "".join(f"{each.tau:.3f} +- {each.tau_error:<16.3f}" for each in estimates["susceptibility"]))
    costs = [1e6 * chain.seconds / len(chain.phi_squared) for chain in chains]
    print(f"{'tau_int of M^2, us':27}"
          + "".join(f"{cost * each.tau:<26.1f}" for cost, each in zip(costs, estimates["susceptibility"])))
    for chain in chains:
        for kind, accepted in chain.accepted.items():
            print(f"{'HMC and proposals' if chain.proposal else 'HMC alone'}: {len(accepted)} {kind}, "
                  f"{100.0 * np.mean(accepted):.1f} per cent accepted")


if __name__ == "__main__":
    main(*sys.argv[1:])
