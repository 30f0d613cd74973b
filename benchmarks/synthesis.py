"""How quickly images are made, beside the papers' plain formulation: `python benchmarks/synthesis.py [OPTIONS]`.

Networks are fresh ones of the published widths. GFLOP count the convolutions as the paper writes them (a transposed one
for upsampling, no filters), two for each multiply-add, whatever a formulation spends; so a share of more than 100 %
means that multiplications are saved. The peak is the best that a large matrix product or convolution reaches in the
same run. Formulations take turns, and medians are shown. Times are of the processor with one thread, which other work
on the machine hardly lengthens, and of the clock with more or on a GPU. Memory is the peak of a process that makes two
batches, with one formulation and everything else that it needs.

    --device cuda     images a second, in every precision, with and without torch.compile and CUDA graphs
    --gradients       also forward and backward to the codes in w+
    --json            one JSON object instead of a table
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import ganatomy as ga
from ganatomy.generators.base import Generator
from ganatomy.generators.style_based import StyleBasedGenerator
from ganatomy.generators.stylegan2 import StyledConv, StyleGAN2, StyleGAN2Config
from ganatomy.generators.stylegan3 import FilteredLayer, StyleGAN3, StyleGAN3Config
from ganatomy.latents import Latents

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import plain  # the slow truth lies with the tests

STYLEGAN3_LAYERS = 14


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of the table.

    Args:
        model: "stylegan2", "stylegan3-t", "stylegan3-r" or a bundled name. base: channels times resolution, up to 512.
    """

    model: str
    resolution: int
    base: int
    batch: int

    def __str__(self) -> str:
        if self.model == "faces":
            return f"faces x {self.batch}"
        return f"{self.model} {self.resolution} px, base {self.base} x {self.batch}"


