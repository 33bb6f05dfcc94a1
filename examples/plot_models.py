#!/usr/bin/env python3
"""Draws what the models of the repository do: a field of each kind, the spectrum of its fields by mode, effective sample sizes.

usage: plot_models.py LIBRARY MODELS OUT

LIBRARY is the shared library, MODELS the folder of the trained models, OUT the picture, for example docs/models.png. It shows the
actions that the models were trained for (`make train-flows`, `make train-diffusion`). Where matplotlib is not there, it is installed
in a virtual environment under build/ first.
"""

import os
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(ROOT, "bindings", "python"))
from plot_tau import with_matplotlib  # noqa: E402

# File, L and lambda, and the kernel of a chain that is compared with.
CONTINUOUS = [("continuous_6", 6, 6.975), ("continuous_12", 12, 5.276), ("continuous_20", 20, 4.807),
              ("continuous_32", 32, 4.572)]
HMC = "{type: 'hmc', integrator: 'omelyan2', steps: 6, length: 1.5}"


def spectrum(fields, weights):
    """<|phi(k)|^2> by the size of the lattice momentum, 4 sin^2(k/2) summed over directions: momenta and means."""
    import numpy as np

    length = fields.shape[-1]
    power = np.abs(np.fft.fft2(fields)) ** 2 / length**2
    power = (power * weights[:, None, None]).sum(0) / weights.sum()
    one = 4 * np.sin(np.pi * np.arange(length) / length) ** 2
    momenta = np.round(one[:, None] + one[None, :], 9)
    sizes = np.unique(momenta)
    return sizes, np.array([power[momenta == size].mean() for size in sizes])


def sampled(model, action, count):
    """Fields of a model with their log weights."""
    import numpy as np

    fields, log_weights = [], []
    for counter in range(0, count, 100):
        drawn = model.sample(counter, 100)
        fields.append(np.array(drawn.fields))
        log_weights.append(-action.value(drawn.fields) - np.array(drawn.log_q))
    return np.concatenate(fields), np.concatenate(log_weights)


def chain_fields(instanton, action, shape, count):
    """Every tenth field of hybrid Monte Carlo."""
    import numpy as np

    chain = instanton.Chain(action, None, HMC)
    fields = []
    for step in range(-500, 10 * count):
        chain.step()
        if step >= 0 and step % 10 == 0:
            fields.append(np.array(chain.field()).reshape(shape))
    return np.array(fields)


def main(library, models, out):
    os.environ["INSTANTON_LIBRARY"] = os.path.abspath(library)
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")
    import instanton
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 10, "axes.titlesize": 9.5, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(2, 3, figsize=(11.4, 7.2), constrained_layout=True)
    context = instanton.Context()
    extents, sizes = [], []
    for name, length, coupling in CONTINUOUS:
        lattice = instanton.Lattice(context, [length, length])
        action = instanton.Action(lattice, f"{{type: 'phi4', mass_squared: -4, lambda: {coupling}}}")
        model = instanton.Model.load(lattice, os.path.join(models, f"{name}.safetensors"))
        fields, log_weights = sampled(model, action, 2000 if length < 32 else 500)
        fields = fields.reshape(-1, length, length)
        found = instanton.reweighting(log_weights)
        extents.append(length)
        sizes.append((found.ess, found.ess_error))
    weights = np.exp(log_weights - log_weights.max())
    truth = chain_fields(instanton, action, (length, length), 500)
    largest = np.abs(fields[:2]).max()
    for axis, field, title in [(axes[0, 0], truth[-1], f"hybrid Monte Carlo, L = {length}"),
                               (axes[0, 1], fields[0], "a sample of the continuous flow")]:
        axis.imshow(field, cmap="RdBu", vmin=-largest, vmax=largest, interpolation="nearest")
        axis.set_title(title, fontsize=10)
        axis.set_axis_off()
    axis = axes[0, 2]
    for own, weight, label, style in [(truth, np.ones(len(truth)), "hybrid Monte Carlo", "k-"),
                                      (fields, np.ones(len(fields)), "continuous flow, raw", "C1--"),
                                      (fields, weights, "continuous flow, reweighted", "C0:")]:
        momenta, power = spectrum(own, weight)
        axis.plot(momenta[1:], power[1:], style, label=label, linewidth=1.4)
    axis.set(xlabel=r"$\hat k^2$", ylabel=r"$\langle|\phi(k)|^2\rangle$", yscale="log", xscale="log",
             title=f"spectrum by mode, L = {length}")
    axis.legend(frameon=False, fontsize=8)
    axis = axes[1, 0]
    axis.errorbar(extents, [s[0] for s in sizes], [s[1] for s in sizes], fmt="o-", capsize=3)
    axis.set(xlabel="L", ylabel="effective sample size", ylim=(0, 1.02),
             title="continuous flows, correlation length L/4")
    broken(instanton, context, models, axes[1, 1])
    diffusion(instanton, context, models, axes[1, 2])
    new = out + ".new.png"
    figure.savefig(new, dpi=110)
    os.replace(new, out)


def broken(instanton, context, models, axis):
    """Magnetisations in a broken phase: samples of the flow, with and without their weights."""
    import numpy as np

    lattice = instanton.Lattice(context, [16, 16])
    action = instanton.Action(lattice, "{type: 'phi4', form: 'kappa', kappa: 0.27, lambda: 0.022}")
    model = instanton.Model.load(lattice, os.path.join(models, "continuous_broken_16.safetensors"))
    fields, log_weights = sampled(model, action, 5000)
    means = fields.reshape(-1, 256).mean(1)
    weights = np.exp(log_weights - log_weights.max())
    axis.hist(means, bins=50, density=True, histtype="step", label="samples")
    axis.hist(means, bins=50, weights=weights, density=True, histtype="step", label="reweighted")
    axis.set(xlabel=r"$\bar\phi$", title="a broken phase by a continuous flow, 16 x 16")
    axis.legend(frameon=False, fontsize=8)


def diffusion(instanton, context, models, axis):
    """The spectrum of raw samples of a diffusion model beside that of the fields that it has learned."""
    import numpy as np

    lattice = instanton.Lattice(context, [16, 16])
    action = instanton.Action(lattice, "{type: 'phi4', form: 'kappa', kappa: 0.21, lambda: 0.022}")
    model = instanton.Model.load(lattice, os.path.join(models, "diffusion_16.safetensors"))
    paths = model.sample_paths(0, 1000, "{steps: 100}")
    log_weights = -action.value(paths.fields) - np.array(paths.log_path)
    fields = np.array(paths.fields).reshape(-1, 16, 16)
    weights = np.exp(log_weights - log_weights.max())
    truth = chain_fields(instanton, action, (16, 16), 2000)
    for own, weight, label, style in [(truth, np.ones(len(truth)), "hybrid Monte Carlo", "k-"),
                                      (fields, np.ones(len(fields)), "diffusion model, raw", "C1--"),
                                      (fields, weights, "diffusion model, reweighted", "C0:")]:
        momenta, power = spectrum(own, weight)
        axis.plot(momenta[1:], power[1:], style, label=label, linewidth=1.4)
    axis.set(xlabel=r"$\hat k^2$", ylabel=r"$\langle|\phi(k)|^2\rangle$", yscale="log",
             title="a diffusion model in 100 steps, 16 x 16")
    axis.legend(frameon=False, fontsize=8)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with_matplotlib()
    main(*sys.argv[1:])
