"""A scorer with temperatures of its own: as sure as other readers of a generator's images bear out.

Guo et al. 2017 (temperature scaling): the logits of each attribute are divided by one number, so that the order of
images stays and probabilities become moderate.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, fingerprint_of
from ganatomy.reading import parse_json
from ganatomy.writing import atomic_write

FORMAT = 1


class CalibratedScorer(Scorer):
    """Another scorer whose logits are divided by a temperature, one for each attribute.

    Args:
        scorer: the scorer.
        temperatures: above 0, one for each of its attributes.

    Raises:
        SettingError: for temperatures that do not fit.

    Example:
        >>> from ganatomy.perception import scorer
        >>> bright = scorer(lambda images: images.mean((1, 2, 3)) / 2 + 0.5, names=["Bright"])
        >>> images = torch.full((1, 3, 8, 8), 0.8)
        >>> [round(float(s(images).probabilities), 2) for s in (bright, CalibratedScorer(bright, [2.0]))]
        [0.9, 0.75]
    """

    def __init__(self, scorer: Scorer, temperatures: Sequence[float]) -> None:
        values = torch.tensor([float(value) for value in temperatures], dtype=torch.float64)
        if len(values) != len(scorer.names) or not bool((torch.isfinite(values) & (values > 0)).all()):
            raise SettingError(
                f"{scorer.description} needs {len(scorer.names)} temperatures above 0, got {values.tolist()}"
            )
        self.scorer = scorer
        self.temperatures: Float[Tensor, " a"] = values
        self.names = scorer.names
        self.num_rows = scorer.num_rows
        self.fingerprint = fingerprint_of("calibrated", scorer.fingerprint, values.numpy().tobytes())
        self.description = f"{scorer.description}, calibrated"

    @property
    def sources(self) -> frozenset[str]:
        return self.scorer.sources

    @property
    def is_student(self) -> bool:
        return self.scorer.is_student

    def differentiable(self) -> Scorer:
        return CalibratedScorer(self.scorer.differentiable(), self.temperatures.tolist())

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        logits = self.scorer.score(images, latents=latents, start=start).logits
        return logits / self.temperatures.to(logits)

    def save(self, path: str | os.PathLike[str], *, scorer: str) -> Path:
        """Write the temperatures as JSON that `scorer` reads again.

        Args:
            path: of the file.
            scorer: name or file of the scorer, as `scorer` takes it; a file is found beside this one as well.

        Returns:
            The path.

        Raises:
            OutputError: when the file cannot be written.
        """
        path = Path(path)
        data = {
            "format": FORMAT,
            "scorer": scorer,
            "sources": sorted(self.sources),
            "temperatures": dict(zip(self.names, self.temperatures.tolist(), strict=True)),
        }
        with atomic_write(path) as part:
            part.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return path


def read_calibration(path: Path) -> tuple[str, frozenset[str], dict[str, float]]:
    """The scorer that a file of `CalibratedScorer.save` names, its sources, and the temperatures.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it holds something else.
    """
    try:
        data = parse_json(path.read_text(encoding="utf-8"))
        form, spec, sources = str(data["format"]), str(data["scorer"]), frozenset(map(str, data["sources"]))
        temperatures = {str(name): float(value) for name, value in data["temperatures"].items()}
    except (FileNotFoundError, IsADirectoryError):
        raise MissingFileError(f"{path} is no file; `ganatomy calibrate` writes such files") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path} does not hold temperatures: {type(error).__name__} {error}") from None
    if form != str(FORMAT):
        raise CheckpointError(f"{path} is of format {form}; this version of ganatomy reads {FORMAT}")
    if spec.lower().endswith(".calibrated"):
        raise CheckpointError(
            f"{path} calibrates {spec}, which is calibrated already; name the scorer itself"
        )
    beside = path.parent / Path(spec).name
    return (str(beside) if not Path(spec).exists() and beside.is_file() else spec), sources, temperatures
