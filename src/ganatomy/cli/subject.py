"""What a command works on, as one group of options that opens it: a model, its classifiers, and how latents are drawn.

Each class adds options to the one before: `ModelOptions`, `Sampling`, `Subject`, `Guiding` and `Study`.
"""

# Annotations are values here, not texts: cyclopts reads those that a class inherits in the module of its heir.
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from ganatomy.cli.console import answer, remark
from ganatomy.cli.enlarging import Enlarging
from ganatomy.cli.outputs import finish_document, write
from ganatomy.cli.parameters import (
    Absent,
    Attributes,
    Device,
    JudgeName,
    ScorerName,
    Seed,
    SpaceName,
    TargetNames,
    TruncationPsi,
    options,
    within,
)
from ganatomy.devices import usable_device
from ganatomy.errors import DownloadError, SettingError

if TYPE_CHECKING:
    from ganatomy.critics import Critic
    from ganatomy.experiments.base import Experiment
    from ganatomy.generators.base import Generator
    from ganatomy.perception.base import Scorer, Scores
    from ganatomy.perception.judging import Judge
    from ganatomy.progress import Progress
    from ganatomy.recipes import Drawn, ModelReference, Recipe
    from ganatomy.recipes.codes import Codes
    from ganatomy.recipes.images import Image
    from ganatomy.recipes.moves import Edit
    from ganatomy.recipes.readings import EditReadings

NONE = "none"
"""What is given for no judge."""

MOST_PSI = 10
"""Truncation psi draws codes farther from the mean than training did where it is above 1."""

CLIP = "clip"
"""The text-image model that scores attributes in words where no classifier is bundled or given."""

SETTINGS = (
    "prior", "output", "hidden", "resolution", "num_classes", "class_join", "network", "precision",
)  # fmt: skip
"""Options that decide what a file of weights is read as."""

DOUBTED = 10_000
"""Scores that are looked at for signs of a classifier that takes images for something else."""

READING = Parameter(group=Group("Model options", sort_key=1))


@options
class Loading:
    """How a model is read and run."""

    prior: Annotated[Literal["normal", "uniform", "uniform01"] | None, READING] = None
    """Distribution of z in training, if the weights do not say: normal, uniform in (-1, 1) or in (0, 1)."""
    output: Annotated[Literal["tanh", "sigmoid", "none", "bytes"] | None, READING] = None
    """Output activation (DCGAN); by default tanh. Range of values (ONNX): -1 to 1 (tanh), 0 to 1 (sigmoid) or bytes."""
    hidden: Annotated[str | None, READING] = None
    """Hidden activations (DCGAN), if the weights do not say: relu, leaky_relu, with a slope
    leaky_relu:0.01, elu, selu, silu, gelu, softplus, tanh."""
    resolution: Annotated[int | None, READING] = None
    """Image resolution, if ambiguous (DCGAN)."""
    num_classes: Annotated[int | None, READING] = None
    """Classes of a conditional model (DCGAN, ProGAN), if the weights do not say; 0 for none."""
    class_join: Annotated[Literal["first", "last", "multiply"] | None, READING] = None
    """How the class enters the first layer (DCGAN): before z, behind it, or as factors of it."""
    network: Annotated[str | None, READING] = None
    """Network to read from a file that holds several, such as G; by default the averaged generator."""
    precision: Annotated[Literal["float32", "bfloat16", "float16", "auto"], READING] = "float32"
    """Number format of synthesis; auto takes bfloat16 where it is faster: on GPUs, and processors with units for it."""
    label: Annotated[int | str | None, READING] = None
    """Class to generate, for a conditional model, by its number or name; by default each image has its own."""
    device: Annotated[Device, READING] = "auto"
    batch_size: Annotated[int | None, READING, within(1, 4096)] = None
    """Images generated at a time; by default as many as suit their size and the device."""

    @property
    def place(self) -> str:
        """The device to work on.

        Raises:
            SettingError: for one that this machine does not have.
        """
        return usable_device(self.device)

    @property
    def settings(self) -> dict[str, Any]:
        """What it takes to read the model from its file."""
        return {name: getattr(self, name) for name in SETTINGS}


