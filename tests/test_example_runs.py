"""The example of every public name runs: on a generator with known truth, and on small files of the names in it."""

from __future__ import annotations

import gzip
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from generators.checkpoints import nvidia_files
from test_examples import examples
from test_sharing import hub  # noqa: F401  (a fixture)

import ganatomy
import ganatomy as ga
from ganatomy.cli import main
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.perception.network import AttributeConfig, AttributeNetwork
from ganatomy.training.studies.ablation.run import AblationBudget
from ganatomy.training.studies.infogan.run import InfoganBudget
from ganatomy.zoo import MODELS

NAMES = ("Smiling", "Male", "Young", "Eyeglasses", "Goatee")
ELSEWHERE = {"RayCluster", "LocalProcesses", "words", "work_on"}
"""What needs a cluster, GPUs, or a text-image model that is downloaded; tests of their own have small ones."""
QUICK_ENCODER = "settings=ga.EncoderSettings(steps=2, width=8)"
SMALLER: dict[str, dict[str, str]] = {
    "Crops": {"resolution=64": "resolution=8"},
    "TrainedAttributes": {'(images, "scorer")': '(labelled, "scorer", TINY_RECIPE)'},
    "FittedGenerator": {"G, ga.invert(G, images": "digits, ga.invert(digits, digit_images"},
    "attribute_channels": {"generator, ga.exemplars(survey": "styled, ga.exemplars(styled_survey"},
    "consult": {
        "(G, ga.invert(G, images[:1]": "(styled, ga.invert(styled, styled(styled.sample(1, seed=1)).detach()"
    },
    "critic_accuracy": {"images, labels": "many_digits, many_labels"},
    "load_layout": {"resolution=64": "resolution=8"},
    "pull": {"generator.sample(8": "generator.sample(2"},
    "push": {'ga.load("run/")': "generator"},
    "train_attributes": {'backbone="resnet34", stages=(128, 256)': "stages=(16,), epochs=1, batch=8"},
    "write_document": {"(found": "(explored"},
    "train_student": {'ga.scorer("classifier.onnx")': 'scorer.select(["Smiling"]), n=64, images=64'},
    "tune": {
        "generator, found, directions=directions": "digits, inverted, directions=slanted",
        'adopt(directions)["Smiling"]': 'adopt(slanted)["PC 1"]',
    },
    "EncoderNetwork": {
        "(generator)": f"(digits, {QUICK_ENCODER})",
        "(generator, images": "(digits, digit_images",
    },
    "train_encoder": {
        'ga.load("faces"), images=photographs': f"digits, images=digit_images, {QUICK_ENCODER}"
    },
    "document": {'ga.load("faces"), ga.scorer("faces")': "G, scorer", "3000": "300"},
    "ganspace": {"2_000": "600"},
    "pls": {"20": "4"},
    "study_ablation": {
        "2_000": "40",
        '"inception"': '"pixels"',
        'Path("ablation/")': 'Path("ablation/"), budget=TINY_ABLATION',
    },
    "study_infogan": {'Path("infogan/")': 'Path("infogan/"), budget=TINY_INFOGAN'},
    "study_dcgan": {"n=2000": "n=60, walks=2, map_method='pca', learnt=False"},
    "study_photographs": {'ga.load("faces"), ga.scorer("faces"), judge=ga.judge("faces")': "G, scorer"},
    "study_z_against_w": {'ga.load("faces"), ga.scorer("faces")': "G, scorer", "3000": "300"},
    "drawn_correlations": {"data=reference": "n=300, data=reference"},
    "drawn_reference": {"resolution=64, n=1000": "resolution=8, n=100"},
    "folder_reference": {"resolution=64": "resolution=8"},
    "nearest_training": {"resolution=64": "resolution=8"},
    "measure_layout": {
        "ga.face_detector()": "detector",
        "resolution=G.signature.size": "resolution=64, detector=detector",
    },
}
"""What is changed where an example would take minutes, or names a model that a toy stands for."""


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    """What the words of the examples stand for."""
    G = ga.ToyGenerator(
        w_dim=16, num_layers=4, attributes=NAMES, intercepts=(0.0, 0.0, 0.0, 0.0, -60.0), seed=0
    )
    scorer = ga.scorer(G)
    survey = ga.survey(G, scorer, n=300, space="w", seed=0)
    found, w = ga.regression(survey, NAMES[:4]), G.sample(8, seed=7, space="w")
    experiment = ga.Experiment(G, scorer)
    digits = ga.load("digits")
    photographs = ga.DrawnGenerator(resolution=96)
    points = torch.tensor([[36, 42], [60, 42], [48, 54], [38, 66], [58, 66]], dtype=torch.float64)
    face = ga.Face(box=(20, 20, 76, 80), score=1.0, points=points)
    several, seen_digits = digits.sample(40, seed=0), ga.survey(digits, ga.scorer("digits"), n=60)
    styled, by_pixels = tiny_stylegan2(), ga.scorer(lambda x: x.flatten(1)[:, :5].sigmoid(), names=NAMES)
    return {
        "styled": styled, "styled_survey": ga.survey(styled, by_pixels, n=60, space="w"),
        "labelled": ga.drawn_images(40, seed=0), "TINY_RECIPE": ga.AttributeRecipe(stages=(16,), epochs=1, batch=8),
        "many_digits": digits(several), "many_labels": torch.arange(40) % 10,
        "inverted": ga.invert(digits, digits(several[:2]), budget="quick"),
        "slanted": ga.pca(seen_digits, num_components=1),
        "layout": ga.measure_layout(photographs(photographs.sample(4, seed=0)), lambda _: [face]),
        "G": G, "generator": G, "scorer": scorer, "survey": survey, "found": found, "directions": found, "w": w,
        "latents": w, "codes": w, "images": G(w), "edited": G(w), "experiment": experiment, "digits": digits,
        "judge": ga.judge(by_pixels),
        "digit_images": digits(digits.sample(4, seed=0)), "other_generator": styled,
        "explored": ga.explore(experiment, n=300), "face": face, "points": points,
        "detector": lambda _: [face], "portraits": photographs(photographs.sample(80, seed=0)),
        "smiling_women": w[:2], "men": w[2:4], "women": w[4:6], "looking_right": w[0], "looking_left": w[1],
        "target": w[0], "source": w[1], "her": w[0], "his": w[1],
        "settings": ga.TransferSettings(attributes=("Smiling",), pool=32, steps=2, batch=4, hidden_dim=8),
        "labels": torch.arange(8) % 10,
        "TINY_ABLATION": AblationBudget(images=8, seeds=1, width=4, samples=40, configurations=("A", "F")),
        "TINY_INFOGAN": InfoganBudget(images=8, seeds=1, width=4, labels=40, edited=4),
        "ganatomy": ganatomy, "ga": ga, "torch": torch, "Path": Path,
    }  # fmt: skip


