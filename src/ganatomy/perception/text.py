"""Attributes in words: a text-image model holds each image against two sentences, and no labels are needed."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, Scores, check_names, fingerprint_of, position
from ganatomy.perception.clip import CLIP, OpenClipModel, TextImageModel, load_clip, short_name
from ganatomy.reading import parse_json
from ganatomy.writing import atomic_write

SUBJECT = "a person"
"""Default subject of attributes."""

TEMPLATES = (
    "a photo of {}",
    "an image of {}",
    "an image of {}",
    "a close-up of {}",
    "a blurry photo of {}",
    "a small image of {}",
)
"""Sentences that each pole is put into: images of a GAN are often small or soft, which must not decide."""

BETWEEN = "|"
"""What stands between the two poles of an attribute: `smiling|with a serious face`."""

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """An attribute as two sets of sentences.

    Args:
        name: what the attribute is called.
        yes: sentences that are true of images that have it.
        no: the same of images that do not.
    """

    name: str
    yes: tuple[str, ...]
    no: tuple[str, ...]

    def __post_init__(self) -> None:
        for sentences in (self.yes, self.no):
            if not sentences or not all(isinstance(text, str) and text.strip() for text in sentences):
                raise SettingError(
                    f"{self.name!r} needs sentences for both of its poles, and none may be empty"
                )

    @classmethod
    def of(cls, text: str, *, subject: str = SUBJECT, templates: Sequence[str] = TEMPLATES) -> Contrast:
        """The contrast that a text spells; the words of its first pole are its name.

        >>> contrast = Contrast.of("smiling", templates=["a photo of {}"])
        >>> contrast.yes, contrast.no
        (('a photo of a person smiling',), ('a photo of a person',))
        >>> Contrast.of("at night|at noon", subject="a church", templates=["a photo of {}"]).no
        ('a photo of a church at noon',)

        Args:
            subject: comes before the words of both poles, and is all of the second where only one is given. Empty for
                poles that say all themselves, such as "a smiling woman|a woman".

        Raises:
            SettingError: for a text without words, or with more than two poles, or two that are the same.
        """
        poles = [" ".join(pole.split()) for pole in text.split(BETWEEN)]
        subject = " ".join(subject.split())
        if not all(poles) or len(poles) > 2:
            raise SettingError(
                f"{text!r} is not an attribute in words; write its words, such as 'smiling', "
                f"or two poles, such as 'smiling{BETWEEN}with a serious face'"
            )
        if len(poles) == 1 and not subject:
            raise SettingError(
                f"{text!r} has no opposite; give a subject, or both poles, such as "
                f"'a smiling woman{BETWEEN}a woman'"
            )
        broken = [template for template in templates if template.count("{}") != 1]
        if broken or not templates:
            raise SettingError(
                f"{(broken or ['no template'])[0]!r} has no place for words; write {{}} once in each template"
            )
        yes, no = (f"{subject} {pole}".strip() for pole in [*poles, ""][:2])
        if yes == no:
            raise SettingError(f"both poles of {text!r} are the same; give two different ones")
        return cls(
            name=poles[0],
            yes=tuple(template.replace("{}", yes) for template in templates),
            no=tuple(template.replace("{}", no) for template in templates),
        )


class TextScorer(Scorer):
    """Scores attributes given in words; gradients flow to the images.

    With unit vectors x of an image and t+, t- of the two poles, each the normalised mean of the unit vectors of its
    sentences (prompt ensembling: Radford et al. 2021, section 3.1.4), and the model's own logit scale s,

        p = exp(s x·t+) / (exp(s x·t+) + exp(s x·t-)),    so    logit = s x·(t+ - t-) - centre.

    This says which of two sentences fits better, and no more: the point where both fit equally well is not where people
    begin to say yes. `centred` moves it to the mean of images that are given.

    Args:
        centre: what is taken from the logits, one number for each attribute; zeros by default.

    Raises:
        SettingError: for no attributes, two of one name, or a centre of another length.
    """

    def __init__(
        self, model: TextImageModel, contrasts: Iterable[Contrast], *, centre: Sequence[float] | None = None
    ) -> None:
        self.model = model
        self.contrasts = tuple(contrasts)
        self.names = check_names(contrast.name for contrast in self.contrasts)
        # Rounded to what is far below the noise of any mean, so that a file holds all of it.
        self.centre = tuple(round(float(value), 4) for value in centre or [0.0] * len(self.names))
        if len(self.centre) != len(self.names):
            raise SettingError(f"{len(self.names)} attributes need a centre each, got {len(self.centre)}")
        for name, value in zip(self.names, self.centre, strict=True):
            if not math.isfinite(value):
                raise SettingError(f"the centre of {name!r} is {value}; it must be a finite number")
        stated = json.dumps([asdict(contrast) for contrast in self.contrasts])
        self.fingerprint = fingerprint_of("words", model.fingerprint, stated, json.dumps(self.centre))
        self.description = f"words, by {short_name(model.name)} ({len(self.names)} attributes)"
        self._poles = model.scale * torch.stack(
            [_pole(model, contrast.yes) - _pole(model, contrast.no) for contrast in self.contrasts]
        )

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        seen = self.model.embed_images(images)
        return seen @ self._poles.T.to(seen) - seen.new_tensor(self.centre)

    def features(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """Unit vectors of images: near each other for images that one description fits."""
        return self.model.embed_images(images)

    def select(self, names: Iterable[str]) -> TextScorer:
        """The same scorer, looking for these attributes only, in this order.

        Raises:
            UnknownNameError: for an attribute that was not given.
        """
        names = check_names(names)
        chosen = [position(name, self.names) for name in names]
        contrasts, centre = [self.contrasts[i] for i in chosen], [self.centre[i] for i in chosen]
        return self if names == self.names else TextScorer(self.model, contrasts, centre=centre)

    def centred(self, scores: Scores) -> TextScorer:
        """The same scorer with its zero where these images have their mean logit.

        Of a survey of a generator, that makes probability .5 mean "as much as its average image", and says nothing of
        how many images have the attribute. Give `survey.scores`.

        Raises:
            SettingError: for scores of other attributes, or of no images.
        """
        if scores.names != self.names or not len(scores):
            raise SettingError(
                f"{len(scores)} scores of {', '.join(scores.names)} cannot centre {', '.join(self.names)}; "
                "give this scorer's own"
            )
        means = scores.logits.double().mean(0).tolist()
        return TextScorer(
            self.model, self.contrasts, centre=[a + b for a, b in zip(self.centre, means, strict=True)]
        )

    def to(self, device: str | torch.device) -> TextScorer:
        """The same scorer on another device, where its model can be moved."""
        moved = copy(self)
        if isinstance(self.model, OpenClipModel):
            moved.model = self.model.to(device)
        return moved

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the words and the centre, and what model they were for, as JSON that `scorer` reads again.

        Raises:
            OutputError: when the file cannot be written.
        """
        path = Path(path)
        attributes = {
            contrast.name: {"yes": contrast.yes, "no": contrast.no, "centre": centre}
            for contrast, centre in zip(self.contrasts, self.centre, strict=True)
        }
        data = {
            "format": FORMAT,
            "model": self.model.name,
            "model_fingerprint": self.model.fingerprint,
            "attributes": attributes,
        }
        with atomic_write(path) as part:
            part.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return path


