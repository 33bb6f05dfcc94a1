#!/usr/bin/env python3
"""The library's U-Net of a diffusion model, layer by layer in PyTorch (src/flow/diffusion/unet.rs).

usage: unet.py {paths|train} L BATCH [SECONDS]
       unet.py agree L

`paths` counts fields per second of stochastic paths of 200 steps from noise, without their weights; `train` counts steps of score
matching: loss, gradient and one step of Adam. Both run on one thread in single precision, as they are and compiled by TorchInductor
where it works; the rate printed is the higher one, each the best of five spells of SECONDS / 5 of processor time. `agree` writes a model of random
parameters with the library, reads its file, and prints the largest difference of the two scores, relative to the largest score: it
needs the Python package.
"""

import json
import math
import struct
import sys
import tempfile
import time
from pathlib import Path

import numpy
import torch
from torch.nn import functional

CHANNELS, KERNEL, TIMES, GROUPS = [16, 32], 3, 6, 4
SIGMA_MIN, SIGMA_MAX, WIDTH = 0.01, 10.0, 1.0
STEPS, SPELLS = 200, 5


def convolutions():
    """Name, outputs, inputs, width and whether it is that of a block, in the library's order."""
    yield "input", CHANNELS[0], 1, KERNEL, False
    for i, own in enumerate(CHANNELS):
        yield f"down.{i}", own, own, KERNEL, True
        if i + 1 < len(CHANNELS):
            yield f"halved.{i}", CHANNELS[i + 1], own, 2, False
    for i in reversed(range(len(CHANNELS) - 1)):
        yield f"doubled.{i}", CHANNELS[i], CHANNELS[i + 1], 2, False
        yield f"up.{i}", CHANNELS[i], 2 * CHANNELS[i], KERNEL, True
    yield "output", TIMES, CHANNELS[0] + 1, KERNEL, False


class Unet(torch.nn.Module):
    """N(x; t) for fields x[batch, 1, L, L] and functions of time[batch or 1, TIMES]."""

    def __init__(self):
        super().__init__()
        self.names = {}
        for name, outputs, inputs, width, is_block in convolutions():
            bound = 1.0 / math.sqrt(inputs * width * width)
            self.add(f"{name}.weight", (outputs, inputs, width, width), bound)
            self.add(f"{name}.bias", (outputs,), bound)
            if is_block:
                self.add(f"{name}.gain", (outputs, TIMES), 0.5 / TIMES)
                self.add(f"{name}.shift", (outputs, TIMES), 0.5 / TIMES)

    def add(self, name, shape, bound):
        own = name.replace(".", "_")
        self.register_parameter(own, torch.nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))
        self.names[name] = own

    def of(self, name):
        return getattr(self, self.names[name])

    def convolve(self, h, name, has_bias=True):
        margin = KERNEL // 2
        padded = functional.pad(h, (margin,) * 4, mode="circular")
        return functional.conv2d(padded, self.of(f"{name}.weight"), self.of(f"{name}.bias") if has_bias else None)

    def block(self, h, time, name):
        y = functional.group_norm(self.convolve(h, name, False), GROUPS, eps=1e-5)
        gain = 1.0 + time @ self.of(f"{name}.gain").T
        shift = self.of(f"{name}.bias") + time @ self.of(f"{name}.shift").T
        y = functional.silu(y * gain[:, :, None, None] + shift[:, :, None, None])
        return h + y if h.shape == y.shape else y

    def forward(self, x, time):
        h, kept = self.convolve(x, "input"), []
        for i in range(len(CHANNELS)):
            h = self.block(h, time, f"down.{i}")
            kept.append(h)
            if i + 1 < len(CHANNELS):
                h = functional.conv2d(h, self.of(f"halved.{i}.weight"), self.of(f"halved.{i}.bias"), stride=2)
        for i in reversed(range(len(CHANNELS) - 1)):
            weight = self.of(f"doubled.{i}.weight").transpose(0, 1)
            h = functional.conv_transpose2d(h, weight, self.of(f"doubled.{i}.bias"), stride=2)
            h = self.block(torch.cat([h, kept[i]], 1), time, f"up.{i}")
        outputs = self.convolve(torch.cat([h, x], 1), "output")
        return (outputs * time[:, :, None, None]).sum(1, keepdim=True)


def times_of(t):
    return torch.cos(math.pi * t[:, None] * torch.arange(TIMES))


def sigma_of(t):
    return SIGMA_MIN * (SIGMA_MAX / SIGMA_MIN) ** t


