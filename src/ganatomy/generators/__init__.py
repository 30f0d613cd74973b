"""Generators: one file for each architecture, one table of them, and `load`, which recognises them by their weights."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from torch import Tensor, nn

from ganatomy.arguments import one_of
from ganatomy.devices import usable_device
from ganatomy.errors import CheckpointError, SettingError, in_file
from ganatomy.generators.architecture import Architecture
from ganatomy.generators.base import Generator, Prior, parse_prior
from ganatomy.generators.checkpoints import Checkpoint, kind_of, read_checkpoint
from ganatomy.generators.checkpoints.allowance import building_from
from ganatomy.generators.checkpoints.foreign import unread_generator, what_these_are
from ganatomy.generators.checkpoints.native import read_settings, save_generator
from ganatomy.generators.class_inputs import JOINS
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.onnx_form import RANGES, read_class_names
from ganatomy.generators.onnx_graph import OnnxGenerator
from ganatomy.generators.origin import Origin
from ganatomy.generators.precision import parse_precision
from ganatomy.generators.progan import ProGAN
from ganatomy.generators.stacks import parse_activation
from ganatomy.generators.stylegan import StyleGAN
from ganatomy.generators.stylegan2 import StyleGAN2
from ganatomy.generators.stylegan3 import StyleGAN3
from ganatomy.generators.toy import ToyGenerator
from ganatomy.generators.wrapped import wrap
from ganatomy.zoo import MODELS
from ganatomy.zoo.sources import Source, find_source

if TYPE_CHECKING:
    from ganatomy.generators.drawn import DrawnGenerator

__all__ = ["ARCHITECTURES", "Architecture", "load", "save_generator", "wrap"]


ARCHITECTURES: Mapping[str, type[Architecture]] = {
    architecture.__name__: architecture for architecture in (StyleGAN2, StyleGAN3, StyleGAN, ProGAN, DCGAN)
}
"""Every architecture by its name; weights of others are tried in this order."""


def load(
    model: str | os.PathLike[str] | nn.Module | Callable[[Tensor], Tensor],
    *,
    prior: str | None = None,
    output: str | None = None,
    hidden: str | None = None,
    resolution: int | None = None,
    num_classes: int | None = None,
    class_join: str | None = None,
    network: str | None = None,
    precision: str = "float32",
    device: str | None = None,
) -> Generator:
    """The generator of a name, a file of weights, a repository, or a module with a `z_dim` of its own.

    A name is a bundled one, or one that `ganatomy models` lists, whose file is then downloaded. `drawn` may be followed
    by settings, as in `drawn:folded,independent`. A repository of Hugging Face is `org/name`,
    `org/name/file.safetensors` or `hf://org/name@revision/file.pkl`; a path that exists goes before it. A folder stands
    for the `model.safetensors` in it.

    The weights say which architecture it is. What they cannot say can be given:

    Args:
        prior: what z was drawn from in training: "normal", "uniform" in (-1, 1) or "uniform01" in (0, 1). Read from
            batch norms where there are any, else normal.
        output: how a DCGAN's images come into their range: "tanh" (the default), "sigmoid" or "none". Of an ONNX file,
            what its values are: -1 to 1 ("tanh", "none"), 0 to 1 ("sigmoid") or 0 to 255 ("bytes").
        hidden: a DCGAN's hidden activations, "relu", "leaky_relu" or with its slope "leaky_relu:0.01". Read from batch
            norms where there are any.
        num_classes: classes of a conditional DCGAN or Progressive GAN whose file does not say; 0 for none.
        class_join: how the class of a conditional DCGAN goes into its first layer: "first" or "last" (before or behind
            z) or "multiply".
        resolution: pixels a side, where a DCGAN's layers fit several, and of `drawn`, which is crisp at any.
        network: which network of a file that holds several, such as "G"; by default the averaged generator.
        precision: what images are computed in: "float32", or where the architecture can "bfloat16" (on processors
            that have it, and GPUs) or "float16" (GPUs), whose images differ by about a hundredth and a thousandth.
        device: where to put it, such as "cuda", or "auto" for a GPU where there is one; by default the processor.

    Raises:
        UnknownNameError: for a word that is neither a name nor a file.
        MissingFileError: for a path that does not exist.
        DownloadError: for a file that cannot be had from the network.
        CheckpointError: for a file that is no generator's; the message says what it is.
        SettingError: for an argument outside its range, or that the architecture does not take.

    Example::

        G = ga.load("faces")  # bundled; or a file, a folder, org/name
        images = G(G.sample(4, seed=0))
    """
    drawn_from = None if prior is None else parse_prior(prior)
    options = {
        "output": output,
        "hidden": hidden,
        "resolution": resolution,
        "num_classes": num_classes,
        "class_join": class_join,
    }
    options = {name: value for name, value in options.items() if value is not None}
    for name, known in (("output", tuple(RANGES)), ("class_join", JOINS)):
        if name in options:
            one_of(name, options[name], known)
    if hidden is not None:
        parse_activation(hidden)
    if num_classes is not None and num_classes < 0:
        raise SettingError(f"num_classes={num_classes} is negative; give 0 for a generator without classes")
    if not isinstance(model, str | os.PathLike):
        if device is not None or precision != "float32":
            raise SettingError("device and precision are of files; move a module with its own .to()")
        return _from_object(model, drawn_from, options)
    source = find_source(model)
    path = source.path
    if source.settings is not None:
        generator = _compute(source, drawn_from, {**options, "network": network})
        generator.precision = parse_precision(precision, generator.precisions)
        return _placed(generator, device)
    if kind_of(path) == "onnx":
        generator = _open_graph(source, drawn_from, {**options, "network": network})
        generator.precision = parse_precision(precision, generator.precisions)
        return _placed(generator, device)
    checkpoint = read_checkpoint(path, network=network)
    with in_file(path):
        generator = (
            _restore(checkpoint, drawn_from, options)
            if "kind" in checkpoint.metadata
            else _recognise(checkpoint, drawn_from, options)
        )
    generator.origin = Origin.of(
        source,
        format=checkpoint.format,
        notes=checkpoint.notes,
        metadata=checkpoint.metadata,
        prior_given=prior is not None,
        guesses=(*checkpoint.guesses, *generator.guesses),
    )
    generator.guesses = generator.origin.guesses
    generator = _with_names(generator, checkpoint.metadata)
    generator.precision = parse_precision(precision, generator.precisions)
    return _placed(generator, device).requires_grad_(False)


def _placed(generator: Generator, device: str | None) -> Generator:
    """The generator on a device, ready to generate; raises SettingError for one that this machine does not have."""
    return generator.to(None if device is None else usable_device(device)).eval()


def _from_object(model: Any, prior: Prior | None, options: Mapping[str, Any]) -> Generator:
    if isinstance(model, Generator):
        if prior not in (None, model.signature.prior) or options:
            raise SettingError(
                "a generator knows its prior and its layers already; load it from its file to change them"
            )
        return model
    z_dim = getattr(model, "z_dim", None)
    if not callable(model) or not isinstance(z_dim, int):
        raise SettingError(
            f"{getattr(model, '__name__', type(model).__name__)} does not say how long its codes are; "
            "use ganatomy.wrap(model, z_dim=...)"
        )
    if options:
        raise SettingError(f"{', '.join(options)} belong to files of weights; a module knows its layers")
    return wrap(cast(Callable[[Tensor], Tensor], model), z_dim=z_dim, prior=prior or "normal")


def _compute(source: Source, prior: Prior | None, options: Mapping[str, Any]) -> Generator:
    """A bundled generator that has settings and no weights."""
    unknown = [name for name, value in options.items() if name != "resolution" and value is not None]
    if unknown or prior not in (None, "normal"):
        raise SettingError(
            f"leave out {', '.join(unknown) or 'prior'}: {source.name} has no weights that it could be of"
        )
    from ganatomy.generators.drawn import DrawnGenerator  # here: it imports SciPy, which no other file needs

    generator = DrawnGenerator.parse(source.settings or "", resolution=options.get("resolution"))
    generator.origin = Origin(source=source, format="table", card=MODELS["drawn"].card)
    return generator


def _with_names(generator: Generator, metadata: Mapping[str, str]) -> Generator:
    """The generator with the names of its classes, where its card or its file says them."""
    count, origin = generator.signature.num_classes, generator.origin
    named = origin.card.get("class_names") if origin else None
    known = {"class_names": json.dumps(named), **metadata} if named else metadata
    names = read_class_names(known, count) if count else ()
    return generator.with_class_names(names) if names else generator


def _open_graph(source: Source, prior: Prior | None, options: Mapping[str, Any]) -> Generator:
    """A generator in an ONNX file."""
    known = {name: options[name] for name in ("output", "num_classes") if name in options}
    unknown = [name for name, value in options.items() if value is not None and name not in known]
    if unknown:
        raise SettingError(f"{', '.join(unknown)} cannot be chosen for an ONNX file, whose graph is fixed")
    generator = OnnxGenerator(source.path, prior=prior, **known)
    generator.origin = Origin(
        source=source, format="ONNX", prior_given=prior is not None, guesses=generator.guesses
    )
    return generator


def _restore(checkpoint: Checkpoint, prior: Prior | None, options: Mapping[str, Any]) -> Generator:
    """A generator from a file of ours, whose settings are recorded."""
    name, settings = read_settings(checkpoint.metadata)
    recorded = _find_recorded(name)
    if options:
        raise SettingError(f"leave out {', '.join(options)}: the file records what it holds")
    if prior and "prior" in settings:
        settings["prior"] = prior
    try:
        with building_from(checkpoint.state):
            generator = recorded.restore(settings)
            generator.load_state_dict(dict(checkpoint.state))
    except SettingError as error:
        raise CheckpointError(
            f"has settings and weights that do not fit: {str(error).splitlines()[0]}"
        ) from None
    if prior not in (None, generator.signature.prior):
        raise SettingError(f"{name} draws z from a {generator.signature.prior} prior, not {prior!r}")
    return generator


def _find_recorded(name: str) -> type[Architecture | ToyGenerator | DrawnGenerator]:
    """The class of generators that a file of ours names."""
    if name == "Drawn":
        from ganatomy.generators.drawn import DrawnGenerator

        return DrawnGenerator
    known: Mapping[str, type[Architecture | ToyGenerator]] = {**ARCHITECTURES, "Toy": ToyGenerator}
    if name not in known:
        raise CheckpointError(f"holds a {name[:40]}, which this ganatomy does not know")
    return known[name]


def _recognise(checkpoint: Checkpoint, prior: Prior | None, options: Mapping[str, Any]) -> Generator:
    """A generator from weights of unknown origin."""
    state = checkpoint.state
    if unread := unread_generator(state):
        raise CheckpointError(unread)
    for name, architecture in ARCHITECTURES.items():
        if architecture.matches(state):
            _check_options(name, options)
            try:
                with building_from(state):
                    return architecture.from_state(
                        state, prior=prior, settings=checkpoint.settings, **options
                    )
            except CheckpointError as error:
                raise CheckpointError(f"cannot be read: {error}") from None
    other = what_these_are(state)
    if other:
        raise CheckpointError(f"looks like {other}; give the generator's file")
    known = ", ".join(ARCHITECTURES)
    raise CheckpointError(
        f"is not a generator of a known architecture ({known}): {_why_no_stack(state)}; ganatomy.wrap takes any module"
    )


def _why_no_stack(state: Mapping[str, Tensor]) -> str:
    try:
        with building_from(state):
            DCGAN.from_state(state)
    except CheckpointError as error:
        return str(error)
    return "its weights fit several"


def _check_options(name: str, options: Mapping[str, Any]) -> None:
    unknown = [option for option in options if option not in ARCHITECTURES[name].options]
    if unknown:
        raise SettingError(
            f"{', '.join(unknown)} cannot be chosen for a {name}; its weights say all there is"
        )
