"""The pages of the documentation: every command and every block of Python in them is run, in their order."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from generators.checkpoints import nvidia_files, test_genforce, test_keras, test_rosinality, test_tfjs
from generators.onnx_files import Net
from perception import tiny_clip
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.directions import METHODS
from ganatomy.experiments.compare import CONTESTANTS
from ganatomy.experiments.compare.comparison import MEASURES as COMPARED
from ganatomy.experiments.studies.linear_map import METHODS as LINEAR_MAP
from ganatomy.experiments.studies.trust import METHODS as TRUST
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.images import to_pil
from ganatomy.inversion import METHODS as INVERSIONS
from ganatomy.metrics import MEASURES
from ganatomy.perception import clip
from ganatomy.photographs import detectors
from ganatomy.zoo import hub
from ganatomy.zoo.published import PUBLISHED

ROOT = Path(__file__).parents[1]
DOCUMENT = ("report.html", "summary.json", "figures")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a page left behind: what it printed, the names of its Python, and its folder."""

    out: str
    names: Mapping[str, Any]
    folder: Path

    def files(self, folder: str = "") -> set[str]:
        return {path.name for path in (self.folder / folder).iterdir()}

    def json(self, path: str) -> dict[str, Any]:
        return json.loads((self.folder / path).read_text())


@dataclass(frozen=True, kw_only=True)
class Page:
    """What must come of a page.

    Args:
        prints: texts that its commands and its Python print.
        writes: files that are there in the end.
        folders: folders with all that is in them.
        figures: folder whose figures the page describes, each by its name.
        mentions: words that it must contain in back quotes, such as the names of all methods.
        check: looks closer.
        prepare: makes what the page starts from.
        shorter: what is replaced before it is run, to take less time.
    """

    prints: Iterable[str] = ()
    writes: Iterable[str] = ()
    folders: Mapping[str, Iterable[str]] = field(default_factory=dict)
    figures: str = ""
    mentions: Iterable[str] = ()
    check: Callable[[Run], None] = lambda run: None
    prepare: Callable[[Path, pytest.MonkeyPatch], None] = lambda folder, patch: None
    shorter: Mapping[str, str] = field(default_factory=dict)


# What pages start from.


def weights(num_classes: int = 0) -> dict[str, Tensor]:
    config = StyleGAN2Config(widths=(8, 6), z_dim=6, w_dim=5, mapping_layers=2, num_classes=num_classes)
    return {name: tensor.detach().clone() for name, tensor in StyleGAN2(config).state_dict().items()}


def nvidia(path: Path, num_classes: int = 0) -> None:
    arguments = {"z_dim": 6, "c_dim": num_classes, "w_dim": 5, "img_resolution": 8, "img_channels": 3}
    network = nvidia_files.generator(weights(num_classes), arguments)
    nvidia_files.write(path, nvidia_files.snapshot(network))


def rosinality(path: Path) -> None:
    state = test_rosinality.Generator([6, 5]).state_dict()
    torch.save({"g_ema": state, "latent_avg": torch.randn(6)}, path)


def stack() -> dict[str, Tensor]:
    """A DCGAN of 16 px that saw no data: nothing in it tells its strides."""
    layers = [
        nn.ConvTranspose2d(12, 8, 4),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 6, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(6, 3, 4, 2, 1),
    ]
    return nn.Sequential(*layers).state_dict()


def lightning(path: Path) -> None:
    state = {f"generator.{name}": tensor for name, tensor in stack().items()}
    state["discriminator.0.weight"] = torch.randn(8, 3, 4, 4)
    torch.save({"state_dict": state, "epoch": 99, "pytorch-lightning_version": "2.0.0"}, path)


