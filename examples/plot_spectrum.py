#!/usr/bin/env python3
"""Draws the eigenvalues that examples/spectrum writes.

usage: plot_spectrum.py VALUES OUT

VALUES is the output of a run of spectrum: complex eigenvalues are drawn in their plane, real ones by their number; OUT is
the picture, for example docs/spectrum.png. Where matplotlib is not there, it is installed as plot_tau.py does.
"""

import sys

from plot_tau import with_matplotlib


def read(path):
    """Real parts, imaginary parts and residuals."""
    with open(path, encoding="utf-8") as lines:
        rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if not rows or any(len(row) != 3 for row in rows):
        sys.exit(f"plot_spectrum: {path}: expected rows of 3 numbers")
    return [[float(row[column]) for row in rows] for column in range(3)]


def draw(values, out):
    """One panel: the plane, or values in rising order."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    real, imaginary, _ = values
    plt.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})
    figure, axis = plt.subplots(figsize=(6.4, 4.2), constrained_layout=True)
    if any(imaginary):
        axis.plot(real, imaginary, ".", markersize=2.5, color="#0a6ebd")
        axis.set_xlabel(r"Re $\lambda$")
        axis.set_ylabel(r"Im $\lambda$")
        axis.set_aspect("equal")
    else:
        axis.plot(range(1, len(real) + 1), sorted(real), ".", markersize=5, color="#0a6ebd")
        axis.set_xlabel("number")
        axis.set_ylabel(r"$\lambda$")
    axis.axhline(0, color="#555555", linewidth=0.6)
    axis.grid(alpha=0.25)
    figure.savefig(out, dpi=130)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with_matplotlib()
    draw(read(sys.argv[1]), sys.argv[2])
