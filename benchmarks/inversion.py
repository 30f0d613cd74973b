"""How near inversions come, in what time, and what edits of them change.

    python benchmarks/inversion.py own                      # images of the bundled faces, against the projector
    python benchmarks/inversion.py drawn                    # drawn faces that the generator never made
    python benchmarks/inversion.py dial tuned consulted     # the price of editability; pivotal tuning; HFGI
    python benchmarks/inversion.py dial tuned photographs --model GAN --images FOLDER_OR_ZIP --scorer SCORER.onnx
    python benchmarks/inversion.py distances --model GAN --images FOLDER_OR_ZIP --scorer SCORER.onnx --judge SCORER
    python benchmarks/inversion.py sizes                    # large generators
    python benchmarks/inversion.py remarks --model GAN --images FOLDER_OR_ZIP --scorer SCORER.onnx --sheet SHEET.png

Seconds are of one processor. Edits move one attribute by 2.5 standard deviations, away from what the image shows, along
a direction that `regression` finds with the scorer. The judge reads them, or where there is none the scorer; neither is
in the loss, but for the scorer of the bundled faces, whose features are. Identity is by the reader's features, where it
has any besides its scores.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from synthesis import Case, build
from torch import Tensor

import ganatomy as ga
from ganatomy.datasets.folders import image_files
from ganatomy.datasets.references import drawn_reference
from ganatomy.generators.batches import draw_images
from ganatomy.inversion import METHODS
from ganatomy.latents import Space
from ganatomy.perception.features import network_of
from ganatomy.statistics.intervals import mean_of

STEP = 2.5
WORST, SHOWN = 8, 16
"""Images that a sheet shows: of those with remarks, and of edits."""
AT_ONCE = 16


@dataclass(frozen=True)
class Bench:
    """A generator, images that it should make, and who reads them."""

    generator: ga.Generator
    scorer: ga.Scorer
    reader: ga.Scorer
    attribute: str
    images: Tensor
    prepared: ga.Preparation
    sheet: Path | None

    @property
    def space(self) -> Space:
        """Of directions, and of generated images."""
        return ga.Experiment(self.generator).editing_space

    def direction(self) -> ga.Direction:
        return ga.regression(ga.survey(self.generator, self.scorer, n=2000, space=self.space, seed=0))[
            self.attribute
        ]


@dataclass(frozen=True)
class Edited:
    """What an edit did to n images.

    Args:
        changes: of all probabilities that the reader sees, positive where they go the way of the edit.
        features: of the reader, before and after.
        images: before and after.
    """

    changes: Tensor
    features: tuple[Tensor, Tensor]
    images: tuple[Tensor, Tensor]


def timed(bench: Bench, images: Tensor, **settings: object) -> tuple[ga.Inversion, float]:
    """An inversion, and its seconds of processor for each image."""
    started = time.process_time()
    found = ga.invert(bench.generator, images, preparation=bench.prepared, **settings)
    return found, (time.process_time() - started) / len(images)


def row(name: str, found: ga.Inversion, seconds: float) -> None:
    likeness = "" if found.perceptual is None else f", perceptual {mean_of(found.perceptual)}"
    ssim = "" if found.ssim is None else f", SSIM {mean_of(found.ssim)}"
    print(
        f"{name:28} PSNR {mean_of(found.psnr)} dB, MSE {mean_of(found.mse)}{ssim}{likeness}; "
        f"{seconds:.2f} s, {found.evaluations} evaluations; percentile of codes "
        f"{float(found.likelihood.percentile.mean()):.0f}, layers apart {float(found.layer_spread.mean()):.2f}"
    )


def own(bench: Bench) -> None:
    """Images of the generator itself."""
    n = len(bench.images)
    images = bench.generator(bench.generator.sample(n, seed=77, space=bench.space)).detach().clamp(-1, 1)
    print(f"{n} own samples (asked: 50 dB in a tenth of the projector's time)")
    for method, budget in (("fast", "balanced"), ("fast", "best"), ("projector", "best")):
        row(f"{method}, {budget}", *timed(bench, images, method=method, budget=budget, editability=0))


def drawn(bench: Bench) -> None:
    """Images that the generator never made: every budget, against the projector."""
    print(f"{len(bench.images)} images (asked: the projector's loss in a fifth of its time)")
    for method, budget in (("fast", "quick"), ("fast", "balanced"), ("fast", "best"), ("projector", "best")):
        for editability in (0.0, None) if method == "fast" else (0.0,):
            name = f"{method}, {budget}" + ("" if editability is None else f", dial {editability:g}")
            found, seconds = timed(bench, bench.images, method=method, budget=budget, editability=editability)
            row(name, found, seconds)
            print(f"{'':28} agreement of confident readings {agreement(bench, found):.3f} (asked: .98)")


def photographs(bench: Bench) -> None:
    """The default, and what an edit changes."""
    print(
        f"{len(bench.images)} photographs (asked: quick 23 dB in 1 s, balanced 26 dB in 3 s, share of change .6)"
    )
    compare(bench, {f"fast, {budget}": {"budget": budget} for budget in ("quick", "balanced")})


def remarks(bench: Bench) -> None:
    """What is said of images that do not fit; the sheet shows those worst missed in one place, and their inversions."""
    found, seconds = timed(bench, bench.images)
    row("fast, balanced", found, seconds)
    said = [text for text in found.remarks if text]
    print(f"{len(said)} of {len(found)} have a remark")
    worst = found.fit.missed.argsort(descending=True)[:WORST]
    for place, k in enumerate(worst.tolist()):
        print(
            f"{place + 1}: missed {float(found.fit.missed[k]):.2f} at the {found.fit.places[k]}; {found.remarks[k]}"
        )
    if bench.sheet is not None:
        pair = torch.cat([found.targets[worst], found.images[worst]])
        ga.grid(pair, columns=len(worst), row_labels=["given", "inverted"]).save(bench.sheet)


def dial(bench: Bench) -> None:
    """What fidelity costs."""
    print("the price of editability")
    compare(bench, {f"dial {dial:g}": {"editability": dial} for dial in (0.0, 0.25, 0.5, 0.75, 1.0)})


def distances(bench: Bench) -> None:
    """What the distance in the loss does: each inversion by all distances, and by the reader, which none of them is."""
    bundled = bench.prepared.likeness.perceptual
    names = ("scorer",) * (bundled is not None) + ("imagenet", "pixels")
    found_of = {name: bundled if name == "scorer" else ga.perceptual_distance(name) for name in names}
    given = features_by(bench.reader, bench.images)
    for name, distance in found_of.items():
        in_loss = None if name == "pixels" else distance
        prepared = ga.prepare_inversion(bench.generator, perceptual=in_loss)
        found, seconds = timed(replace(bench, prepared=prepared), bench.images)
        row(f"loss with {name}", found, seconds)
        seen = features_by(bench.reader, found.images)
        by_each = ", ".join(
            f"{other} {mean_of(measure(found.images, found.targets))}" for other, measure in found_of.items()
        )
        print(f"{'':28} distances: {by_each}")
        print(
            f"{'':28} identity {ga.identity_kept(given, seen).kept}, agreement {agreement(bench, found):.3f}"
        )


def sizes(bench: Bench) -> None:
    """What preparation and an inversion take for large generators, whose weights are random."""
    print(
        "StyleGAN2, channel base 16384 (asked: prepared in 10 min on two cores at 256 px; memory bounded at 1024)"
    )
    for resolution in (256, 1024):
        large = build(Case(model="stylegan2", resolution=resolution, base=16384, batch=1))
        with tempfile.TemporaryDirectory() as folder:
            started = time.process_time()
            prepared = ga.prepare_inversion(large, path=Path(folder, "prepared.safetensors"))
            seconds = time.process_time() - started
        with torch.no_grad():
            image = large(large.sample(1, seed=77, space="w")).clamp(-1, 1)
        here = replace(bench, generator=large, prepared=prepared)
        row(f"{resolution} px, quick", *timed(here, image, budget="quick"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{'':28} prepared in {seconds:.0f} s of one processor; {peak:.1f} GB at most so far")


def compare(bench: Bench, settings: dict[str, dict[str, Any]]) -> None:
    """Each way of inverting: how near it comes, and what an edit changes then."""
    direction = bench.direction()
    reference = edit(bench, direction, bench.generator, generated(bench))
    print(f"generated images: {describe(bench, reference)}")
    for name, own in settings.items():
        found, seconds = timed(bench, bench.images, **own)
        row(name, found, seconds)
        changes = edit(bench, direction, bench.generator, found.latents)
        print(f"{'':28} {describe(bench, changes, reference)}")
        save_sheet(bench, name, found.targets, changes)


def tuned(bench: Bench) -> None:
    """Each photograph with weights of its own."""
    print("pivotal tuning (asked: 30 dB in a third of the projector's time, share of change .6)")
    loss = bench.prepared.likeness.perceptual
    fits = {
        f"locality {locality:g}": partial(ga.tune, locality=locality, perceptual=loss)
        for locality in (0.0, 1.0)
    }
    fit_each(bench, fits)


def consulted(bench: Bench) -> None:
    """Each photograph with features of its own, at half of the image's side and at a quarter."""
    print("consultation, beside the codes alone")
    loss, side = bench.prepared.likeness.perceptual, bench.generator.signature.resolution
    fits = {
        f"b{side // part}": partial(ga.consult, layer=f"b{side // part}", perceptual=loss) for part in (2, 4)
    }
    fit_each(bench, {"codes alone": None} | fits)