@dataclass(frozen=True)
class Named:
    """The argument that names a model."""

    model: Annotated[
        str,
        Parameter(
            help="A name (faces, digits, drawn, or what `ganatomy models` lists), a file of weights, or org/name on "
            "Hugging Face."
        ),
    ]


@options
class ModelOptions(Loading, Named):
    """A model."""

    @cached_property
    def generator(self) -> "Generator":
        """The generator of that name or file, on the device that was asked for; a line says what was guessed of it.

        Raises:
            As `opened` says.
        """
        from ganatomy.generators.guesses import summary

        guessed = summary(self.opened.guesses)
        if guessed:
            remark(f"{self.model}: {guessed}; `ganatomy info` says how sure")
        return self.opened

    @cached_property
    def opened(self) -> "Generator":
        """The same without that line; read once.

        Raises:
            MissingFileError, CheckpointError, UnknownNameError: when it cannot be read as a generator.
            SettingError: for a device that this machine does not have, or a class that the model does not have.
        """
        from ganatomy.generators import load
        from ganatomy.generators.precision import quick_precision

        device, chosen = self.place, self.precision == "auto"
        settings: dict[str, Any] = self.settings | ({"precision": "float32"} if chosen else {})
        generator = load(self.model, **settings).to(device).eval()
        if chosen:
            generator.precision = quick_precision(device, generator.precisions)
        return generator if self.label is None else generator.of_class(self.label)

    @property
    def reference(self) -> "ModelReference":
        """What a recipe calls the generator, with all that it takes to read it again."""
        from ganatomy.recipes import ModelReference

        settings: dict[str, Any] = self.settings | {"precision": self.generator.precision}
        return ModelReference(name=self.model, fingerprint=self.generator.fingerprint, **settings)


@options
class WholeModel(ModelOptions):
    """A model of which no images are made."""

    label: Absent = None


@options
class Sampling(ModelOptions):
    """A model, and how its latents are drawn."""

    truncation_psi: TruncationPsi = 1.0

    def seeds(self, seeds: tuple[int, ...], *, space: str | None, n: int = 1) -> "Drawn":
        """The first codes of each seed, in that space or else in the one that edits work best in.

        Raises:
            SettingError: for truncation of codes that stay in z.
        """
        from ganatomy.latents import Space
        from ganatomy.recipes import Drawn

        if not abs(self.truncation_psi) <= MOST_PSI:
            raise SettingError(
                f"--truncation-psi {self.truncation_psi:g} is too large; 1 = none, 0 = mean w, the most is {MOST_PSI}"
            )
        space = space or ("w" if "w" in self.generator.signature.spaces else "z")
        if self.truncation_psi != 1 and space == "z":
            raise SettingError(
                f"--truncation-psi {self.truncation_psi} moves codes towards the mean w; codes in z have none"
            )
        return Drawn(
            seeds=seeds,
            n=n,
            space=Space.parse(space),
            truncation_psi=self.truncation_psi,
            label=self.generator.label,
        )

    def recipe(
        self,
        *,
        codes: "Codes",
        image: "Image",
        enlarging: Enlarging,
        edits: "tuple[Edit, ...]" = (),
        fps: float = 25.0,
        readings: "EditReadings | None" = None,
    ) -> "Recipe":
        """The recipe of an image, a film or codes of this model."""
        from ganatomy.recipes import Recipe

        return Recipe(
            model=self.reference,
            codes=codes,
            edits=edits,
            image=image,
            scale=enlarging.scale,
            pixels=enlarging.pixels,
            fps=fps,
            batch_size=self.batch_size,
            readings=readings,
        )

    def draw(self, out: Path, *, codes: "Codes", image: "Image", enlarging: Enlarging) -> None:
        """Write an image or codes, with the recipe in it and with progress."""
        write(self.recipe(codes=codes, image=image, enlarging=enlarging), out, generator=self.generator)

    def done(self, out: Path, what: str, data: dict[str, Any], *, as_json: bool) -> None:
        """Print what was written, as a line or as JSON."""
        answer(f"{out}: {what}", {"model": self.model, "out": str(out), **data}, as_json=as_json)


