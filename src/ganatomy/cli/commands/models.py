"""`ganatomy models`: what can be loaded by name."""

from __future__ import annotations

from typing import Any

from ganatomy.cli.console import answer
from ganatomy.cli.parameters import Json


def models(*, json: Json = False) -> None:
    """List the models that have a name: the bundled ones, and published ones, which are downloaded when first used.

    Example:
        ganatomy models --json
    """
    rows = [*_bundled(), *_published()]
    lines: list[str] = []
    for place in dict.fromkeys(row["page"] for row in rows):
        there = [row for row in rows if row["page"] == place]
        licences = dict.fromkeys(str(row["licence"]) for row in there)
        lines += ["", f"{place or 'bundled'} · {' · '.join(licences)}"]
        width = max(len(row["name"]) for row in there)
        lines += [
            f"  {row['name']:{width}}  {row['architecture']:9}  {row['resolution']:4} px  {row['draws']}"
            + (f"  [{row['size'] / 1e6:.0f} MB here]" if row["downloaded"] and place else "")
            for row in there
        ]
    lines += [
        "",
        "A name goes wherever a MODEL goes. A published model is downloaded once; see --json for its address.",
    ]
    answer("\n".join(lines[1:]), {"models": rows}, as_json=json)


def _bundled() -> list[dict[str, Any]]:
    from ganatomy.zoo import MODELS

    return [
        {
            "name": model.name,
            "kind": "bundled",
            "architecture": model.architecture,
            "resolution": model.resolution,
            "draws": model.draws,
            "licence": model.card.get("licence"),
            "page": None,
            "url": None,
            "size": model.generator.stat().st_size,
            "sha256": None,
            "downloaded": True,
        }
        for model in MODELS.values()
    ]


def _published() -> list[dict[str, Any]]:
    from dataclasses import asdict

    from ganatomy.zoo.downloads import Record
    from ganatomy.zoo.published import PUBLISHED
    from ganatomy.zoo.sources import cached_file

    found = []
    for model in PUBLISHED.values():
        file = cached_file(model)
        here = file.exists()
        record = Record.read(file)
        row = {**asdict(model), "kind": "published", "downloaded": here}
        row["size"] = file.stat().st_size if here else model.size
        row["sha256"] = model.sha256 or (record.sha256 if record else None)
        found.append(row)
    return found
