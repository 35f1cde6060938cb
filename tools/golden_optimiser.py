#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the numbers of tests/nn/test_optimiser.c: three steps of PyTorch's optimisers on six weights."""
import torch

WEIGHTS = [0.5, -1.25, 2.0, 0.0, -0.75, 1.5]
GRADIENTS = [[0.1, -0.2, 0.3, -0.4, 0.5, -0.6], [1.5, 0.25, -0.5, 0.0, 2.0, -1.0],
             [-0.3, 0.7, 0.2, 1.1, -0.9, 0.05]]


def run(name, make, clip=None):
    weight = torch.nn.Parameter(torch.tensor(WEIGHTS).reshape(2, 3))
    optimiser = make([weight])
    for gradient in GRADIENTS:
        weight.grad = torch.tensor(gradient).reshape(2, 3)
        if clip:
            torch.nn.utils.clip_grad_norm_([weight], clip)
        optimiser.step()
    print(name, ", ".join(f"{value:.9g}" for value in weight.detach().flatten().tolist()))


optim = torch.optim
run("sgd", lambda p: optim.SGD(p, lr=.1, weight_decay=.02))
run("sgd momentum", lambda p: optim.SGD(p, lr=.1, momentum=.9, weight_decay=.02))
run("sgd nesterov", lambda p: optim.SGD(p, lr=.1, momentum=.9, nesterov=True, weight_decay=.02))
run("adam", lambda p: optim.Adam(p, lr=.05, betas=(.8, .95), eps=1e-6, weight_decay=.02))
run("adamw", lambda p: optim.AdamW(p, lr=.05, betas=(.8, .95), eps=1e-6, weight_decay=.02))
run("adamw clip", lambda p: optim.AdamW(p, lr=.05, weight_decay=.02), 1.)
run("sgd clip", lambda p: optim.SGD(p, lr=.1), 1.)
