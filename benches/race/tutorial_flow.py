#!/usr/bin/env python3
"""The flow of the tutorial arXiv:2101.08176 for phi^4 theory, written for JAX and for PyTorch.

usage: tutorial_flow.py {jax|torch} {sample|train} {f32|f64} L BATCH LAYERS HIDDEN [SECONDS]

LAYERS affine couplings on alternating checkerboards; the scale s and the shift t of each come from its
own periodic network of 3 x 3 convolutions with 1, HIDDEN, HIDDEN and 2 channels, leaky ReLU between
them and tanh at the end:  phi' = phi on the frozen sites, exp(s) phi + t on the others.

`sample` counts configurations, drawn together with log q; `train` counts optimiser steps: the gradient
of the reverse Kullback-Leibler divergence <log q + S> and one step of Adam. The rate printed is that
of the best of five spells of SECONDS / 5 each, so that whatever else the machine does counts least.
"""

import math
import sys
import time

MASS_SQUARED, LAMBDA = -4.0, 8.0
SPELLS = 5


def initial_parameters(layers, hidden):
    """Weight and bias of each convolution, uniform in +- 1/sqrt(inputs of one output)."""
    import numpy

    random = numpy.random.default_rng(20210120)
    channels = [1, hidden, hidden, 2]

    def convolution(inputs, outputs):
        bound = 1.0 / math.sqrt(9 * inputs)
        return random.uniform(-bound, bound, (outputs, inputs, 3, 3)), random.uniform(-bound, bound, outputs)

    return [[convolution(a, b) for a, b in zip(channels, channels[1:])] for _ in range(layers)]


def checkerboards(extent):
    """1 on the frozen sites, for even and for odd layers."""
    import numpy

    x = numpy.arange(extent)
    even = ((x[:, None] + x[None, :]) % 2).astype(float)
    return even, 1.0 - even


def normalisation(extent):
    return 0.5 * extent * extent * math.log(2.0 * math.pi)


def jax_program(precision, extent, batch, layers, hidden):
    import jax
    import optax
    from jax import numpy as jnp

    jax.config.update("jax_enable_x64", precision == "f64")
    kind = jnp.float64 if precision == "f64" else jnp.float32
    frozen_sites = [jnp.asarray(board, kind) for board in checkerboards(extent)]
    parameters = jax.tree.map(lambda array: jnp.asarray(array, kind), initial_parameters(layers, hidden))

    def network(convolutions, field):
        values = field[:, None]
        for depth, (weight, bias) in enumerate(convolutions):
            padded = jnp.pad(values, [(0, 0), (0, 0), (1, 1), (1, 1)], mode="wrap")
            layout = ("NCHW", "OIHW", "NCHW")
            values = jax.lax.conv_general_dilated(padded, weight, (1, 1), "VALID", dimension_numbers=layout)
            values = values + bias.reshape(1, -1, 1, 1)
            values = jax.nn.leaky_relu(values) if depth + 1 < len(convolutions) else jnp.tanh(values)
        return values[:, 0], values[:, 1]

    def draw(parameters, key):
        field = jax.random.normal(key, (batch, extent, extent), kind)
        log_q = -0.5 * jnp.sum(field * field, axis=(1, 2)) - normalisation(extent)
        for layer, convolutions in enumerate(parameters):
            frozen = frozen_sites[layer % 2]
            scale, shift = network(convolutions, frozen * field)
            active = 1 - frozen
            field = frozen * field + active * (jnp.exp(scale) * field + shift)
            log_q = log_q - jnp.sum(active * scale, axis=(1, 2))
        return field, log_q

    def action(field):
        square = field * field
        hops = sum(field * jnp.roll(field, 1, axis) for axis in (1, 2))
        return jnp.sum((4.0 + MASS_SQUARED) * square + LAMBDA * square * square - 2.0 * hops, axis=(1, 2))

    def loss(parameters, key):
        field, log_q = draw(parameters, key)
        return jnp.mean(log_q + action(field))

    optimiser = optax.adam(1e-3)

    @jax.jit
    def sample(parameters, key):
        key, own = jax.random.split(key)
        return draw(parameters, own), key

    @jax.jit
    def train(parameters, state, key):
        key, own = jax.random.split(key)
        updates, state = optimiser.update(jax.grad(loss)(parameters, own), state)
        return optax.apply_updates(parameters, updates), state, key

    now = {"parameters": parameters, "state": optimiser.init(parameters), "key": jax.random.key(1)}

    def sample_once():
        result, now["key"] = sample(now["parameters"], now["key"])
        jax.block_until_ready(result)

    def train_once():
        now["parameters"], now["state"], now["key"] = train(now["parameters"], now["state"], now["key"])
        jax.block_until_ready(now["parameters"])

    return {"sample": sample_once, "train": train_once}