def paths(network, length, batch):
    """One batch of paths."""
    times = [k / (STEPS - 1) for k in range(STEPS)]
    sigmas = [0.0] + [sigma_of(t) for t in times]
    rows = times_of(torch.tensor(times))

    @torch.inference_mode()
    def run():
        field = torch.randn(batch, 1, length, length) * math.hypot(WIDTH, sigmas[-1])
        for k in reversed(range(STEPS)):
            squared = sigmas[k + 1] ** 2 - sigmas[k] ** 2
            c, earlier = 1.0 / math.hypot(WIDTH, sigmas[k + 1]), 1.0 / math.hypot(WIDTH, sigmas[k])
            learned = network(c * field, rows[k:k + 1])
            noise = torch.randn_like(field)
            field = (1.0 - squared * c * c) * field + squared * c * learned + math.sqrt(squared) * c / earlier * noise
        return field

    return run


def train(network, length, batch):
    """One step of training."""
    fields = torch.randn(1024, 1, length, length)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)

    def run():
        field = fields[torch.randint(len(fields), (batch,))]
        t, noise = torch.rand(batch), torch.randn_like(field)
        sigma = sigma_of(t)[:, None, None, None]
        c = 1.0 / torch.hypot(torch.tensor(WIDTH), sigma)
        x = c * (field + sigma * noise)
        loss = (sigma * c * (network(x, times_of(t)) - x) + noise).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return run


def rate(call, seconds):
    """Calls per second of the best spell."""
    call()
    best = 0.0
    for _ in range(SPELLS):
        start, calls = time.process_time(), 0
        while calls == 0 or time.process_time() - start < seconds / SPELLS:
            call()
            calls += 1
        best = max(best, calls / (time.process_time() - start))
    return best


def race(task, length, batch, seconds):
    of_task, each = {"paths": (paths, batch), "train": (train, 1)}[task]
    plain = Unet()
    rates = {"as it is": each * rate(of_task(plain, length, batch), seconds)}
    try:
        rates["compiled"] = each * rate(of_task(torch.compile(plain), length, batch), seconds)
    except Exception as reason:  # Without a compiler for C++ there is nothing to compile with.
        print(f"unet: not compiled: {type(reason).__name__}", file=sys.stderr)
    print(" ".join(f"{name}: {value:.4g}" for name, value in rates.items()), file=sys.stderr)
    print(f"race: {task} {max(rates.values()):.6g}")


def read_safetensors(path):
    """Tensors of a file by their names."""
    data = Path(path).read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    kinds = {"F64": numpy.float64, "F32": numpy.float32}
    place = 8 + size
    return {name: numpy.frombuffer(data[place + entry["data_offsets"][0]:place + entry["data_offsets"][1]], kinds[entry["dtype"]])
            for name, entry in header.items() if name != "__metadata__" and entry["dtype"] in kinds}


def agree(length):
    import instanton

    lattice = instanton.Lattice(instanton.Context(threads=1, precision="f64"), [length, length])
    keys = {"type": "unet", "channels": CHANNELS, "kernel": KERNEL, "times": TIMES, "groups": GROUPS, "initial_output": 1}
    model = instanton.Model(lattice, type="diffusion", sigma_min=SIGMA_MIN, sigma_max=SIGMA_MAX, width=WIDTH, network=keys)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "unet.safetensors")
        tensors = read_safetensors(Path(folder) / "unet.safetensors")
    network = Unet().double()
    with torch.no_grad():
        for name, own in network.names.items():
            [found] = [value for key, value in tensors.items() if key.endswith("." + name) or key == name]
            parameter = getattr(network, own)
            parameter.copy_(torch.tensor(found, dtype=torch.float64).reshape(parameter.shape))
        field, t, step = torch.randn(1, 1, length, length, dtype=torch.float64), 0.3, 1e16
        c = 1.0 / math.hypot(WIDTH, sigma_of(t))
        score = c * (network(c * field, times_of(torch.tensor([t], dtype=torch.float64))) - c * field)
        # So large a step has no noise to speak of: 1e-8 of the score.
        proposal = instanton.Proposal(model, None, type="learned_langevin", step=step, time=t)
        current = field[0, 0].numpy()
        other = torch.tensor((proposal.propose(0, current).field - current) / step)
        worst = ((score[0, 0] - other).abs().max() / score.abs().max()).item()
    print(f"race: largest difference of the scores {worst:.1e}")
    if not worst < 1e-6:
        sys.exit("unet: expected scores that agree to 1e-6")


def main(arguments):
    torch.set_num_threads(1)
    if len(arguments) == 2 and arguments[0] == "agree":
        agree(int(arguments[1]))
    elif len(arguments) in (3, 4) and arguments[0] in ("paths", "train"):
        race(arguments[0], int(arguments[1]), int(arguments[2]), float(arguments[3]) if len(arguments) > 3 else 5.0)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
