"""Codes of given images."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import images_at_once
from ganatomy.inversion import encoder, fast, projector
from ganatomy.inversion.encoder import EncoderNetwork
from ganatomy.inversion.preparation import Preparation
from ganatomy.inversion.prepare import EDITABILITY, prepare
from ganatomy.inversion.problem import FoundCodes, Method, Problem, weights_fixed
from ganatomy.inversion.result import Inversion, judge_fit
from ganatomy.latents import Latents, Space
from ganatomy.metrics.reconstruction import WINDOW, ssim
from ganatomy.perception.perceptual import PerceptualDistance
from ganatomy.progress import Advance, watched

AT_ONCE = 8
"""Images that are inverted together, at most, where nobody says how many."""


@dataclass(frozen=True, kw_only=True)
class InversionMethod:
    """A method of inversion.

    Args:
        run: that finds the codes.
        budgets: evaluations of generator and gradient by name.
        editability: the dial unless another is given.
        about: one line.
    """

    run: Method
    budgets: dict[str, int]
    editability: float
    about: str


METHODS: dict[str, InversionMethod] = {
    "fast": InversionMethod(
        run=fast.fast,
        budgets=fast.BUDGETS,
        editability=EDITABILITY,
        about="ridge encoder, then L-BFGS with the generator's metric and a prior",
    ),
    "projector": InversionMethod(
        run=projector.projector,
        budgets=projector.BUDGETS,
        editability=0.0,
        about="StyleGAN2's projector: Adam from the mean code",
    ),
}


@watched("inverting")
@torch.no_grad()
def invert(
    generator: Generator,
    images: Float[Tensor, "n c h w"],
    *,
    method: str | EncoderNetwork = "fast",
    budget: str | int = "balanced",
    editability: float | None = None,
    space: Space | str | None = None,
    perceptual: PerceptualDistance | str | None = "auto",
    preparation: Preparation | None = None,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> Inversion:
    """Find codes whose images are as near as possible to given ones, and likely enough to be edited.

    Args:
        generator: that should make the images.
        images: in [-1, 1], of its size and channels; `ga.align` makes them of photographs.
        method: one of `METHODS`, or an encoder that `ga.train_encoder` trained.
        budget: "quick", "balanced" or "best"; or a number of evaluations of generator and gradient, of which an
            encoder's first three are passes.
        editability: from 0, the closest image, to 1, the most likely codes, on which edits do what they do on generated
            images; by default the method's own.
        space: of the codes: w+, w or z; by default the first of these that the generator has.
        perceptual: distance that the loss contains beside pixels; "auto" is that of the scorer that is bundled with the
            generator, None is none.
        preparation: of the generator; by default what `ga.prepare_inversion` finds or learns.
        batch_size: images that are inverted at a time; by default as many as suit their size and the device, at most
            `AT_ONCE`. They do not influence each other.
        progress: called with the evaluations that are done, and all of them.

    Returns:
        The codes, their images, and how good they are.

    Raises:
        UnknownNameError: for a method or a budget that does not exist.
        SettingError: for images of another size, and other settings out of range.
        SpaceError: for a space that the generator does not have.

    Example:
        >>> import ganatomy as ga
        >>> toy = ga.ToyGenerator(z_dim=6)
        >>> found = ga.invert(toy, toy(toy.sample(2, seed=1)), editability=0)
        >>> bool(found.psnr.min() > 50)
        True
    """
    chosen = find_method(method)
    evaluations = _evaluations(chosen, budget)
    images = check_images(generator, images)
    if isinstance(method, EncoderNetwork):
        space = space or method.config.space
    preparation = preparation or prepare(generator, space=space, perceptual=perceptual)
    batch_size = images_at_once(generator, batch_size, most=AT_ONCE)
    editability = chosen.editability if editability is None else editability
    started, found, total = time.perf_counter(), [], evaluations * len(images)
    with weights_fixed(generator):
        for first in range(0, len(images), batch_size):
            targets = images[first : first + batch_size]
            problem = Problem(
                generator=generator,
                targets=targets,
                preparation=preparation,
                editability=editability,
                evaluations=evaluations,
                progress=_advance(progress, evaluations * first, len(targets), total),
            )
            found.append(chosen.run(problem))
    seconds = time.perf_counter() - started
    return _result(
        generator,
        preparation,
        images,
        found,
        method=method if isinstance(method, str) else "encoder",
        editability=editability,
        seconds=seconds,
    )


Watch = Callable[[int, int, Latents], None]
"""Called with the evaluations that are done, all of them, and the codes so far."""


@torch.no_grad()
def invert_watched(
    generator: Generator,
    images: Float[Tensor, "n c h w"],
    *,
    preparation: Preparation,
    watch: Watch,
    budget: str | int = "balanced",
) -> Inversion:
    """What `invert` finds by its default method, for those who want to see the codes come.

    Args:
        generator: that should make the images.
        images: in [-1, 1], of its size and channels; few enough to be inverted together.
        preparation: of the generator, from `ga.prepare_inversion`.
        watch: called after each evaluation; what it raises ends the search.
        budget: as `invert` takes it.

    Returns:
        The codes, their images, and how good they are.

    Raises:
        UnknownNameError, SettingError: as `invert` does.

    Example:
        >>> import ganatomy as ga
        >>> toy, seen = ga.ToyGenerator(z_dim=6), []
        >>> found = invert_watched(
        ...     toy, toy(toy.sample(1, seed=1)), preparation=ga.prepare_inversion(toy),
        ...     watch=lambda done, total, codes: seen.append(total), budget=5,
        ... )
        >>> set(seen), len(found)
        ({5}, 1)
    """
    chosen = find_method("fast")
    evaluations = _evaluations(chosen, budget)
    images = check_images(generator, images)
    started = time.perf_counter()
    with weights_fixed(generator):
        problem = Problem(
            generator=generator,
            targets=images,
            preparation=preparation,
            editability=chosen.editability,
            evaluations=evaluations,
            progress=lambda done, codes: watch(done, evaluations, codes),
        )
        found = chosen.run(problem)
    return _result(
        generator,
        preparation,
        images,
        [found],
        method="fast",
        editability=chosen.editability,
        seconds=time.perf_counter() - started,
    )


def find_method(name: str | EncoderNetwork) -> InversionMethod:
    """The method of that name, or that of an encoder; raises UnknownNameError for another name."""
    if isinstance(name, EncoderNetwork):
        return InversionMethod(
            run=partial(encoder.encode, name),
            budgets=encoder.BUDGETS,
            editability=EDITABILITY,
            about="a trained encoder, then the search of `fast`",
        )
    if name not in METHODS:
        raise UnknownNameError("method of inversion", name, METHODS)
    return METHODS[name]


def check_images(generator: Generator, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """The images as the generator has them, within [-1, 1]; raises SettingError for any of another size."""
    signature = generator.signature
    expected = (signature.channels, *signature.size)
    if not len(images):
        raise SettingError("there are no images to invert; give at least one")
    if tuple(images.shape[1:]) != expected:
        raise SettingError(
            f"images are {list(images.shape[1:])}, those of this generator {list(expected)}; "
            f"ga.align(path, resolution={signature.size}, channels={signature.channels}) cuts them out"
        )
    images = images.detach().to(generator.device, generator.dtype)
    if not bool(images.isfinite().all()):
        raise SettingError("the images hold values that are not numbers")
    return images.clamp(-1, 1)


def _evaluations(method: InversionMethod, budget: str | int) -> int:
    if isinstance(budget, str):
        if budget not in method.budgets:
            raise UnknownNameError("budget", budget, method.budgets)
        return method.budgets[budget]
    if budget < 1:
        raise SettingError(f"budget={budget} evaluates nothing; give at least 1")
    return budget


def _advance(progress: Advance | None, before: int, n: int, total: int) -> Callable[[int, Latents], None]:
    def report(done: int, _: Latents) -> None:
        if progress:
            progress(min(before + done * n, total), total)

    return report


def _result(
    generator: Generator,
    preparation: Preparation,
    targets: Float[Tensor, "n c h w"],
    found: list[FoundCodes],
    *,
    method: str,
    editability: float,
    seconds: float,
) -> Inversion:
    latents = Latents.cat(part.latents for part in found)
    made, perceptual, distance = [], [], preparation.likeness.perceptual
    for codes, wanted in zip(
        (part.latents for part in found), targets.split(len(found[0].latents)), strict=True
    ):
        made.append(generator(codes).clamp(-1, 1))
        if distance is not None:
            perceptual.append(distance(made[-1], wanted).cpu())
    images = torch.cat(made)
    mse = (images - targets).square().flatten(1).mean(1).clamp(min=1e-12).float().cpu()
    u = preparation.coordinates.of(latents)
    return Inversion(
        latents=latents,
        images=images,
        targets=targets,
        method=method,
        editability=editability,
        mse=mse,
        ssim=ssim(images, targets).float().cpu() if min(images.shape[2:]) >= WINDOW else None,
        perceptual=torch.cat(perceptual) if perceptual else None,
        evaluations=max(part.evaluations for part in found),
        seconds=seconds,
        likelihood=preparation.natural.likelihood(latents),
        layer_spread=(u - u.mean(1, keepdim=True)).square().mean((1, 2)).sqrt().float().cpu(),
        fit=judge_fit(preparation, targets, images),
    )
