"""How much of the time is arithmetic, and where the rest goes: networks beside a large matrix product of the same type.

Run: ``python -m benchmarks.arithmetic [--threads 1 2] [--models compact resnet50] [--types float32 bfloat16]
[--compile] [--profile]``, with ``--out FILE`` for the record; ``--quick`` sees that it works. bfloat16 takes an hour
where the processor has no units for it. ``--device cuda --batch 64 1024`` measures a GPU.

A network's arithmetic is twice its multiply-accumulates a clip, in training three times that (forward, and two products
backward). Its share is the arithmetic a second over what a product of two square matrices of the same type reaches,
with the same threads, in the same round; the median over rounds. ``--compile`` measures ``torch.compile`` beside it.
``--profile`` adds for each kind of work its share of the time of a training step.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile

from aurora_resnet.environment import describe_environment
from aurora_resnet.files import write_json
from aurora_resnet.models.zoo import create_model, model_cost
from benchmarks.machine import processor_name

BATCH = 64
FRAMES = 101
SIZES = {"cpu": 2048, "cuda": 8192}
"""Of the matrices, by device."""
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
GOALS = {("compact", 2, "float32"): 0.75, ("compact", 2, "bfloat16"): 0.60}
OPTIONS: dict[str, dict[str, Any]] = {"compact": {}, "resnet50": {"stages": 3}}
KINDS = {
    "convolution, backward": ("convolution_backward",),
    "convolution, forward": ("convolution",),
    "BatchNorm": ("batch_norm",),
    "activation": ("threshold", "relu", "clamp"),
    "sum of shortcut": ("aten::add",),
    "optimiser": ("Optimizer", "_foreach", "_fused"),
    "copies and types": ("copy", "_to_copy", "contiguous", "empty", "zero", "fill"),
}


def step(
    network: nn.Module, kind: torch.dtype, *, train: bool, device: str = "cpu", batch: int = BATCH
) -> Callable[[], None]:
    """Return one pass of a batch, with the optimiser's step in training."""
    features = torch.randn(batch, 64, FRAMES, device=device)
    labels = torch.randint(0, 11, (batch,), device=device)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True, weight_decay=1e-4)
    network.train(train)

    def answer() -> Tensor:
        with torch.autocast(device, dtype=kind, enabled=kind != torch.float32):
            logits: Tensor = network(features)
        return logits.float()

    def once() -> None:
        if not train:
            with torch.inference_mode():
                answer()
            return
        loss = F.cross_entropy(answer(), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return once


def finish() -> None:
    """Wait for a GPU, whose work goes on when a call returns."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds(work: Callable[[], object], times: int) -> float:
    """Return what one call takes."""
    finish()
    started = time.perf_counter()
    for _ in range(times):
        work()
    finish()
    return (time.perf_counter() - started) / times


def shares(
    name: str, kind: str, *, train: bool, compiled: bool, rounds: int, times: int, device: str, batch: int
) -> dict[str, float]:
    """Return the median share of arithmetic, and clips a second."""
    torch.manual_seed(0)
    network: Any = create_model(name, **OPTIONS[name])
    work = 2 * model_cost(network, FRAMES).macs * batch * (3 if train else 1)
    network = network.to(device)
    computed: Any = torch.compile(network) if compiled else network
    once = step(computed, TYPES[kind], train=train, device=device, batch=batch)
    size = SIZES[device]
    matrix = torch.randn(size, size, dtype=TYPES[kind], device=device)
    once()  # warms up, or compiles
    found, speeds = [], []
    for _ in range(rounds):
        reached = 2 * size**3 / seconds(lambda: matrix @ matrix, max(1, times // 2))
        took = seconds(once, times)
        found.append(work / took / reached)
        speeds.append(batch / took)
    return {"share": statistics.median(found), "clips_per_second": statistics.median(speeds)}


def profiled(name: str, kind: str, times: int) -> dict[str, float]:
    """Return for each kind of work its share of the time of a training step."""
    once = step(create_model(name, **OPTIONS[name]), TYPES[kind], train=True)
    once()
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        for _ in range(times):
            once()
    spent: Counter[str] = Counter()
    for event in recorded.key_averages():
        group = next((kind for kind, parts in KINDS.items() if any(part in event.key for part in parts)), "all else")
        spent[group] += event.self_cpu_time_total
    return {group: share / spent.total() for group, share in spent.most_common()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], help="of torch, one after the other")
    parser.add_argument("--device", choices=SIZES, default="cpu")
    parser.add_argument("--batch", nargs="+", type=int, default=[BATCH], help="clips of a step")
    parser.add_argument("--models", nargs="+", choices=OPTIONS, default=list(OPTIONS))
    parser.add_argument("--types", nargs="+", choices=TYPES, default=list(TYPES))
    parser.add_argument("--compile", action="store_true", help="torch.compile too")
    parser.add_argument("--profile", action="store_true", help="where the time of a training step goes")
    parser.add_argument("--quick", action="store_true", help="one round, to see that it works")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    options = parser.parse_args()
    rounds, times = (1, 1) if options.quick else (7, 6)
    on_cpu = options.device == "cpu"
    rows: list[dict[str, Any]] = []
    for threads, batch in product(options.threads if on_cpu else [1], options.batch):
        torch.set_num_threads(threads)
        for name in options.models:
            for kind in options.types:
                for train in (True, False):
                    for compiled in (False, True) if options.compile else (False,):
                        facts = {"model": name, "threads": threads, "type": kind, "train": train, "compiled": compiled}
                        facts |= {} if on_cpu else {"batch": batch}
                        measured = shares(
                            name,
                            kind,
                            train=train,
                            compiled=compiled,
                            rounds=rounds,
                            times=times,
                            device=options.device,
                            batch=batch,
                        )
                        rows.append({**facts, **measured})
                        goal = GOALS.get((name, threads, kind)) if train and on_cpu else None
                        how = f"{threads:2} threads " if on_cpu else f"batch {batch:4} "
                        print(
                            f"{name:9}{how} {kind:9}{'training ' if train else 'inference'}"
                            f"{' compiled' if compiled else '         '}{measured['share']:7.1%}"
                            f"{measured['clips_per_second']:9.0f} clips/s{f'  goal {goal:.0%}' if goal else ''}",
                            flush=True,
                        )
                if options.profile and on_cpu:
                    rows.append(
                        {"model": name, "threads": threads, "type": kind, "profile": profiled(name, kind, times)}
                    )
                    print("   ", ", ".join(f"{group} {share:.0%}" for group, share in rows[-1]["profile"].items()))
    if options.out:
        record = {"benchmark": "arithmetic", "processor": processor_name(), "rows": rows}
        write_json(record | {"environment": describe_environment(options.device)}, options.out)


if __name__ == "__main__":
    main()