@options
class Subject(Sampling):
    """A model, and the classifiers that score its images."""

    scorer: ScorerName = None
    judge: JudgeName = None

    def open_scorer(self, attributes: Iterable[str] = (), *, only: bool = False) -> "Scorer":
        """The scorer of that name or file, or the one bundled with the model.

        Where there is none, a text-image model scores the attributes in words.

        Args:
            attributes: in words, for a text-image model.
            only: use these attributes of any scorer, in this order, instead of all.

        Raises:
            SettingError: without a scorer and without words for one.
            Others as `perception.scorer` says.
        """
        from ganatomy.perception import is_clip
        from ganatomy.perception import scorer as find_scorer

        attributes = tuple(attributes)
        if self.scorer is None and not self.has_scorer:
            if not attributes:
                raise SettingError(
                    f"{self.model} has no scorer of its own; give --scorer a bundled name, an ONNX file or a table, "
                    "or name attributes in words with --attributes"
                )
            try:
                found = find_scorer(CLIP, names=attributes)
            except (SettingError, DownloadError) as error:
                raise type(error)(
                    f"{self.model} has no scorer of its own, and {error}; or give --scorer"
                ) from None
            remark(f"{self.model} has no scorer of its own; {CLIP} scores {', '.join(attributes)} in words")
        else:
            spec = self.scorer or self.model
            found = find_scorer(spec, names=attributes or None if only or is_clip(spec) else None)
        return self._placed(found)

    def find_scorer(self, attributes: Iterable[str] = ()) -> "Scorer | None":
        """The same; None where there is none."""
        attributes = tuple(attributes)
        return self.open_scorer(attributes) if self.has_scorer or attributes else None

    def open_judge(self, scorer: "Scorer | None", attributes: Iterable[str] = ()) -> "Judge | None":
        """The judge that was asked for, else the one that is bundled with the model and its scorer; None for "none".

        Args:
            scorer: that the judge must be independent of, with all that optimisers follow for it.
            attributes: in words, for a text-image model; by default those of the scorer.

        Raises:
            SettingError: when the judge is the scorer, or part of what optimisers follow.
            Others as `perception.scorer` says.
        """
        from ganatomy.perception import is_clip
        from ganatomy.perception import judge as find_judge
        from ganatomy.perception.judging import Judge

        spec = self.judge or (self.model if self.has_bundled_judge else NONE)
        if spec == NONE:
            return None
        words = tuple(attributes) or (() if scorer is None else scorer.names)
        found = find_judge(spec, names=words if is_clip(spec) else None)
        if scorer is not None:
            found.require_independent(scorer, scorer.target())
        return Judge(self._placed(found.scorer))

    @property
    def has_bundled_judge(self) -> bool:
        """Whether the model is a bundled one with its own scorer, so that its judge goes with it."""
        from ganatomy import zoo

        bundled = zoo.find_bundled(self.model)
        return self.scorer in (None, self.model) and bundled is not None and bundled.judge is not None

    @property
    def has_scorer(self) -> bool:
        """Whether a scorer was given, or is bundled with the model."""
        from ganatomy import zoo

        return self.scorer is not None or zoo.find_bundled(self.model) is not None

    def scorer_name(self, scorer: "Scorer") -> str:
        """What a page calls the scorer."""
        from ganatomy.perception import TextScorer

        if self.scorer is None and isinstance(scorer, TextScorer):
            return scorer.model.name
        return self.scorer or self.model

    def _placed(self, scorer: "Scorer") -> "Scorer":
        """The scorer where images are: only a text-image model must be moved. A line says what is assumed of it."""
        from ganatomy.perception import TextScorer

        if scorer.assumed:
            remark(
                f"{scorer.description}: assumed {scorer.assumed}; if it takes or gives others, say so, as in "
                "'FILE.onnx?colour=BGR&value_range=0:255&output=logits'"
            )
        return scorer.to(self.place) if isinstance(scorer, TextScorer) else scorer