def words(
    attributes: Iterable[str],
    *,
    model: str | TextImageModel = CLIP,
    subject: str = SUBJECT,
    templates: Sequence[str] = TEMPLATES,
) -> TextScorer:
    """A scorer for attributes in words, by a text-image model; the first use of a published one fetches it.

    ```
    words(["smiling", "wearing glasses|without glasses"])
    words(["at night", "covered in snow"], subject="a church", model="clip:ViT-L-14/openai")
    ```

    Args:
        attributes: each a few words that go behind the subject; behind a | may stand what is to be seen otherwise.
        model: see `ganatomy.perception.clip` for what can be spelled.

    Raises:
        SettingError: for an attribute without words, two of one name, or without open_clip.
        UnknownNameError, MissingFileError, CheckpointError, DownloadError: when the model cannot be had.

    Example::

        by_words = ga.words(["smiling", "wearing glasses|without glasses"])
    """
    stated = [Contrast.of(text, subject=subject, templates=templates) for text in attributes]
    check_names(contrast.name for contrast in stated)  # before a model is fetched
    return TextScorer(load_clip(model) if isinstance(model, str) else model, stated)


def load_words(path: str | os.PathLike[str], *, model: TextImageModel | None = None) -> TextScorer:
    """Read what `TextScorer.save` wrote, and the model that it names unless one is given.

    Raises:
        MissingFileError: when there is no such file. CheckpointError: when it holds something else, or its model is
            not the one that it was written with. Others as `words` says.
    """
    path = Path(path)
    try:
        data = parse_json(path.read_text(encoding="utf-8"))
        form, spec, fingerprint = (str(data[key]) for key in ("format", "model", "model_fingerprint"))
        contrasts = [
            Contrast(name=name, yes=tuple(stated["yes"]), no=tuple(stated["no"]))
            for name, stated in data["attributes"].items()
        ]
        centre = [float(stated["centre"]) for stated in data["attributes"].values()]
    except (FileNotFoundError, IsADirectoryError):
        raise MissingFileError(f"{path} is no file; `ganatomy words` writes such files") from None
    except SettingError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path} does not hold attributes in words: {type(error).__name__} {error}"
        ) from None
    if form != str(FORMAT):
        raise CheckpointError(f"{path} is of format {form}; this version of ganatomy reads {FORMAT}")
    model = model or load_clip(spec)
    if model.fingerprint != fingerprint:
        raise CheckpointError(
            f"{path} was written with other weights of {spec} ({fingerprint[:12]}, now "
            f"{model.fingerprint[:12]}); write it again with `ganatomy words`"
        )
    try:
        return TextScorer(model, contrasts, centre=centre)
    except SettingError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _pole(model: TextImageModel, sentences: Sequence[str]) -> Float[Tensor, " d"]:
    """The normalised mean of the unit vectors of sentences."""
    return F.normalize(model.embed_texts(sentences).float().mean(0), dim=0)