def torch_program(precision, extent, batch, layers, hidden):
    import torch
    from torch.nn import functional

    torch.set_default_dtype(torch.float64 if precision == "f64" else torch.float32)
    kind = torch.get_default_dtype()
    frozen_sites = [torch.tensor(board, dtype=kind) for board in checkerboards(extent)]
    parameters = [
        [tuple(torch.tensor(array, dtype=kind, requires_grad=True) for array in pair) for pair in convolutions]
        for convolutions in initial_parameters(layers, hidden)
    ]

    def network(convolutions, field):
        values = field.unsqueeze(1)
        for depth, (weight, bias) in enumerate(convolutions):
            values = functional.conv2d(functional.pad(values, (1, 1, 1, 1), mode="circular"), weight, bias)
            values = functional.leaky_relu(values) if depth + 1 < len(convolutions) else torch.tanh(values)
        return values[:, 0], values[:, 1]

    def draw():
        field = torch.randn(batch, extent, extent)
        log_q = -0.5 * (field * field).sum((1, 2)) - normalisation(extent)
        for layer, convolutions in enumerate(parameters):
            frozen = frozen_sites[layer % 2]
            scale, shift = network(convolutions, frozen * field)
            active = 1 - frozen
            field = frozen * field + active * (torch.exp(scale) * field + shift)
            log_q = log_q - (active * scale).sum((1, 2))
        return field, log_q

    def action(field):
        square = field * field
        hops = sum(field * torch.roll(field, 1, axis) for axis in (1, 2))
        return ((4.0 + MASS_SQUARED) * square + LAMBDA * square * square - 2.0 * hops).sum((1, 2))

    optimiser = torch.optim.Adam([array for layer in parameters for pair in layer for array in pair], lr=1e-3)

    @torch.no_grad()
    def sample_once():
        draw()

    def train_once():
        optimiser.zero_grad(set_to_none=True)
        field, log_q = draw()
        (log_q + action(field)).mean().backward()
        optimiser.step()

    return {"sample": sample_once, "train": train_once}


def rate(calls_of, task, seconds):
    """Calls in a second, best of all spells, after three calls of each task to warm up: training lets the
    allocator keep its memory, which doubles PyTorch's rate of sampling."""
    for once in calls_of.values():
        for _ in range(3):
            once()
    once = calls_of[task]
    rates = []
    for _ in range(SPELLS):
        start, calls = time.perf_counter(), 0
        while calls == 0 or time.perf_counter() - start < seconds / SPELLS:
            once()
            calls += 1
        rates.append(calls / (time.perf_counter() - start))
    return max(rates)


def main():
    programs = {"jax": jax_program, "torch": torch_program}
    words = sys.argv[1:]
    if len(words) not in (7, 8) or words[0] not in programs or words[1] not in ("sample", "train"):
        sys.exit(__doc__)
    framework, task, precision = words[:3]
    extent, batch, layers, hidden = map(int, words[3:7])
    calls_of = programs[framework](precision, extent, batch, layers, hidden)
    calls = rate(calls_of, task, float(words[7]) if len(words) == 8 else 5.0)
    unit = "configurations/s" if task == "sample" else "steps/s"
    print(f"{framework} {task} {precision} {calls * batch if task == 'sample' else calls:.6g} {unit}")


if __name__ == "__main__":
    main()
