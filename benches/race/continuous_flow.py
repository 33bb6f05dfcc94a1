#!/usr/bin/env python3
"""The continuous flow of arXiv:2207.00283 for phi^4 theory, S = sum (d phi)^2 - 4 phi^2 + LAMBDA phi^4, by the JAX package bijx.

usage: continuous_flow.py {sample|train} L LAMBDA BATCH STEPS [SECONDS]

The velocity is that of the package's own defaults: 49 sines and the field itself, 20 combinations of them, 20 functions of time,
kernels over the whole lattice with its symmetries; STEPS of the Runge-Kutta method of order four, single precision.

`sample` counts configurations, drawn together with log q; `train` counts steps: the gradient of <log q + S> and one step of Adam.
The rate printed is that of the best of five spells of SECONDS / 5 each.
"""

import math
import sys
import time

SPELLS = 5


def program(extent, coupling, batch, steps):
    import bijx
    import jax
    import jax.numpy as jnp
    import optax
    from flax import nnx

    velocity = bijx.ConvVF.build((extent, extent), (), rngs=nnx.Rngs(params=1))
    flow = bijx.ContFlowRK4(velocity, steps=steps)
    # Parameters alone are differentiated; the rest is the same in each call.
    structure, parameters, rest = nnx.split(flow, nnx.Param, ...)

    def draw(parameters, key):
        field = jax.random.normal(key, (batch, extent, extent))
        log_q = -0.5 * jnp.sum(field**2, (1, 2)) - 0.5 * extent**2 * math.log(2 * math.pi)
        return nnx.merge(structure, parameters, rest).forward(field, log_q)

    def action(field):
        hops = sum(field * jnp.roll(field, 1, axis) for axis in (1, 2))
        return jnp.sum(coupling * field**4 - 2.0 * hops, (1, 2))

    def loss(parameters, key):
        field, log_q = draw(parameters, key)
        return jnp.mean(log_q + action(field))

    optimiser = optax.adam(5e-3)

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
        jax.block_until_ready(jax.tree.leaves(now["parameters"]))

    return {"sample": sample_once, "train": train_once}


def rate(once, seconds):
    """Calls in a second, best of all spells, after one call that compiles."""
    once()
    rates = []
    for _ in range(SPELLS):
        start, calls = time.perf_counter(), 0
        while calls == 0 or time.perf_counter() - start < seconds / SPELLS:
            once()
            calls += 1
        rates.append(calls / (time.perf_counter() - start))
    return max(rates)


def main():
    words = sys.argv[1:]
    if len(words) not in (5, 6) or words[0] not in ("sample", "train"):
        sys.exit(__doc__)
    task, extent, coupling, batch, steps = words[0], int(words[1]), float(words[2]), int(words[3]), int(words[4])
    calls = rate(program(extent, coupling, batch, steps)[task], float(words[5]) if len(words) == 6 else 5.0)
    print(f"bijx {task} f32 {calls * batch if task == 'sample' else calls:.6g} {'configurations/s' if task == 'sample' else 'steps/s'}")


if __name__ == "__main__":
    main()
