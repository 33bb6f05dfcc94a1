#!/usr/bin/env python3
"""Draws the autocorrelation times that examples/hmc_phi4 writes.

usage: plot_tau.py TAU OUT

TAU is the file named as SERIES in a run of hmc_phi4; OUT is the picture, for example docs/tau.png.
Where matplotlib is not there, it is installed in a virtual environment under build/ first.
"""

import os
import subprocess
import sys
import venv


def with_matplotlib():
    """Makes matplotlib importable, by starting again inside a virtual environment if need be."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "plot")
        python = os.path.join(place, "bin", "python")
        if os.path.realpath(sys.prefix) == os.path.realpath(place):
            sys.exit("plot_tau: matplotlib was installed and cannot be imported")
        if not os.path.exists(python):
            venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "matplotlib"], check=True)
        os.execv(python, [python, *sys.argv])


def read(path):
    """Rows as dicts; one for each lattice and chain."""
    names = ["extent", "lambda", "proposals", "tau", "tau_error", "tau_us", "tau_error_us", "acceptance"]
    with open(path, encoding="utf-8") as lines:
        rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if not rows or any(len(row) != len(names) for row in rows):
        sys.exit(f"plot_tau: {path}: expected rows of {len(names)} numbers")
    return [dict(zip(names, map(float, row))) for row in rows]


def draw(rows, out):
    """One panel in updates and one in time, each with two curves."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = [("tau", "tau_error", "updates"), ("tau_us", "tau_error_us", "microseconds")]
    styles = [(0, "HMC alone", "o", "#555555"), (1, "HMC and proposals", "s", "#0a6ebd")]
    plt.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.4), constrained_layout=True)
    for axis, (value, error, unit) in zip(axes, panels):
        for chain, label, marker, colour in styles:
            own = [row for row in rows if int(row["proposals"]) == chain]
            axis.errorbar(
                [row["extent"] for row in own],
                [row[value] for row in own],
                [row[error] for row in own],
                label=label, marker=marker, color=colour, capsize=3, linewidth=1.5,
            )
        axis.set_xticks(sorted({int(row["extent"]) for row in rows}))
        axis.set_xlabel("L")
        axis.set_ylabel(rf"$\tau_{{\mathrm{{int}}}}(M^2)$ [{unit}]")
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.25)
    axes[0].legend(frameon=False)
    figure.savefig(out, dpi=160)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with_matplotlib()
    draw(read(sys.argv[1]), sys.argv[2])
