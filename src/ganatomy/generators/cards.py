"""Model cards: what a file says of the generator in it, for programs (JSON) and for people (a README for the hub)."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ganatomy.generators.base import Generator
from ganatomy.zoo.checksums import sha256_of

HUB_LICENCES = {
    "apache-2.0",
    "mit",
    "bsd-3-clause",
    "cc0-1.0",
    "cc-by-4.0",
    "cc-by-sa-4.0",
    "cc-by-nc-4.0",
    "gpl-3.0",
}
"""Licences that the hub knows by these names; any other is "other" with a name of its own."""


def make_card(generator: Generator, *, licence: str | None = None) -> dict[str, Any]:
    """The card of a generator that is about to be written: the card that it came with, and where it came from.

    Args:
        licence: of the weights, where neither their publisher nor their card says.
    """
    origin = generator.origin
    card: dict[str, Any] = dict(origin.card) if origin else {}
    card |= {
        "architecture": generator.signature.architecture,
        "resolution": generator.signature.resolution,
        "width": generator.signature.width,
        "licence": licence or (origin.licence if origin else None) or "unknown",
        "exported": {"by": f"ganatomy {_version()}", "date": datetime.now(UTC).date().isoformat()},
    }
    if generator.signature.class_names:
        card["class_names"] = list(generator.signature.class_names)
    if origin and origin.guesses:
        card["guesses"] = [guess.to_data() for guess in origin.guesses]
    if origin:
        # A file that was exported before names where its weights came from first.
        card.setdefault(
            "source",
            {
                "name": origin.source.path.name if origin.source.kind == "file" else origin.source.name,
                "url": origin.source.url,
                "format": origin.format,
                "sha256": sha256_of(origin.source.path),
            },
        )
    return card


def write_page(title: str, card: Mapping[str, Any], *, fingerprint: str, z: str) -> str:
    """The README of a repository on the hub: a header in YAML, and what the card says in sentences.

    Args:
        z: how codes are drawn, for a person.
    """
    licence = str(card["licence"])
    known = licence.lower() if licence.lower() in HUB_LICENCES else None
    header = {
        "library_name": "ganatomy",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["gan", str(card["architecture"]).lower()],
        "license": known or "other",
    }
    if known is None:
        header["license_name"] = licence
    # JSON values are YAML values.
    lines = [
        "---",
        *(f"{name}: {json.dumps(value)}" for name, value in header.items()),
        "---",
        "",
        f"# {title}",
        "",
    ]
    lines += [
        f"A {card['architecture']} generator of {card['width']} x {card['resolution']} images, {z}.", "",
        "```python", "import ganatomy as ga", "", 'G = ga.load("org/name")  # this repository, or its folder',
        'ga.grid(G(G.sample(8, seed=0))).save("samples.png")', "```", "",
        "| | |", "|---|---|", f"| licence | {licence} |", f"| fingerprint | `{fingerprint}` |",
    ]  # fmt: skip
    for name, value in card.items():
        if name in {"architecture", "resolution", "width", "licence", "guesses"} or value in (None, "", {}):
            continue
        told = (
            "; ".join(f"{key} {item}" for key, item in value.items() if item is not None)
            if isinstance(value, Mapping)
            else str(value)
        )
        lines.append(f"| {name} | {' '.join(told.split()).replace('|', '/')} |")
    return "\n".join(lines) + "\n"


def _version() -> str:
    # Not an import statement: those point down, and this module needs no more than the number.
    return importlib.import_module("ganatomy").__version__