def tiny_stylegan2() -> StyleGAN2:
    torch.manual_seed(0)
    return StyleGAN2(StyleGAN2Config(widths=(6, 5), z_dim=16, w_dim=16, mapping_layers=2)).eval()


@pytest.fixture(scope="module")
def things(world: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small file of each name in the examples."""
    folder = tmp_path_factory.mktemp("things")
    for name in ("portrait.png", "me.jpg", "photograph.png"):
        ga.grid(world["portraits"][:1]).save(folder / name)
    for place in ("photos", "photographs", "celeba"):
        (folder / place).mkdir()
        for index, image in enumerate(world["portraits"]):
            ga.grid(image[None]).save(folder / place / f"{index:03}.png")
    rows = [(f"{index:03}.png", index % 2, index // 2 % 2) for index in range(80)]
    table = "image,Smiling,Male\n" + "".join(f"{name},{a},{b}\n" for name, a, b in rows)
    for name in ("labels.csv", "list_attr_celeba.csv", "celeba/labels.csv"):
        (folder / name).write_text(table)
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz", "wb") as file:
        file.write(struct.pack(">IIII", 2051, 64, 28, 28) + bytes(range(256)) * (64 * 784 // 256))
    signs = "".join(f"{name} {2 * a - 1} {2 * b - 1}\n" for name, a, b in rows)
    (folder / "list_attr_celeba.txt").write_text(f"{len(rows)}\nSmiling Male\n{signs}")

    write_models(folder)
    ga.save_layout(world["layout"], folder / "faces.json")
    ga.save_directions(world["found"], folder / "faces.directions")
    ga.save_latents(world["w"], folder / "eight.latents")
    ga.survey(world["G"], world["scorer"], n=300, space="w", seed=0, folder=folder / "my.survey")
    ga.write_document(
        ga.document(world["explored"], world["experiment"], model="toy"), folder / "faces-report"
    )
    np.save(folder / "stylegan_ffhq_smile_w_boundary.npy", world["found"]["Smiling"].vector.numpy()[None])
    np.savez(folder / "projected_w.npz", w=world["w"][:1].codes.numpy()[:, None].repeat(4, 1))
    ga.save_directions(ga.sefa(ga.load("faces"), layers=(0, 4)), folder / "sefa.directions")
    edit = [
        "edit",
        "faces",
        "--seed",
        "3",
        "--directions",
        str(folder / "sefa.directions"),
        "--move",
        "SeFa 1=2",
    ]
    assert main([*edit, "-o", str(folder / "smiling.png"), "--quiet"]) in (None, 0)
    return folder


def write_models(folder: Path) -> None:
    config = AttributeConfig(attributes=NAMES[:2], resolution=16, widths=(4, 4), blocks=(0, 0), hidden_dim=4)
    (folder / "scorer").mkdir()
    network = AttributeNetwork(config)
    network.save(folder / "scorer/scorer.safetensors")
    for name in ("scorer.onnx", "classifier.onnx"):
        ga.export_onnx(network, folder / name)
    shutil.copy(MODELS["digits"].critic, folder / "discriminator.safetensors")
    state = tiny_stylegan2().state_dict()
    record = nvidia_files.generator(state, {"z_dim": 16, "c_dim": 0, "w_dim": 16, "img_resolution": 8})
    nvidia_files.write(folder / "network-snapshot.pkl", nvidia_files.snapshot(record))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("name", [name for name, _ in examples() if name not in ELSEWHERE])
def test_an_example_runs(
    name: str,
    world: dict[str, Any],
    things: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = dict(examples())[name]
    for old, new in SMALLER.get(name, {}).items():
        assert old in code
        code = code.replace(old, new)
    shutil.copytree(things, tmp_path / "things")
    monkeypatch.chdir(tmp_path / "things")
    if "ga.pull(" in code:
        ga.push(world["G"], "me/faces", licence="CC-BY-4.0")
    exec(compile(code, f"the example of {name}", "exec"), dict(world))
