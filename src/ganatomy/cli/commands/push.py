"""`ganatomy push` and `ganatomy pull`: a model with what belongs to it, to Hugging Face and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ganatomy.cli.console import answer
from ganatomy.cli.outputs import expect_folder
from ganatomy.cli.parameters import Json, out_path, switch
from ganatomy.cli.subject import WholeModel


def push(
    subject: WholeModel,
    repo: str,
    *,
    scorer: str | None = None,
    judge: str | None = None,
    directions: Path | None = None,
    report: Path | None = None,
    licence: str | None = None,
    bits: int = 32,
    private: Annotated[bool, switch("Make a repository that only you see, where it does not exist.")] = False,
    json: Json = False,
) -> None:
    """Put a model into a repository of Hugging Face, with its directions, classifiers, figures and a card.

    HF_TOKEN, or `hf auth login`, opens the repository. `org/name` then goes wherever a MODEL goes.

    Args:
        repo: The repository, such as me/faces; it is made where it does not exist.
        scorer: Attribute classifier that belongs to it: a bundled name, or a file (.safetensors, .onnx, .words).
        judge: A second classifier, which took no part in anything, as --scorer.
        directions: File of directions of this model.
        report: Folder that `ganatomy explore` wrote: its figures, and how they were measured, go to the page.
        licence: Licence of the weights, such as CC-BY-4.0, if it is not known.
        bits: Bits of the numbers of large weights: 32, 16 or 8; fewer than 32 round them.

    Example:
        ganatomy push run/ me/faces --scorer scorer.onnx --report faces-report --licence CC-BY-4.0
    """
    import ganatomy as ga

    pushed = ga.push(
        subject.generator,
        repo,
        scorer=scorer,
        judge=judge,
        directions=None if directions is None else ga.load_directions(directions),
        report=report,
        licence=licence,
        bits=bits,
        private=private,
    )
    data = {"url": pushed.url, "files": list(pushed.files), "fingerprint": pushed.fingerprint}
    answer(f"{pushed.url}: {len(pushed.files)} files · sha256 {pushed.fingerprint[:12]}", data, as_json=json)


def pull(
    repo: str,
    *,
    out: Annotated[
        Path, out_path("Folder for model.safetensors, and for classifiers and directions that lie there.")
    ],
    json: Json = False,
) -> None:
    """Copy the model of a repository of Hugging Face to a folder, with its classifiers and directions.

    Args:
        repo: The repository, such as org/name, or hf://org/name@revision.

    Example:
        ganatomy pull org/name -o shared/
    """
    from ganatomy.sharing import copy_shared

    written = copy_shared(repo, expect_folder(out))
    data = {"out": str(out), "files": [path.name for path in written]}
    answer("\n".join(map(str, written)), data, as_json=json)
