"""What guided edits change beside their target, next to linear ones at the same effect, and as another judge sees it.

    python benchmarks/guided.py                                    # six attributes of the bundled faces
    python benchmarks/guided.py --judge judge.safetensors          # judged by a network that the edits did not use
    python benchmarks/guided.py MODEL.pt --prior uniform --scorer SCORER.onnx

Directions are found in 3,000 codes, and every way edits the same new images. Guided edits shift each image's own
logit by as much as changes the mean probability by .25; each linear edit takes the one step that changes it by as much
as the guided edit of its attribute has done, for some images do not get there. Selectivity is `mean_abs_all`: the
change of the target over the mean |change| of all others, with 95 % intervals.

A guided edit follows the gradients of the scorer, so the scorer alone cannot say whether the image changed or the
scorer was fooled. `guided_judge.py` trains a judge for drawn faces: it reads attributes, and the factors that faces are
drawn from. For others it trains one on what the scorer says.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

import ganatomy as ga
from ganatomy.errors import ScoreError
from ganatomy.generators.base import Generator, batches
from ganatomy.generators.latent_distribution import latent_distribution
from ganatomy.metrics.calibration import shift_for
from ganatomy.metrics.fresh_images import FreshImages, Readers
from ganatomy.perception import FactorScorer, NetworkScorer, Scorer
from ganatomy.perception.network import AttributeNetwork

CHOSEN = "Smiling Male Young Wavy_Hair Heavy_Makeup Wearing_Lipstick"
"""Attributes that between a fifth and four fifths of the bundled faces have."""

WITHOUT, WITH = ("regression", "lowdin"), ("held", "selective")
CHANGE = 0.25
FACTOR = {"Smiling": "smile", "Male": "masculinity", "Young": "age", "Wavy_Hair": "hair_waviness"} | {
    "Blond_Hair": "hair_blond", "Heavy_Makeup": "makeup", "Eyeglasses": "glasses", "Wearing_Hat": "hat",
    "Bangs": "bangs", "Wearing_Lipstick": "lipstick", "Pale_Skin": "pallor", "Big_Nose": "nose_size",
}  # fmt: skip
"""The factor that decides an attribute of drawn faces."""


@dataclass(frozen=True, kw_only=True)
class Edited:
    """Codes after the edit of each attribute, and which way each went: +1, or -1 where it was taken away."""

    signs: Tensor
    codes: list[ga.Latents]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who looks at images: what it saw in them as they were, and what it sees in edited ones."""

    generator: Generator
    scorer: Scorer
    before: Tensor

    @classmethod
    def of(cls, generator: Generator, scorer: Scorer, latents: ga.Latents) -> Reader:
        return cls(generator=generator, scorer=scorer, before=_read(generator, scorer, latents))

    def judge(self, names: list[str], edited: Edited) -> ga.Entanglement:
        """Changes of probabilities, in the form of `ga.entanglement`."""
        before = torch.sigmoid(self.before)
        after = [torch.sigmoid(_read(self.generator, self.scorer, codes)) for codes in edited.codes]
        return ga.Entanglement(
            names=tuple(names),
            attributes=tuple(self.scorer.names),
            strengths=edited.signs,
            before=before,
            changes=torch.stack(after) - before,
            target_change=CHANGE,
            seed=0,
        )

    def factors(self, names: list[str], edited: Edited) -> tuple[float, float]:
        """Mean move of each attribute's own factor, and mean |move| of all others, in deviations of the images."""
        spread, own, others = self.before.std(0).clamp(min=1e-6), [], []
        for name, sign, codes in zip(names, edited.signs.tolist(), edited.codes, strict=True):
            moved = (_read(self.generator, self.scorer, codes) - self.before) / spread
            k = self.scorer.names.index(FACTOR[name])
            # Age goes up where Young goes down.
            own.append(float(moved[:, k].mean()) * sign * (-1 if name == "Young" else 1))
            others.append(float(moved.abs().mean(0)[torch.arange(moved.shape[1]) != k].mean()))
        return sum(own) / len(own), sum(others) / len(others)


@torch.no_grad()
def _read(generator: Generator, scorer: Scorer, latents: ga.Latents) -> Tensor:
    return torch.cat([scorer(generator(part).clamp(-1, 1)).logits for part in batches(latents, 64)])


def edit_linear(
    generator: Generator, eye: Scorer, latents: ga.Latents, directions: ga.Directions, changes: Tensor, *, seed: int
) -> Edited:  # fmt: skip
    """Edits along directions, each as long as changes its attribute by as much as is said."""
    images = FreshImages(
        generator=generator,
        readers=Readers(scorer=eye),
        n=len(latents),
        seed=seed,
        space=latents.space,
        num_calibration=len(latents),
    )
    edits = [
        images.step(directions.select([name]), change)
        for name, change in zip(directions.names, changes.abs().tolist(), strict=True)
    ]
    return Edited(
        signs=torch.cat([it.strengths for it in edits]).sign(), codes=[it.latents[0] for it in edits]
    )


