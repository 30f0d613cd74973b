"""The images and charts of an exploration's page, each made when the page is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ganatomy import edits
from ganatomy.experiments.explore.findings import Findings
from ganatomy.experiments.explore.run import BASE, HELD, Exploration
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.metrics import Entanglement
from ganatomy.perception.base import Scorer
from ganatomy.plots import draw_images, grid
from ganatomy.plots.charts import attributes_chart, interval_chart
from ganatomy.plots.matrices import matrix_chart
from ganatomy.report import Card, Drawing, Strip
from ganatomy.report.elements import file_name
from ganatomy.statistics.formatting import percent, short, signed

STATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Strengths at which an attribute is shown, in steps that change its mean score by the target change."""

CANDIDATES, SHOWN = 64, 2
"""So many of so many codes are edited for every attribute: the most average ones."""

SAMPLES = 24
"""Images of the survey that are shown as they come."""

PAPER_SELECTIVITY = 3.69
"""What Table II of Pham Van et al. (2020) comes to with their penalty, over the 13 most changed attributes."""

EDITS = {"Alone": BASE, "Others held": HELD}
"""The two edits of every attribute that the page shows, and the method of each."""


@dataclass(frozen=True, kw_only=True)
class Drawings:
    """Draws what an exploration found.

    Args:
        exploration: what was found.
        generator: that was explored.
        scorer: scores the edited images that are shown.
    """

    exploration: Exploration
    generator: Generator
    scorer: Scorer

    @cached_property
    def findings(self) -> Findings:
        return Findings(exploration=self.exploration)

    def samples(self) -> Drawing:
        """The first images of the survey, as they come."""
        survey = self.exploration.survey
        codes = self.generator.sample(
            SAMPLES, seed=survey.seed, space=self.exploration.space, truncation_psi=survey.truncation_psi
        )
        return Drawing(
            name="samples",
            image=grid(draw_images(self.generator, codes), columns=8, gap=1),
            alt=f"{SAMPLES} images of the model, drawn with seed {survey.seed}, not selected",
            caption=f"The first images of the survey (seed {survey.seed}), not selected.",
        )

    def card(self, name: str) -> Card:
        """One attribute: how well it is read, and the same codes moved along its direction, alone and held."""
        exploration = self.exploration
        walked = {
            title: edits.walk(
                self.shown,
                exploration.directions[method][name],
                [station * exploration.step(method, name) for station in STATIONS],
                units="distance",
            )
            for title, method in EDITS.items()
        }
        images = {title: draw_images(self.generator, codes) for title, codes in walked.items()}
        return Card(
            name=f"strips/{file_name(name)}",
            image=_sheet(images),
            title=name,
            note=f"AUC {exploration.auc[name]:.2f}, in {percent(exploration.prevalence[name])} of images",
            columns=[signed(station, 1, trim=True) if station else "as drawn" for station in STATIONS],
            strips=[
                Strip(
                    image=grid(images[title], columns=len(STATIONS), gap=0),
                    alt=f"{name} moved in {SHOWN} images, {title.lower()}, from {signed(STATIONS[0], 0)} to "
                    f"{signed(STATIONS[-1], 0)} steps",
                    title=title,
                    notes=self._notes(method, name),
                    values=[f"{value:.2f}" for value in self._scored(images[title], walked[title], name)],
                )
                for title, method in EDITS.items()
            ],
        )

    @cached_property
    def shown(self) -> Latents:
        """Codes that are near the mean along all directions at once, so that every attribute has both ways to go."""
        survey, directions = self.exploration.survey, self.exploration.directions[BASE]
        drawn = self.generator.sample(
            CANDIDATES,
            seed=survey.seed + 2,
            space=self.exploration.space,
            truncation_psi=survey.truncation_psi,
        )
        places = (drawn.codes.cpu() - survey.latents.codes.mean(0)).flatten(1) @ directions.matrix.T
        sigmas = torch.tensor([direction.sigma for direction in directions])
        return drawn[(places / sigmas).square().mean(1).argsort()[:SHOWN]]

    def changes(self) -> list[Drawing]:
        """What moving along each direction changes on average, alone and held, on one scale of colours."""
        return _matrices(
            {
                ("entanglement", "Each direction moved alone"): self._edited(BASE).mean_change,
                ("entanglement-held", "Each direction moved with all others held"): self._edited(
                    HELD
                ).mean_change,
            },
            rows=self._edited(HELD).attributes,
            columns=self._edited(HELD).names,
            unit="mean change of the scored probability",
        )

    def truths(self) -> list[Drawing]:
        """How far the factors that images were drawn from changed, alone and held, on one scale of colours."""
        alone, held = self._edited(BASE).factor_changes, self._edited(HELD).factor_changes
        if alone is None or held is None:
            return []
        return _matrices(
            {
                ("truth", "Factors changed by each direction alone"): alone,
                ("truth-held", "Factors changed with all others held"): held,
            },
            rows=self._edited(HELD).factors,
            columns=self._edited(HELD).names,
            unit="mean change (standard deviations of the factor)",
        )

    def selectivities(self) -> Drawing:
        """Selectivity of each method with its interval."""
        values = {name: found.mean for name, found in self.findings.selectivities.items()}
        listed = ", ".join(f"{name} {short(it.value)}" for name, it in values.items())
        return Drawing(
            name="selectivity",
            image=interval_chart(
                values,
                title="Selectivity of each method",
                unit="change of the target / mean change of each other attribute",
                highlight=self.exploration.best,
                reference=(PAPER_SELECTIVITY, f"the paper's figure {PAPER_SELECTIVITY}"),
            ),
            alt=f"Bars of selectivity with intervals: {listed}",
        )

    def cosines(self) -> Drawing:
        """Cosines between all directions that are shown."""
        directions = self.exploration.directions[BASE]
        gram = directions.gram().numpy()
        off = gram - np.eye(len(gram))
        row, column = divmod(int(np.abs(off).argmax()), len(gram))
        names = directions.names
        return Drawing(
            name="cosines",
            image=matrix_chart(
                gram, rows=names, columns=names, title="Cosines between directions", unit="cosine", limit=1.0
            ),
            alt="Matrix of cosines; the most alike or opposite are "
            f"{names[row]} and {names[column]}, {signed(float(gram[row, column]))}",
        )

    def readable(self) -> Drawing:
        """How common each attribute is, and how well it can be read off codes."""
        exploration = self.exploration
        listed = ", ".join(f"{name} {auc:.2f}" for name, auc in exploration.auc.items())
        return Drawing(
            name="attributes",
            image=attributes_chart(
                {name: exploration.prevalence[name] for name in exploration.attributes},
                exploration.auc,
                title="Prevalence, and held-out AUC of linear directions",
            ),
            alt=f"Held-out AUC of each attribute: {listed}",
            caption=self.findings.held_out,
        )

    def _edited(self, method: str) -> Entanglement:
        return self.exploration.entanglement[method]

    def _notes(self, method: str, name: str) -> list[str]:
        """What was measured of one edit: its selectivity, and the others that change most."""
        findings = self.findings
        clean = f"selectivity {short(findings.selectivity_of(method, name).value)}"
        if name not in findings.reached(method):
            clean += ", goal not reached"
        return [clean, findings.also_moved(method, name)]

    def _scored(self, images: Float[Tensor, "n c h w"], codes: Latents, name: str) -> list[float]:
        """The probability at each station, its mean over the codes shown."""
        with torch.no_grad():
            logits = self.scorer.score(images, latents=codes).column(name)
        return torch.sigmoid(logits).unflatten(0, (-1, len(STATIONS))).mean(0).tolist()


def _matrices(
    changes: dict[tuple[str, str], Float[Tensor, "k a"]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    unit: str,
) -> list[Drawing]:
    """One matrix for each (name, title) of mean changes, all on one scale of colours."""
    limit = max(float(change.abs().max()) for change in changes.values())
    return [
        Drawing(
            name=name,
            image=matrix_chart(
                change.T.numpy(), rows=rows, columns=columns, title=title, unit=unit, limit=limit
            ),
            alt=f"{title}: matrix of {len(rows)} rows and {len(columns)} directions in the columns",
        )
        for (name, title), change in changes.items()
    ]


def _sheet(images: dict[str, Tensor]) -> Image.Image:
    """All walks of each code one below the other, with captions, as an image that can be shown alone."""
    columns = len(STATIONS)
    together = torch.stack([walked.unflatten(0, (-1, columns)) for walked in images.values()], dim=1)
    return grid(
        together.flatten(0, 2),
        columns=columns,
        captions=[signed(station, 1, trim=True) for station in STATIONS],
        row_labels=[title.lower() for title in images] * len(together),
    )
