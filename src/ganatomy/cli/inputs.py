"""From what a person typed to the values of the library."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ganatomy.cli.console import remark
from ganatomy.cli.parameters import ModelOptions, SampleOptions
from ganatomy.errors import DownloadError, FingerprintError, SettingError

if TYPE_CHECKING:
    from ganatomy.datasets.correlations import LabelCorrelations
    from ganatomy.datasets.references import Reference
    from ganatomy.generators.base import Generator
    from ganatomy.latents import Directions, Latents
    from ganatomy.perception.base import Scorer
    from ganatomy.recipes import Drawn, Given, ModelReference

CLIP = "clip"
"""The text-image model that looks for attributes where nothing else is bundled or given."""

DIRECTIONS_FILE = "directions.safetensors"
"""What a report's folder calls its directions, so that the folder can be given instead."""


def open_model(model: str, options: ModelOptions) -> Generator:
    """The generator of that name or file, on the device that was asked for.

    Raises:
        MissingFileError, CheckpointError, UnknownNameError: when it cannot be read as a generator.
        SettingError: for a device that this machine does not have.
    """
    from ganatomy.generators import load

    if options.batch_size < 1:
        raise SettingError(f"--batch-size {options.batch_size} makes no images; ask for at least 1")
    device = find_device(options.device)
    generator = load(
        model,
        prior=options.prior,
        output=options.output,
        hidden=options.hidden,
        resolution=options.resolution,
        network=options.network,
        precision=options.precision,
    )
    return generator.to(device).eval()