FILES: dict[str, Callable[[Path], Any]] = {
    "network-snapshot.pkl": nvidia,
    "conditional.pkl": lambda path: nvidia(path, num_classes=3),
    "550000.pt": rosinality,
    "stylegan_ffhq.pth": lambda path: torch.save(
        {"generator_smooth": test_genforce.StyleGAN([6, 6, 5]).state_dict()}, path
    ),
    "generator.pt": lambda path: torch.save(stack(), path),
    "whole-module.pt": lambda path: torch.save(
        nn.Sequential(nn.Linear(12, 256), nn.Tanh(), nn.Unflatten(1, (1, 16, 16))), path
    ),
    "conditional.pt": lambda path: torch.save(
        nn.Sequential(nn.Linear(26, 32), nn.ReLU(), nn.Linear(32, 256)).state_dict(), path
    ),
    "generator.safetensors": lambda path: save_file(stack(), path),
    "epoch=99.ckpt": lightning,
    "generator.h5": lambda path: test_keras.write_model(path, test_keras.tensorflow_tutorial().layers),
    "generator.keras": lambda path: test_keras.write_archive(path, test_keras.tensorflow_tutorial().layers),
    "model.json": lambda path: test_tfjs.write(path, test_keras.tensorflow_tutorial().layers),
    "generator.onnx": lambda path: onnx.save(
        Net(classes="index", num_classes=3).model({"class_names": '["cat", "dog", "fox"]'}), path
    ),
    "smile.npy": lambda path: np.save(path, np.ones((1, 5), np.float32)),
    "generator.npz": lambda path: np.savez(path, **{name: t.numpy() for name, t in stack().items()}),
}