def edit_guided(generator: Generator, eye: Scorer, latents: ga.Latents, names: list[str]) -> Edited:
    """Guided edits that hold all others; they print what became of each."""
    before, distribution = _read(generator, eye, latents), latent_distribution(generator, latents.space)
    signs, codes = [], []
    for name in names:
        own = before[:, [eye.names.index(name)]]
        sign = -1.0 if torch.sigmoid(own).mean() > 0.5 else 1.0
        shift = float(shift_for(own, torch.tensor([sign * CHANGE])))
        start = time.process_time()
        settings = ga.GuidedSettings(distribution=distribution)
        found = ga.guided(
            generator, eye, latents, {name: shift}, units="shift", hold="all", settings=settings
        )
        print(
            f"  {name:22} shift {shift:+6.2f} logits: {float(found.changes[:, eye.names.index(name)].mean()):+.3f}  "
            f"others {float(found.drift.abs().mean()):.4f}  reached {float(found.reached.float().mean()):.0%}  "
            f"{float(found.distance.mean()):.2f} sigma  {time.process_time() - start:.0f} s",
            flush=True,
        )
        signs.append(sign)
        codes.append(found.latents)
    return Edited(signs=torch.tensor(signs), codes=codes)


def show(who: str, result: ga.Entanglement) -> float:
    every = result.selectivity().mean
    own = result.mean_change.gather(1, result.targets[:, None])
    is_own = result.targets[:, None] == torch.arange(len(result.attributes))
    others = result.mean_abs_change[~is_own].mean()
    print(
        f"  {who:7} selectivity {every.value:6.2f} ({every.low:.2f} to {every.high:.2f})  "
        f"target {float(own.mean()):+.3f}  others {float(others):.4f}"
    )
    return every.value


def time_sixteen(generator: Generator, scorer: Scorer, name: str, *, seed: int, space: str) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    sixteen = generator.sample(16, seed=seed, space=space)
    one = ga.guided(generator, scorer, sixteen, {name: "+0.25"}, hold="all")
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"16 images, {name} +0.25, all others held: {wall:.1f} s, {processor:.1f} s of processor; {one}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", default="faces")
    parser.add_argument("--scorer")
    parser.add_argument("--judge", type=Path, help="attribute network that guided_judge.py wrote")
    parser.add_argument("--prior")
    parser.add_argument("--attributes", help="names, or all; half a dozen of the bundled faces by default")
    parser.add_argument("-n", type=int, default=24)
    parser.add_argument("--codes", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()

    generator = ga.load(asked.model, prior=asked.prior) if asked.prior else ga.load(asked.model)
    scorer = ga.scorer(asked.scorer or asked.model).differentiable()
    space = "w" if "w" in generator.signature.spaces else "z"
    print(f"{Path(asked.model).name}, {torch.get_num_threads()} threads, {os.cpu_count()} cores")
    survey = ga.survey(generator, scorer, n=asked.codes, space=space, seed=0)
    used = [name for name, share in survey.prevalence.items() if 0.03 <= share <= 0.97]
    chosen = asked.attributes.split(",") if asked.attributes else CHOSEN.split()
    names = used if asked.attributes == "all" else [name for name in chosen if name in used] or used
    survey = ga.differentiate(survey, generator, scorer, n=64, attributes=used)
    eye = scorer.select(used)
    latents = generator.sample(asked.n, seed=asked.seed, space=space)
    readers, factors = {"scorer": Reader.of(generator, eye, latents)}, None
    if asked.judge:
        judge = NetworkScorer(AttributeNetwork.load(asked.judge))
        readers["judge"] = Reader.of(generator, judge.select(used), latents)
        factors = Reader.of(generator, FactorScorer(judge), latents) if judge.network.config.factors else None
    print(f"{len(used)} attributes, {len(names)} edited in {asked.n} images of {space}: {', '.join(names)}")

    figures: dict[str, dict[str, float]] = {}

    def document(method: str, edited: Edited) -> None:
        print(method)
        figures[method] = {who: show(who, reader.judge(names, edited)) for who, reader in readers.items()}
        if factors is not None and all(name in FACTOR for name in names):
            own, others = factors.factors(names, edited)
            print(f"  factors own {own:+.2f} sd, others {others:.3f} sd: {own / others:.2f}")

    print("guided edits, all others held:")
    by_guidance = edit_guided(generator, eye, latents, names)
    document("guided", by_guidance)
    result = readers["scorer"].judge(names, by_guidance)
    changes = result.mean_change.gather(1, result.targets[:, None])[:, 0].clamp(0.01, 0.49)
    for method in (*WITHOUT, *WITH):
        try:
            found = ga.find(survey, used, method=method, seed=0).select(names)
        except ScoreError as error:
            print(f"{method}: {error}")
            continue
        document(method, edit_linear(generator, eye, latents, found, changes, seed=asked.seed))
    for who in readers:
        without, with_holds = (max(figures[m][who] for m in of if m in figures) for of in (WITHOUT, WITH))
        own = figures["guided"][who]
        print(
            f"{who}: guided is {own / without:.1f} x linear without holds, {own / with_holds:.1f} x with holds"
        )
    time_sixteen(generator, scorer, names[0], seed=asked.seed, space=space)


if __name__ == "__main__":
    main()