@options
class Guiding(Subject):
    """A model with the classifiers that guided edits of it follow."""

    target: TargetNames = ()

    def open_scorer(self, attributes: Iterable[str] = (), *, only: bool = False) -> "Scorer":
        """The scorer, with the classifiers of --target as its companions where they are given."""
        from ganatomy.perception import following
        from ganatomy.perception import scorer as find_scorer

        found = super().open_scorer(attributes, only=only)
        return following(found, map(find_scorer, self.target)) if self.target else found


@options
class ScorerAlone(Subject):
    """A model and its scorer, without a judge; latents are drawn without truncation."""

    judge: Absent = None
    truncation_psi: Absent = 1.0


@options
class Study(Subject):
    """What an experiment starts from."""

    attributes: Attributes = ()
    space: SpaceName = None
    seed: Seed = 0

    def experiment(
        self, *, only: bool = False, without_scorer: bool = False, progress: "Progress | None" = None
    ) -> "Experiment":
        """The generator with its scorer and its judge.

        Args:
            only: let the scorer score the chosen attributes alone.
            without_scorer: go without one where there is none.
            progress: called with (stage, done, total).
        """
        from ganatomy.experiments.base import Experiment
        from ganatomy.perception import TextScorer

        generator = self.generator  # a model that does not exist is said before a scorer that is missing
        if without_scorer:
            scorer = self.find_scorer(self.attributes)
        else:
            scorer = self.open_scorer(self.attributes, only=only)
        if isinstance(scorer, TextScorer):
            scorer = scorer.select(self.chosen(scorer) or scorer.names)
        return Experiment(
            generator,
            scorer,
            judge=self.open_judge(scorer, self.attributes),
            space=self.space,
            seed=self.seed,
            truncation_psi=self.truncation_psi,
            batch_size=self.batch_size,
            progress=progress,
        )

    def open_critic(self, critic: str | None) -> "Critic | None":
        """The critic of a bundled model or a file; by default the one bundled with the model, if one is."""
        from ganatomy.critics import critic as find_critic
        from ganatomy.zoo import MODELS

        model = MODELS.get(self.model)
        if critic is None and (model is None or not model.critic.exists()):
            return None
        return find_critic(critic or self.model).to(self.generator.device)

    def report(self, found: object, experiment: "Experiment", out: Path, *, as_json: bool) -> None:
        """Write the document of what an experiment found, and print its sentences."""
        from ganatomy.experiments.documents import document

        scorer = None if experiment.scorer is None else self.scorer_name(experiment.scorer)
        finish_document(document(found, experiment, model=self.model, scorer=scorer), out, as_json=as_json)

    def opening(self) -> "dict[str, object]":
        """The options that open the model and its scorer again, without those that are left at their defaults."""
        usual, names = Study(self.model), (*SETTINGS, "label", "scorer", "attributes")
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(usual, name)}

    def chosen(self, scorer: "Scorer | None") -> tuple[str, ...] | None:
        """The chosen attributes as the scorer calls them; None for all."""
        if scorer is None:
            return self.attributes or None
        return tuple(called(scorer, text) for text in self.attributes) or None


def remark_doubts(scores: "Scores", name: str) -> None:
    """A line for each doubt that a classifier took images for something else."""
    from ganatomy.perception import doubts

    for doubt in doubts(scores):
        remark(f"{name}: {doubt}; check colour, value range and outputs, see the help of --scorer")


def called(scorer: "Scorer", text: str) -> str:
    """What a scorer calls an attribute that was given with both of its poles, such as round|angular."""
    from ganatomy.perception.text import BETWEEN

    return text if text in scorer.names else text.partition(BETWEEN)[0].strip()