def generator_files(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """The files that the page names, a published model that lies here, and a repository that does."""
    torch.manual_seed(0)
    for name, write in FILES.items():
        write(folder / name)
    patch.setenv("GANATOMY_CACHE", str(folder / "cache"))
    snapshot = folder / "network-snapshot.pkl"
    model = replace(PUBLISHED["stylegan2-ada-ffhq"], url=snapshot.as_uri())
    patch.setitem(PUBLISHED, "stylegan2-ada-ffhq", model)
    patch.setattr(
        hub,
        "fetch",
        lambda reference: hub.HubFile(path=snapshot, reference=reference, commit="0", licence="mit"),
    )


def tiny_words(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """A tiny text-image model in place of the default."""
    patch.setattr(clip, "DEFAULT", f"clip:{tiny_clip.write(folder / 'tiny')}")


# What is looked at more closely.


def portraits(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Two drawn faces in wider photographs, and a detector that knows where drawn faces are."""
    from ganatomy.datasets import draw_faces, sample_faces

    for name, image in zip(
        ("portrait", "friend"), draw_faces(sample_faces(2, seed=12), resolution=96), strict=True
    ):
        photograph = Image.new("RGB", (160, 96), (120, 130, 140))
        photograph.paste(to_pil(image), (32, 0))
        photograph.save(folder / f"{name}.png")
    points = torch.tensor(
        [[0.4, 0.44], [0.61, 0.44], [0.51, 0.55], [0.42, 0.64], [0.6, 0.64]], dtype=torch.float64
    )

    def detect(photograph: ga.Photograph) -> list[ga.Face]:
        width, height = photograph.size
        left = (width - height) / 2
        found = points * height + torch.tensor([left, 0.0], dtype=torch.float64)
        return [ga.Face(box=(left, 0, left + height, height), score=0.9, points=found)]

    patch.setenv("GANATOMY_CACHE", str(folder / "cache"))
    patch.setattr(detectors, "_fetched", lambda: folder / "yunet.onnx")
    patch.setattr(detectors, "_opened", lambda path, changed: detect)


def check_generators(run: Run) -> None:
    expected = {
        "network-snapshot.pkl": ("StyleGAN2", "NVIDIA"),
        "550000.pt": ("StyleGAN2", "rosinality"),
        "stylegan_ffhq.pth": ("StyleGAN", "genforce"),
        "generator.pt": ("DCGAN", "PyTorch"),
        "generator.h5": ("DCGAN", "Keras"),
        "generator.keras": ("DCGAN", "Keras"),
    }
    for name, (architecture, form) in expected.items():
        generator = ga.load(name, resolution=16) if name == "generator.pt" else ga.load(name)
        assert generator.signature.architecture == architecture, name
        assert generator.origin is not None
        assert form in generator.origin.format, name


def check_readme(run: Run) -> None:
    """Its edits change what they are asked to: the scorer, and the judge as well, see it come."""
    for name in ("edited.png", "guided.png"):
        (image,) = ga.read_recipe(run.folder / name).readings.images
        assert image.after["Smiling"] - image.before["Smiling"] >= 0.3, name
        assert image.judge_after["Smiling"] - image.judge_before["Smiling"] >= 0.3, name


def check_comparing(run: Run) -> None:
    faces = run.json("compare/summary.json")
    assert list(faces["methods"]) == ["regression", "dual"]
    assert faces["edited"] == ["Smiling"]
    assert len(faces["attributes"]) > 20, "all others are measured"
    measured = {measure for measure in COMPARED if faces["methods"]["dual"][measure]}
    assert measured == {*COMPARED}


def check_truth(run: Run) -> None:
    assert run.json("compare/summary.json")["factors"] == "Factors, exact"
    assert run.names["survey"].names == run.names["oracle"].names
    assert float(run.out.splitlines()[-1]) < 0.65


def check_edits(run: Run) -> None:
    assert "Smiling" in run.out.splitlines()[-2]


def check_maps(run: Run) -> None:
    assert list(run.names["found"].results) == ["critic", "untrained critic", "pixels", "scorer"]


def check_measures(run: Run) -> None:
    assert len(run.names["profile"].speed) == 47


def check_recipes(run: Run) -> None:
    pixels = {path.stem: np.asarray(Image.open(path)) for path in run.folder.glob("*.png")}
    assert np.array_equal(pixels["samples"], pixels["again"])
    assert np.array_equal(pixels["smiling"], pixels["smiling-again"])
    assert not np.array_equal(pixels["smiling"], pixels["broader"])


def check_studio(run: Run) -> None:
    assert set(run.names["panel"].names) == set("0123456789")


def check_dcgan(run: Run) -> None:
    assert run.json("dcgan/summary.json")["sentences"] == run.out.splitlines()[:5]
    assert str(run.names["found"].sums[0].exhibit.sum) == "7 − 1 + 4"


def check_linear_map(run: Run) -> None:
    assert str(run.names["found"].verdict) in run.out
    numbers = run.json("linear-map/summary.json")
    assert (numbers["edited"], numbers["shown"], len(numbers["attributes"])) == (["3"], "3", 10)


def check_trust(run: Run) -> None:
    numbers = run.json("trust/summary.json")
    assert list(numbers["methods"]) == list(TRUST)
    assert sorted(numbers["goals"]) == ["3", "5"]
    assert numbers["reading"] == "judge"
    assert run.names["own"].confirmed.value >= 0


def check_z_against_w(run: Run) -> None:
    assert run.names["found"].comparison is None
    faces = run.json("z-against-w/summary.json")
    assert faces["spaces"] == ["z", "w"]
    assert list(faces["attributes"]) == ["Smiling"]
    assert faces["correlations"]["reference"]["description"] == "labels of 20000 drawn faces"


def trained(run: Run) -> None:
    assert {"generator.safetensors", "progress.csv", "checkpoint.pt", "best.safetensors"} <= run.files("run")


PAGES = {
    "README.md": Page(
        writes=["samples.png", "smile.png", "smiling.png", "smile.gif", "both.png", "sum.png"],
        prints=["selectivity by the judge, over 100 images", "linearity", "confirmed"],
        shorter={
            r"n=\d_000": "n=300",
            r"-n \d{4,}": "-n 300",
            r"^\$ ganatomy explore .*\n": "",
            r"guided\(G, scorer, w,": "guided(G, scorer, w[:2],",
        },
        check=check_readme,
    ),
    "docs/tutorial.md": Page(
        prints=[
            "Bright, from 10 yes and 10 no",
            "1 edited",
            "confirmed",
            "selectivity by the scorer, over 60 images",
            "selectivity by the judge, over 60",
        ],
        writes=["faces-report", "young.png", "smiling.png", "mine.png", "bright.png", "remedies.png"],
        shorter={
            "-n 300 -o": "-n 200 --attributes Smiling,Young --images 8 -o",
            r"differentiate\(survey, G, scorer\)": "differentiate(survey, G, scorer, n=16)",
        },
    ),
    "docs/bring-your-own-generator.md": Page(
        prepare=generator_files,
        prints=[
            "samples.png is a PNG image, not a file of weights",
            "Nvidia Source Code License (non-commercial)",
            "('cat', 'dog', 'fox')",
        ],
        writes=[
            "samples.png",
            "class-2.png",
            "mine.png",
            "cold.png",
            "mine.safetensors",
            "again.safetensors",
        ],
        check=check_generators,
    ),
    "docs/comparing.md": Page(
        folders=dict.fromkeys(("compare", "digits-compare"), (*DOCUMENT, "selectivity.csv")),
        mentions=CONTESTANTS,
        check=check_comparing,
    ),
    "docs/truth.md": Page(
        folders={"compare": (*DOCUMENT, "selectivity.csv")},
        prints=["3.000 logits", "map warped", "portraits.png: 16 of drawn", "1.0000"],
        writes=["portraits.png", "smiling.png"],
        check=check_truth,
    ),
    "docs/edits.md": Page(
        prints=[
            "smiling.png: 2 edited, ",
            '"held_drift"',
            "twice.png: 2 edited, strengths of Smiling solved for each image",
            "Smiling=x2: ",
        ],
        writes=["smiling.png", "older.latents", "smiles.png", "twice.png"],
        check=check_edits,
    ),
    "docs/few-labels.md": Page(
        prints=[
            "glasses, from 9 yes and 10 no",
            "glasses, from 12 yes and 12 no",
            "of the squared gradient",
        ],
        writes=["look.png", "glasses-walk.png", "glasses.png"],
    ),
    "docs/clusters.md": Page(
        prints=[
            "my.survey: 700 codes in z, 10 attributes",
            "survey of 700 codes in z, 10 attributes",
            "linearity z  mean 0.",
            "walks z",
        ],
        folders={"my.survey": ["survey.json", ".lock", "part-000000.parquet"]},
        mentions=METHODS,
    ),
    "docs/finding-directions.md": Page(
        prints=[
            "share of the squared change of styles",
            "mouth s ",
            "mean change of probability by 2 sigma along each direction, over 24 images",
        ],
        writes=[
            "sefa.directions",
            "ganspace.directions",
            "glasses.directions",
            "named.directions",
            "sefa.png",
        ],
    ),
    "docs/from-words.md": Page(
        prepare=tiny_words,
        prints=["centred on 60 images of faces", "a photo of a person smiling / a photo of a person\n"],
        writes=["smiling.png", "my.words", "mine.words"],
    ),
    "docs/maps.md": Page(
        prints=["trustworthiness 0.9", "of the variance"],
        writes=["digits.png", "digits.html", "faces.html", "classes.png", "classes.html"],
        check=check_maps,
    ),
    "docs/measures.md": Page(
        prints=["path-length w full", "walk of 48 frames"],
        check=check_measures,
    ),
    "docs/recipes.md": Page(check=check_recipes),
    "docs/studio.md": Page(prints=["digits.panel", "one step of 3 is"], check=check_studio),
    "docs/study-dcgan.md": Page(
        folders=dict.fromkeys(("dcgan", "digits-dcgan"), DOCUMENT),
        check=check_dcgan,
    ),
    "docs/study-linear-map.md": Page(
        folders=dict.fromkeys(("linear-map", "digits-linear-map"), DOCUMENT),
        figures="linear-map",
        mentions=LINEAR_MAP,
        check=check_linear_map,
    ),
    "docs/study-trust.md": Page(
        prints=["confirmed; judge"],
        folders={
            "trust": (*DOCUMENT, "blind.html", "blind-key.json"),
            "digits-trust": DOCUMENT,
        },
        figures="trust",
        mentions=TRUST,
        check=check_trust,
    ),
    "docs/study-ablation.md": Page(prints=["No order can be seen at this budget", "One run each"]),
    "docs/study-infogan.md": Page(prints=["attributes InfoGAN's codes steer"]),
    "docs/study-bias.md": Page(
        prints=["Moving Long_Hair by", "explains"],
        folders=dict.fromkeys(("bias", "toy-bias"), (*DOCUMENT, "bias.csv")),
    ),
    "docs/study-z-against-w.md": Page(
        prints=["linearity in z"],
        folders=dict.fromkeys(("z-against-w", "digits-z"), DOCUMENT),
        figures="z-against-w",
        check=check_z_against_w,
    ),
    "docs/photographs.md": Page(
        prints=["me.latents: 1 image by fast: PSNR", "1 fitted: PSNR", "Drawn faces are made with"],
        writes=[
            *(
                "me.png",
                "me-smiling.png",
                "again.latents",
                "smiling.png",
                "tuned.png",
                "mine.safetensors",
                "consulted.png",
            ),
            *("sheet.png", "between.png", "mix.png", "portrait-smiling.png", "portrait.gif", "whole.png"),
            *("both.png", "like-my-friend.png", "faces.json"),
        ],
        folders={
            "study": DOCUMENT,
            "aligned": ("portrait.png", "friend.png", "crops.json", "layout.json"),
            "smaller": ("portrait.png", "friend.png", "crops.json"),
            "wide": ("portrait.png", "crops.json"),
        },
        mentions=INVERSIONS,
        prepare=portraits,
        shorter={"-n 300 --images 8": "-n 300 --images 4"},
    ),
    "docs/attribute-networks.md": Page(
        prints=["scorer, on 16 images that were held out", "of all decisions are right", "all: accuracy"],
        writes=["scorer", "report", "mine", "mine-report"],
    ),
    "docs/training.md": Page(
        prints=["StyleGAN2", "dcgan-r1 of 16 px", "too few for shapes"],
        writes=["samples.png", "more"],
        check=trained,
        shorter={
            "--resolution 64 --minutes 600": "--resolution 16 --images 64 --width 32",
            "--images 64 --classes": "--images 64 --width 32 --classes",
            r"images=64\)": "images=64, width=32)",
            "--images 100000": "--images 64",
        },
    ),
    "docs/transfer.md": Page(
        prints=["smile.png: 1 of 1 reached: Smiling", '"held_drift"', "by linear", "by network"],
        writes=["smile.png", "both.latents", "linear.png", "learned.png", "smile.safetensors"],
    ),
}
QUICK = ("docs/bring-your-own-generator.md", "docs/few-labels.md", "docs/recipes.md")
"""Pages that take no more than a few seconds."""


def text_of(page: str) -> str:
    return (ROOT / page).read_text()


def test_every_page_with_something_to_run_is_in_the_table() -> None:
    pages = ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
    assert {page for page in pages if re.search("^```(python|console)$", text_of(page), re.MULTILINE)} == set(
        PAGES
    )


@pytest.mark.usefixtures("few_gradients")
@pytest.mark.parametrize(
    "page", [page if page in QUICK else pytest.param(page, marks=pytest.mark.slow) for page in PAGES]
)
def test_a_page_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected, text, names = PAGES[page], text_of(page), {}
    monkeypatch.chdir(tmp_path)
    expected.prepare(tmp_path, monkeypatch)
    for old, new in expected.shorter.items():
        text = re.sub(old, new, text, flags=re.MULTILINE)
    for language, block in re.findall(r"^```(python|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if language == "python":
            exec(block, names)
            continue
        for line in re.findall(r"^\$ ganatomy (.+)", block, re.MULTILINE):
            assert main(shlex.split(line)) == 0, f"{line}\n{capsys.readouterr().err}"
    run = Run(out=capsys.readouterr().out, names=names, folder=tmp_path)
    assert [text for text in expected.prints if text not in run.out] == []
    assert set(expected.writes) <= run.files()
    for folder, files in expected.folders.items():
        assert run.files(folder) == set(files)
    if expected.figures:
        described = re.findall(r"`([\w-]+)`", text)
        assert {Path(name).stem for name in run.files(f"{expected.figures}/figures")} <= set(described)
    expected.check(run)


@pytest.mark.parametrize("page", [page for page, expected in PAGES.items() if expected.mentions])
def test_a_page_names_everything_that_it_is_about(page: str) -> None:
    assert set(PAGES[page].mentions) <= set(re.findall(r"`([\w-]+)`", text_of(page)))


def test_measures_are_explained() -> None:
    assert set(MEASURES) <= set(re.findall(r"\*\*([a-z-]+)\*\*", text_of("docs/measures.md")))
    assert set(MEASURES) <= set(re.findall(r"`([a-z-]+)(?:\(|`)", text_of("docs/measures.md")))
    assert set(COMPARED) <= set(re.findall(r"\*\*(\w+)\*\*", text_of("docs/comparing.md")))


def test_the_default_text_image_model_is_the_one_of_its_page() -> None:
    assert f"| `clip` | `{clip.DEFAULT}`" in text_of("docs/from-words.md")
