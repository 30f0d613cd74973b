"""StyleGAN's ablation at a budget of seconds: it resumes, tests what it says, and writes its page."""

import json
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.errors import CheckpointError, SettingError, UnknownNameError
from ganatomy.metrics.frechet import frechet_distance
from ganatomy.perception.features import features_of
from ganatomy.training.images import TrainingImages, array_images, split_off
from ganatomy.training.studies import runs, study_ablation
from ganatomy.training.studies.ablation import AblationBudget, AblationStudy, Trained

BUDGET = AblationBudget(images=32, seeds=1, width=4, samples=40, configurations=("A", "F"))


def pictures(n: int = 120) -> TrainingImages:
    return array_images(np.random.default_rng(0).integers(0, 256, (n, 16, 16, 3), dtype=np.uint8))


def study(distances: np.ndarray, names: str = "ABCDEF") -> AblationStudy:
    """A study with these distances, one row for each configuration."""
    rows = torch.randn(40, 2, generator=torch.Generator().manual_seed(0))
    plain = frechet_distance(rows[:20], rows[20:])
    generator = ga.ToyGenerator(seed=0)
    return AblationStudy(
        runs=tuple(
            Trained(
                configuration=name,
                seed=seed,
                distance=replace(plain, value=replace(plain.value, value=float(value))),
                seconds=60.0,
                generator=generator,
            )
            for name, row in zip(names, distances, strict=True)
            for seed, value in enumerate(row)
        ),
        resolution=16,
        images=1_000,
        data="noise",
        features="pixels",
        floor=0.5,
        seconds={"training": 1.0},
    )


def test_a_study_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learnt, real = split_off(pictures(), 40)
    features = features_of("pixels")
    train, taken = runs.train_gan, []

    def stop(*args: object, **kwargs: object) -> object:
        if len(taken) == 1:
            raise KeyboardInterrupt
        taken.append(args)
        return train(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(runs, "train_gan", stop)
        with pytest.raises(KeyboardInterrupt):
            study_ablation(learnt, real, features, tmp_path, budget=BUDGET)
    before = (tmp_path / "A-seed0" / "generator.safetensors").read_bytes()
    found = study_ablation(learnt, real, features, tmp_path, budget=BUDGET)
    assert (tmp_path / "A-seed0" / "generator.safetensors").read_bytes() == before
    assert found.configurations == ["A", "F"]
    assert all(run.distance.value.value > 0 for run in found.runs)
    with pytest.raises(CheckpointError, match="images differ"):
        study_ablation(learnt, real, features, tmp_path, budget=replace(BUDGET, images=64))


def test_the_command_writes_its_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").mkdir()
    for k, image in enumerate(pictures(200).read(np.arange(200))):
        Image.fromarray(image).save(tmp_path / "data" / f"{k}.png")
    out = tmp_path / "out"
    options = {
        "--resolution": "16",
        "--images": "16",
        "--seeds": "1",
        "--width": "4",
        "--samples": "40",
        "--configurations": "B,C",
        "--device": "cpu",
    }
    arguments = [
        "study",
        "ablation",
        str(tmp_path / "data"),
        "-o",
        str(out),
        *chain.from_iterable(options.items()),
    ]
    assert main(arguments) == 0, capsys.readouterr().err
    assert "One run each" in capsys.readouterr().out
    summary = json.loads((out / "summary.json").read_text())
    assert list(summary["configurations"]) == ["B", "C"]
    assert {path.name for path in (out / "figures").iterdir()} == {"distances.png", "samples.png"}
    page = (out / "report.html").read_text()
    assert "From Progressive GAN to StyleGAN" in page


def test_an_order_is_seen_where_there_is_one() -> None:
    rng = np.random.default_rng(0)
    steady = study(np.array([8.0, 5.3, 4.9, 4.7, 4.4, 4.2])[:, None] * rng.uniform(0.97, 1.03, (6, 3)))
    assert "fall from A to F as in the paper" in steady.verdict
    assert steady.best == "F"
    mean = steady.means["A"]
    assert mean.low < 8 < mean.high


def test_no_order_is_seen_where_seeds_differ_as_much() -> None:
    rng = np.random.default_rng(1)
    noise = study(10 * rng.uniform(0.5, 1.5, (6, 3)))
    assert noise.verdict.startswith("No order can be seen at this budget")
    turned = study(np.array([4.2, 4.4, 4.7, 4.9, 5.3, 8.0])[:, None] * rng.uniform(0.97, 1.03, (6, 3)))
    assert "not in the paper's order" in turned.verdict
    assert turned.best == "A"


def test_one_run_each_tells_nothing() -> None:
    assert study(np.array([[3.0], [1.0]]), "AF").verdict.startswith("One run each")


def test_the_share_of_exchanges_is_exact_for_two_groups() -> None:
    apart = study(np.array([[1.0, 1.1, 1.2], [3.0, 3.1, 3.2]]), "AB")
    # Of 20 ways to deal six runs to two groups two are as far apart.
    assert apart.p_differ == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"configurations": ("A", "G")}, UnknownNameError, "G"),
        ({"samples": 3}, SettingError, "samples at least"),
        ({"seeds": 0}, SettingError, "one seed"),
    ],
)
def test_budgets_that_tell_nothing_are_refused(change: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        replace(BUDGET, **change)


def test_too_few_images_to_compare_with_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="20 real images are too few"):
        study_ablation(pictures(), pictures(20), features_of("pixels"), tmp_path, budget=BUDGET)
    with pytest.raises(SettingError, match="cannot be split"):
        split_off(pictures(20), 10)