def find_device(name: str) -> str:
    """The device of that name, once it has held a number; for "auto" a GPU where there is one.

    Raises:
        SettingError: for a device that this machine does not have.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # torch says so in any of these ways
        reason = str(error).splitlines()[0]
        raise SettingError(f"--device {name} cannot be used: {reason}; leave it out, or use cpu") from None
    return name


def open_scorer(
    scorer: str | None,
    model: str,
    attributes: Iterable[str] = (),
    *,
    words: Iterable[str] = (),
    device: str = "cpu",
) -> Scorer:
    """The scorer of that name or file, or the one bundled with the model, for these attributes or all.

    Where there is none, attributes are looked for in words, by a text-image model.

    Args:
        words: attributes for a text-image model alone: any other scorer has names of its own to choose from.
        device: where a text-image model computes.
    """
    from ganatomy import zoo
    from ganatomy.perception import TextScorer, is_clip
    from ganatomy.perception import scorer as find_scorer

    attributes, words = tuple(attributes), tuple(words)
    if scorer is None and model not in zoo.MODELS:
        wanted = attributes or words
        if not wanted:
            raise SettingError(
                f"{model} has no scorer of its own; give --scorer a bundled name, an ONNX file or a table, "
                "or say with --attributes what to look for in words"
            )
        try:
            found = find_scorer(CLIP, names=wanted)
        except (SettingError, DownloadError) as error:
            raise type(error)(f"{model} has no scorer of its own, and {error}; or give --scorer") from None
        remark(f"{model} has no scorer of its own; {CLIP} looks for {', '.join(wanted)} in words")
    else:
        if scorer is not None and is_clip(scorer):
            attributes = attributes or words
        found = find_scorer(scorer or model, names=attributes or None)
    return found.to(find_device(device)) if isinstance(found, TextScorer) else found


def name_as(scorer: Scorer, said: str) -> str:
    """What a scorer calls an attribute that was said with both of its poles."""
    from ganatomy.perception.text import BETWEEN

    return said if said in scorer.names else said.partition(BETWEEN)[0].strip()


def open_correlations(path: Path | None, model: str) -> LabelCorrelations | None:
    """How attributes go together in the data: of a file, or of the population that a bundled model was drawn from."""
    from ganatomy.datasets.correlations import drawn_correlations, read_correlations

    if path is None:
        return drawn_correlations() if model == "faces" else None
    return read_correlations(path)


def open_reference(
    data: Path | None, model: str, generator: Generator, *, n: int, seed: int
) -> Reference | None:
    """Real images of a folder or of a file such as MNIST's, or n new ones of the bundled faces; None without any.

    Raises:
        MissingFileError, CheckpointError: when they cannot be read.
    """
    from ganatomy.datasets.idx import idx_images
    from ganatomy.datasets.references import array_reference, drawn_reference, folder_reference

    resolution, channels = generator.signature.resolution, generator.signature.channels
    if data is None:
        return drawn_reference(resolution=resolution, n=n) if model == "faces" else None
    if data.is_file():
        pixels = idx_images(data, resolution=resolution)
        return array_reference(pixels.repeat(channels, axis=3), description=data.name, seed=seed)
    return folder_reference(data, resolution=resolution, channels=channels, seed=seed)


def open_directions(path: Path, generator: Generator, *, of_any_generator: bool = False) -> Directions:
    """The directions of a file, or of a folder that `explore` wrote, for use on this generator.

    Raises:
        FingerprintError: when they were found on another one.
    """
    from ganatomy.storage import load_directions

    found = load_directions(path / DIRECTIONS_FILE if path.is_dir() else path)
    if of_any_generator:
        return found.of_any_generator()
    for direction in found:
        if direction.fingerprint and direction.fingerprint != generator.fingerprint:
            raise FingerprintError(
                f"{path} was found on generator {direction.fingerprint[:12]}, "
                f"this one is {generator.fingerprint[:12]}; "
                "--of-any-generator applies it all the same"
            )
    return found


def name_model(model: str, generator: Generator, options: ModelOptions) -> ModelReference:
    """What a recipe calls this generator, with all that it takes to read it again."""
    from ganatomy.recipes import ModelReference

    return ModelReference(
        name=model,
        fingerprint=generator.fingerprint,
        prior=options.prior,
        output=options.output,
        hidden=options.hidden,
        resolution=options.resolution,
        network=options.network,
        precision=options.precision,
    )


def name_seeds(
    generator: Generator, seeds: tuple[int, ...], *, n: int = 1, space: str | None, options: SampleOptions
) -> Drawn:
    """The first codes of each seed, in the space that is asked for or else in the one that edits work best in.

    Raises:
        SettingError: for truncation of codes that stay in z.
    """
    from ganatomy.latents import Space
    from ganatomy.recipes import Drawn

    space = space or editing_space(generator)
    if options.truncation_psi != 1 and space == "z":
        raise SettingError(
            f"--truncation-psi {options.truncation_psi} draws codes nearer to the mean w, not in z"
        )
    return Drawn(
        seeds=seeds,
        n=n,
        space=Space.parse(space),
        truncation_psi=options.truncation_psi,
        label=options.label,
    )


def name_codes(
    generator: Generator,
    file: Path | None,
    seeds: tuple[int, ...],
    *,
    space: str | None,
    options: SampleOptions,
) -> Drawn | Given:
    """Codes of a file, or one for each seed, in the space that is needed.

    Raises:
        SettingError: when neither file nor seeds are given, or both.
    """
    from ganatomy.latents import Space
    from ganatomy.recipes import Given
    from ganatomy.storage import load_latents

    if (file is None) == (not seeds):
        raise SettingError(
            "say which codes: either a file of latents, or --seed with numbers such as 7 or 3,5,9"
        )
    if file is None:
        return name_seeds(generator, seeds, space=space, options=options)
    return Given(
        latents=load_latents(file),
        space=None if space is None else Space.parse(space),
        truncation_psi=options.truncation_psi,
    )


def open_codes(
    generator: Generator,
    file: Path | None,
    seeds: tuple[int, ...],
    *,
    space: str | None,
    options: SampleOptions,
) -> Latents:
    """The same, drawn."""
    return name_codes(generator, file, seeds, space=space, options=options).draw(generator)


def editing_space(generator: Generator) -> str:
    """The space in which codes of this generator add and mix best: w where it has one, else z."""
    return "w" if "w" in generator.signature.spaces else "z"