def fit_each(
    bench: Bench, fits: Mapping[str, Callable[[ga.Generator, ga.Inversion], ga.FittedGenerator] | None]
) -> None:
    """What each way to fit the generator to a photograph reaches, and how it edits."""
    direction = bench.direction()
    reference = edit(bench, direction, bench.generator, generated(bench))
    images = bench.images[:16]
    for name, fit in fits.items():
        psnr, seconds, edited = [], 0.0, []
        for image in images.split(1):
            found, spent = timed(bench, image)
            started = time.process_time()
            fitted = fit and fit(bench.generator, found)
            seconds += spent + time.process_time() - started
            psnr.append(fitted.after if fitted else found.psnr)
            (own,) = fitted.adopt(ga.Directions([direction])) if fitted else (direction,)
            made = fitted or found
            edited.append(edit(bench, own, fitted.generator if fitted else bench.generator, made.latents))
        whole = joined(edited)
        print(
            f"{name}: PSNR {mean_of(torch.cat(psnr))} dB, {seconds / len(images):.2f} s with the inversion; "
            f"{describe(bench, whole, reference)}"
        )
        save_sheet(bench, name, images, whole)


def save_sheet(bench: Bench, name: str, given: Tensor, edited: Edited) -> None:
    """Images as given, as made and as edited, where a sheet is asked for."""
    if bench.sheet is None:
        return
    rows = torch.cat([images[:SHOWN] for images in (given, *edited.images)])
    labels = ["given", "made", bench.attribute]
    sheet = ga.grid(rows, columns=len(rows) // 3, row_labels=labels)
    sheet.save(bench.sheet.with_name(f"{bench.sheet.stem} {name}.png"))


def generated(bench: Bench) -> ga.Latents:
    return bench.generator.sample(64, seed=99, space=bench.space)


@torch.no_grad()
def edit(bench: Bench, direction: ga.Direction, generator: ga.Generator, latents: ga.Latents) -> Edited:
    """Every image with the attribute that it does not show."""
    before = draw_images(generator, latents).clamp(-1, 1)
    was = torch.cat([bench.reader(images).probabilities for images in before.split(AT_ONCE)])
    signs = torch.where(was[:, bench.reader.names.index(bench.attribute)] < 0.5, 1.0, -1.0)
    moved = ga.move(latents, direction, signs * STEP, units="sigma")
    after = draw_images(generator, moved).clamp(-1, 1)
    now = torch.cat([bench.reader(images).probabilities for images in after.split(AT_ONCE)])
    seen = (features_by(bench.reader, before), features_by(bench.reader, after))
    return Edited(changes=signs[:, None] * (now - was), features=seen, images=(before, after))


def features_by(reader: ga.Scorer, images: Tensor) -> Tensor:
    features = ga.features_of("scorer", reader)
    return torch.cat([features(part) for part in images.split(AT_ONCE)])


def joined(edited: Sequence[Edited]) -> Edited:
    """Edits of several generators as one."""
    features, images = (
        tuple(map(torch.cat, zip(*pairs, strict=True)))
        for pairs in ([one.features for one in edited], [one.images for one in edited])
    )
    return Edited(changes=torch.cat([one.changes for one in edited]), features=features, images=images)


def describe(bench: Bench, edited: Edited, reference: Edited | None = None) -> str:
    column = bench.reader.names.index(bench.attribute)
    changes = edited.changes
    target, others = changes[:, column], changes.abs().sum(1) - changes[:, column].abs()
    others = others / max(changes.shape[1] - 1, 1)
    share = ""
    if reference is not None:
        share = f" ({float(target.mean() / reference.changes[:, column].mean()):.2f} of generated)"
    identity = ""
    if network_of(bench.reader) is not None:
        identity = f", identity kept {ga.identity_kept(*edited.features).kept}"
    return (
        f"{bench.attribute} changes by {mean_of(target)}{share}, selectivity "
        f"{float(target.mean() / others.mean()):.1f}{identity}"
    )


@torch.no_grad()
def agreement(bench: Bench, found: ga.Inversion) -> float:
    """Share of the confident readings of targets that images of the codes agree with."""
    given, made = (
        torch.cat([bench.reader(part).probabilities for part in images.split(32)])
        for images in (found.targets, found.images)
    )
    confident = (given - 0.5).abs() >= 0.4
    return float(((given > 0.5) == (made > 0.5))[confident].float().mean())


def read_images(path: Path, n: int, generator: ga.Generator, detector: Path | None) -> Tensor:
    """Evenly spaced images of a folder or a zip file: aligned as the generator's own are, or cut in the middle."""
    size = {"resolution": generator.signature.resolution, "channels": generator.signature.channels}
    if path.is_dir():
        sources: list[object] = list(image_files(path))
    else:
        archive = zipfile.ZipFile(path)
        names = sorted(name for name in archive.namelist() if name.endswith((".webp", ".png", ".jpg")))
        sources = [archive.read(name) for name in names[5 :: max(len(names) // n, 1)][:n]]
    chosen = [ga.open_photograph(source) for source in sources[:: max(len(sources) // n, 1)][:n]]
    if detector is None:
        crops = [ga.align(photograph, layout="crop", **size) for photograph in chosen]
        return torch.cat([crop.images for crop in crops])
    find = ga.face_detector(detector)
    with torch.no_grad():
        layout = ga.measure_layout(generator(generator.sample(64, seed=5)), find)
    with_face = [photograph for photograph in chosen if find(photograph)]
    print(f"faces were found in {len(with_face)} of {len(chosen)} photographs")
    crops = [ga.align(photograph, layout=layout, detector=find, **size) for photograph in with_face]
    return torch.cat([crop.images for crop in crops])


PARTS: dict[str, Callable[[Bench], None]] = {
    "own": own,
    "drawn": drawn,
    "dial": dial,
    "tuned": tuned,
    "consulted": consulted,
    "photographs": photographs,
    "remarks": remarks,
    "distances": distances,
    "sizes": sizes,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--model", default="faces")
    parser.add_argument("--prior", help="of z, such as uniform, where the file does not say it")
    parser.add_argument("--images", type=Path, help="folder or zip file; by default drawn faces")
    parser.add_argument(
        "--detector", type=Path, help="file of a face detector, for photographs that are not aligned"
    )
    parser.add_argument("--scorer")
    parser.add_argument("--judge")
    parser.add_argument("--attribute", default="Smiling")
    parser.add_argument(
        "--sheet",
        type=Path,
        help="file for images; of edits one for each setting",
    )
    parser.add_argument("-n", type=int, default=32, help="images")
    asked = parser.parse_args()

    torch.set_num_threads(1)
    generator = ga.load(asked.model) if asked.prior is None else ga.load(asked.model, prior=asked.prior)
    scorer = ga.scorer(asked.scorer or asked.model)
    judged = asked.judge or (asked.model if asked.model in ("faces", "digits") else None)
    started = time.process_time()
    prepared = ga.prepare_inversion(generator)
    print(f"prepared in {time.process_time() - started:.0f} s (asked: 60, where nothing was prepared before)")
    if asked.images is None:
        faces = drawn_reference(resolution=generator.signature.resolution, n=asked.n)
        images = faces.read(torch.arange(asked.n))
    else:
        images = read_images(asked.images, asked.n, generator, asked.detector)
    bench = Bench(
        generator=generator,
        scorer=scorer,
        reader=ga.judge(judged) if judged else scorer,
        attribute=asked.attribute,
        images=images,
        prepared=prepared,
        sheet=asked.sheet,
    )
    print(f"budgets: {METHODS['fast'].budgets}; dial {METHODS['fast'].editability} unless another is given")
    for part in asked.parts:
        PARTS[part](bench)


if __name__ == "__main__":
    main()