def build(case: Case, *, precision: str = "float32") -> Generator:
    """A fresh network whose noise has a strength, or a bundled one."""
    torch.manual_seed(0)
    if case.model == "faces":
        return ga.load("faces", precision=precision)
    if case.model == "stylegan2":
        widths = tuple(min(case.base // 2**k, 512) for k in range(2, case.resolution.bit_length()))
        model = StyleGAN2(StyleGAN2Config(widths=widths))
        for name, parameter in model.named_parameters():
            if name.endswith("noise_strength"):
                nn.init.constant_(parameter, 0.1)
    else:
        radial = case.model.endswith("r")
        sizes = StyleGAN3Config(resolution=case.resolution, widths=(1,) * STYLEGAN3_LAYERS + (3,))
        base = case.base * (2 if radial else 1)
        limit = 1024 if radial else 512
        widths = tuple(
            min(round(base / 2 / signal.cutoff), limit) for signal in sizes.signals()[:STYLEGAN3_LAYERS]
        )
        model = StyleGAN3(
            StyleGAN3Config(
                resolution=case.resolution, widths=(*widths, 3), radial=radial, kernel=1 if radial else 3
            )
        )
    model.precision = precision
    return model.eval().requires_grad_(False)


def formulation(
    case: Case, name: str, *, device: str = "cpu"
) -> tuple[Generator, Callable[[Latents], Tensor]]:
    """A network and what draws with it: "plain", whose tensors are contiguous, or "ours"."""
    model = build(case).to(device)
    if name == "ours":
        return model, model.synthesize
    model.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    draw = plain.stylegan3 if isinstance(model, StyleGAN3) else plain.stylegan2
    return model, lambda codes: draw(model, codes)


def gigaflops(model: Generator, codes: Latents) -> float:
    """Of the convolutions of one image, as the paper writes them."""
    total = 0

    def count(layer: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        nonlocal total
        if isinstance(layer, StyledConv):
            pixels = inputs[0].shape[2] * inputs[0].shape[3]
        else:
            pixels = (
                layer.activation.up.in_size**2 if isinstance(layer, FilteredLayer) else output[0, 0].numel()
            )
        total += 2 * layer.weight.numel() * pixels

    layers = (layer for layer in model.modules() if hasattr(layer, "weight") and hasattr(layer, "affine"))
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.no_grad():
        model.synthesize(codes[:1])
    for hook in hooks:
        hook.remove()
    return total / 1e9


class Clock:
    """Seconds of a call; of the processor where one thread runs on it alone."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.now = (
            time.process_time if device == "cpu" and torch.get_num_threads() == 1 else time.perf_counter
        )

    def __call__(self, call: Callable[[], object]) -> float:
        self.wait()
        start = self.now()
        call()
        self.wait()
        return self.now() - start

    def wait(self) -> None:
        if self.device != "cpu":
            torch.cuda.synchronize()


def in_turns(calls: dict[str, Callable[[], object]], clock: Clock, repeats: int) -> dict[str, float]:
    """Median seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repeats):
        for name, call in calls.items():
            times[name].append(clock(call))
    return {name: statistics.median(series) for name, series in times.items()}


def peak_gigaflops(clock: Clock, dtype: torch.dtype = torch.float32) -> float:
    """The most that a large matrix product or convolution reaches, in GFLOP/s."""
    size = 1024 if clock.device == "cpu" else 8192
    a = torch.randn(size, size, device=clock.device).to(dtype)
    x = torch.randn(1, 256, 64, 64, device=clock.device).to(dtype, memory_format=torch.channels_last)
    weight = torch.randn(256, 256, 3, 3, device=clock.device).to(dtype, memory_format=torch.channels_last)
    calls = {"product": lambda: a @ a, "convolution": lambda: nn.functional.conv2d(x, weight, padding=1)}
    work = {"product": 2 * size**3, "convolution": 18 * 256 * 256 * 64**2}
    best = 0.0
    for name, call in calls.items():
        call()
        best = max(best, *(work[name] / clock(call) / 1e9 for _ in range(10)))
    return best


def slopes(draw: Callable[[Latents], Tensor], codes: Latents) -> Tensor:
    free = codes.codes.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(draw(codes.with_codes(free)).square().sum(), free)
    return slope


def has_bfloat16() -> bool:
    flags = Path("/proc/cpuinfo")
    return flags.exists() and any(flag in flags.read_text() for flag in ("amx_bf16", "avx512_bf16"))


def measure(case: Case, options: argparse.Namespace, clock: Clock, peak: float) -> dict[str, Any]:
    """All figures of a case on a processor."""
    both = {name: formulation(case, name) for name in ("plain", "ours")}
    codes = both["ours"][0].sample(case.batch, seed=0, space="w+")
    with torch.no_grad():
        images = {name: draw(codes) for name, (_, draw) in both.items()}
        seconds = in_turns(
            {name: lambda draw=draw: draw(codes) for name, (_, draw) in both.items()}, clock, options.repeats
        )
    work = gigaflops(both["ours"][0], codes)
    line: dict[str, Any] = {"case": asdict(case), "gigaflop_per_image": work}
    for name, value in seconds.items():
        rate = work * case.batch / value
        line[name] = {"ms_per_image": value / case.batch * 1e3, "gflops": rate, "of_peak": rate / peak}
    line["times"] = seconds["plain"] / seconds["ours"]
    line["relative_error"] = relative_error(images["ours"], images["plain"])

    if has_bfloat16() and "bfloat16" in both["ours"][0].precisions:
        lower = build(case, precision="bfloat16")
        with torch.no_grad():
            value = in_turns({"bfloat16": lambda: lower.synthesize(codes)}, clock, options.repeats)[
                "bfloat16"
            ]
            error = relative_error(lower.synthesize(codes), images["plain"])
        line["bfloat16"] = {
            "ms_per_image": value / case.batch * 1e3, "times": seconds["plain"] / value, "relative_error": error,
        }  # fmt: skip

    if options.gradients:
        calls = {name: lambda draw=draw: slopes(draw, codes) for name, (_, draw) in both.items()}
        line["gradients"] = {
            f"{name}_ms_per_image": value / case.batch * 1e3
            for name, value in in_turns(calls, clock, max(options.repeats // 2, 1)).items()
        }
    if not options.no_memory:
        del both, images
        line["memory_mb"] = {name: peak_memory(case, name) for name in ("plain", "ours")}
    return line


def relative_error(a: Tensor, b: Tensor) -> float:
    return float((a - b).norm() / b.norm())


def peak_memory(case: Case, name: str) -> float:
    """Megabytes that a process of its own needs at most; median of five, since allocators are moody."""
    command = [sys.executable, __file__, "--memory-of", name, json.dumps(asdict(case))]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(5)]
    return statistics.median(float(run.stdout) for run in runs)


def report_memory(name: str, case: Case) -> None:
    """What `peak_memory` starts."""
    model, draw = formulation(case, name)
    with torch.no_grad():
        codes = model.sample(case.batch, space="w+")
        for _ in range(2):
            draw(codes)
    status = Path("/proc/self/status")
    if status.exists():  # where getrusage also counts the process that started this one
        kilobytes = next(int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line)
    else:
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(kilobytes / 2**10)


def on_gpu(case: Case, options: argparse.Namespace, clock: Clock) -> Iterator[dict[str, Any]]:
    """Images a second of a case on a GPU: plain, then ours in every precision and by every way to start kernels."""
    slow, draw_slow = formulation(case, "plain", device="cuda")
    codes = slow.sample(case.batch, seed=0, space="w+")
    with torch.no_grad():
        work, expected = gigaflops(slow, codes), draw_slow(codes)
        ways: dict[tuple[str, str], Callable[[], Tensor]] = {("plain", "float32"): lambda: draw_slow(codes)}
        precisions = options.precisions or slow.precisions
        for precision in precisions:
            model = build(case, precision=precision).to("cuda")
            draw = model.synthesize
            ways["eager", precision] = lambda draw=draw: draw(codes)
            ways["CUDA graph", precision] = cuda_graph(ways["eager", precision])
            if options.compile and isinstance(model, StyleBasedGenerator):
                fused = build(case, precision=precision).to("cuda")
                # What a compiler cannot find out is known after an image: the terms of radial filters.
                fused.synthesize(codes)
                fused.synthesis.compile(fullgraph=True)
                ways["compiled, graph", precision] = cuda_graph(lambda fused=fused: fused.synthesize(codes))
        peaks = {name: peak_gigaflops(clock, getattr(torch, name)) for name in {"float32", *precisions}}
        for (way, precision), call in ways.items():
            torch.cuda.reset_peak_memory_stats()
            seconds = in_turns({way: call}, clock, options.repeats)[way]
            rate = work * case.batch / seconds
            yield {
                "case": asdict(case), "way": way, "precision": precision,
                "images_per_second": case.batch / seconds, "gflops": rate, "of_peak": rate / peaks[precision],
                "relative_error": relative_error(call(), expected),
                "memory_mb": torch.cuda.max_memory_allocated() / 2**20,
            }  # fmt: skip


def cuda_graph(call: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """The same work, recorded once and started as one."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = call()

    def replay() -> Tensor:
        graph.replay()
        return out

    return replay


def cases(options: argparse.Namespace) -> Iterator[Case]:
    for batch in options.batch:
        if options.faces:
            yield Case(model="faces", resolution=64, base=0, batch=batch)
        for model in options.models:
            for resolution in options.sizes if model == "stylegan2" else options.stylegan3_sizes:
                for base in options.bases:
                    yield Case(model=model, resolution=resolution, base=base, batch=batch)


def row(line: dict[str, Any]) -> str:
    """A line of the table for people."""
    case = Case(**line["case"])
    if "way" in line:
        return (
            f"{case!s:38} {line['way']:14} {line['precision']:9} {line['images_per_second']:9.1f} images/s "
            f"{line['gflops']:9.0f} GFLOP/s = {line['of_peak']:4.0%}  error {line['relative_error']:.0e} "
            f"{line['memory_mb']:6.0f} MB"
        )
    slow, quick = line["plain"], line["ours"]
    text = (
        f"{case!s:38} {slow['ms_per_image']:8.1f} {quick['ms_per_image']:8.1f} {line['times']:5.2f}x "
        f"{quick['gflops']:6.0f} {quick['of_peak']:5.0%} {line['relative_error']:8.1e}"
    )
    if "memory_mb" in line:
        text += f" {line['memory_mb']['plain']:6.0f} {line['memory_mb']['ours']:6.0f}"
    if "gradients" in line:
        slow_ms, quick_ms = line["gradients"].values()
        text += f" {slow_ms:8.1f} {quick_ms:8.1f} {slow_ms / quick_ms:5.2f}x"
    if "bfloat16" in line:
        lower = line["bfloat16"]
        text += f"  bfloat16 {lower['ms_per_image']:.1f} {lower['times']:.2f}x {lower['relative_error']:.0e}"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="*", default=["stylegan2", "stylegan3-t"])
    parser.add_argument("--sizes", nargs="*", type=int, default=[64, 128, 256, 512, 1024])
    parser.add_argument("--stylegan3-sizes", nargs="*", type=int, default=[256])
    parser.add_argument("--bases", nargs="*", type=int, default=[16384, 32768])
    parser.add_argument("--batch", nargs="*", type=int, default=[1, 8])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-faces", dest="faces", action="store_false")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--gradients", action="store_true")
    parser.add_argument(
        "--compile", action="store_true", help="also torch.compile with a CUDA graph, on a GPU"
    )
    parser.add_argument("--precisions", nargs="*", help="on a GPU, by default all that the architecture has")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--memory-of", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        name, case = options.memory_of
        report_memory(name, Case(**json.loads(case)))
        return

    clock = Clock(options.device)
    machine = platform.processor() or platform.machine()
    if options.device == "cuda":
        machine = torch.cuda.get_device_name()
        lines = (line for case in cases(options) for line in on_gpu(case, options, clock))
        head = f"{machine}, torch {torch.__version__}"
        peak = 0.0
    else:
        peak = peak_gigaflops(clock)
        lines = (measure(case, options, clock, peak) for case in cases(options))
        head = (
            f"{machine}, torch {torch.__version__}, {torch.get_num_threads()} threads, peak {peak:.0f} GFLOP/s; "
            f"bfloat16 {'measured' if has_bfloat16() else 'not here'}\n"
            f"{'':38} ms: plain     ours  times GFLOP/s peak    error MB: plain ours"
            + (" gradients: plain ours" if options.gradients else "")
        )
    if options.json:
        print(json.dumps({"machine": head.splitlines()[0], "peak_gflops": peak, "lines": list(lines)}))
        return
    print(head)
    for line in lines:
        print(row(line), flush=True)


if __name__ == "__main__":
    main()
