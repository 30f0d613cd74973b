"""Attribute networks of labelled images: what is learnt, what is unknown, what kills change, what is refused."""

import random
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training.kills import in_processes, killed_after

import ganatomy as ga
from ganatomy.datasets.labelled_images import LabelledImages
from ganatomy.errors import CheckpointError, ScoreError, SettingError
from ganatomy.perception.network import AttributeConfig, AttributeNetwork
from ganatomy.perception.networks import load_network
from ganatomy.training.scorers import AttributeRecipe, Augmentation, train_attributes
from ganatomy.training.scorers.augmentation import import_kornia, turned
from ganatomy.training.scorers.losses import attribute_loss, positive_weights
from ganatomy.training.scorers.splits import halves, split

KILLS = 10
RECIPE = AttributeRecipe(stages=(16,), epochs=4, batch=32, precision="float32", learning_rate=1e-2)
KILLED = replace(RECIPE, stages=(8, 16), epochs=2, augmentation=Augmentation(strength=1.0, flip=True))


def squares(n: int = 400, *, rare: float = 0.4) -> LabelledImages:
    """Grey squares, bright or dark, with a white bar on the left of some."""
    rng = np.random.default_rng(0)
    level, left = rng.uniform(20, 180, n), rng.random(n) < rare
    pixels = np.repeat(level, 16 * 16 * 3).reshape(n, 16, 16, 3).astype(np.uint8)
    pixels[left, :, :4] = 255
    labels = torch.from_numpy(np.stack([level > 100, left], axis=1)).float()
    return LabelledImages(
        description=f"{n} squares",
        names=("Bright", "Left"),
        labels=labels,
        files=[str(row) for row in range(n)],
        read=lambda rows, size: np.ascontiguousarray(pixels[rows][:, :: 16 // size, :: 16 // size]),
        factor_names=("level",),
        factors=torch.from_numpy(level).float()[:, None],
    )


def auc(folder: Path, images: LabelledImages, rows: np.ndarray) -> dict[str, float]:
    found = ga.study_attributes(ga.scorer(folder), images.select(rows), saliency=False)
    return {one.name: one.auc.value for one in found.readings.attributes}


def test_two_folds_give_a_scorer_and_a_judge_that_share_no_person(tmp_path: Path) -> None:
    images = squares()
    images = replace(images, people=torch.arange(len(images)) // 2)
    lines: list[str] = []
    made = train_attributes(images, tmp_path, replace(RECIPE, folds=2), device="cpu", say=lines.append)
    assert min(auc(tmp_path, images, made.parts["test"]).values()) > 0.9
    judge = ga.judge(tmp_path)
    assert judge.names == ("Bright", "Left")
    assert not judge.sources & ga.scorer(tmp_path).sources
    assert load_network(made.scorer).config != load_network(tmp_path / "judge.safetensors").config
    parts = [set((rows // 2).tolist()) for rows in made.parts.values()]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    first, second = halves(images, made.parts["train"])
    assert not set((first // 2).tolist()) & set((second // 2).tolist())
    assert abs(len(first) - len(second)) <= 4
    assert "F2 image" in lines[0]
    assert len((tmp_path / "scorer-epochs.csv").read_text().splitlines()) == 1 + len(made.epochs["scorer"])
    level = ga.study_attributes(
        ga.scorer(tmp_path), images.select(made.parts["test"]), saliency=False
    ).factors[0]
    assert level.error.value < level.base_error


def test_unknown_and_rare_labels_are_learnt_from_and_the_table_says_how_little_is_known(
    tmp_path: Path,
) -> None:
    images = squares(600, rare=0.05)
    labels = images.labels.clone()
    labels[torch.arange(600) % 3 > 0, 0] = torch.nan
    images = replace(images, labels=labels, factor_names=(), factors=None)
    recipe = replace(RECIPE, balanced=True, loss="focal", patience=2, epochs=6)
    made = train_attributes(images, tmp_path, recipe, device="cpu")
    found = ga.study_attributes(ga.scorer(tmp_path), images.select(made.parts["test"]), saliency=False)
    assert found.readings["Bright"].known < 30
    assert found.readings["Left"].says_little
    assert any("little can be said" in text for text in ga.document(found).sentences)
    assert auc(tmp_path, images, made.parts["train"])["Bright"] > 0.9


def test_a_run_of_other_settings_or_data_is_not_gone_on_with(tmp_path: Path) -> None:
    images, short = squares(120), replace(RECIPE, epochs=1)
    train_attributes(images, tmp_path, short, device="cpu")
    again = train_attributes(images, tmp_path, short, device="cpu")
    assert len(again.epochs["scorer"]) == 1, "a finished run is finished"
    with pytest.raises(CheckpointError, match="learning_rate"):
        train_attributes(images, tmp_path, replace(short, learning_rate=0.5), device="cpu")
    with pytest.raises(CheckpointError, match="data"):
        train_attributes(replace(images, labels=1 - images.labels), tmp_path, short, device="cpu")


def train_in(folder: Path, steps: int = 0, delay: float = 0.0) -> None:
    """Train, or be killed this many seconds after so many steps, in the middle of whatever is done then."""
    torch.set_num_threads(1)

    # Every step is saved, so that each process gets a little further.
    settings = AttributeRecipe.settings

    def often(*args: object, **more: object) -> object:
        return replace(settings(*args, **more), checkpoint_seconds=0.0)

    AttributeRecipe.settings = often  # pyright: ignore[reportAttributeAccessIssue]
    train_attributes(squares(200), folder, KILLED, device="cpu", progress=killed_after(steps, delay))


@pytest.mark.slow
def test_ten_kills_change_nothing_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(0)
    run = in_processes(train_in, tmp_path, monkeypatch, preload="ganatomy.training.scorers")
    assert run("unbroken") == 0
    # Twelve steps: a kill after one may lose it, so that ten kills do not end the run before the last.
    for _ in range(KILLS):
        assert run("killed", 1, rng.uniform(0.0, 0.01)) == -signal.SIGKILL
    assert run("killed") == 0
    states = [
        load_network(tmp_path / name / "scorer.safetensors").state_dict() for name in ("killed", "unbroken")
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    tables = [
        (tmp_path / name / "scorer-epochs.csv").read_text().splitlines() for name in ("killed", "unbroken")
    ]
    rows = [[line.rpartition(",")[0] for line in table] for table in tables]
    assert rows[0] == rows[1]


def test_losses_leave_out_what_is_unknown() -> None:
    config = AttributeConfig(attributes=("A", "B"))
    logits = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
    labels = torch.tensor([[1.0, torch.nan], [0.0, 1.0]])
    by_hand = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor([1.0, 0.5, 3.0]), torch.tensor([1.0, 0.0, 1.0])
    )
    assert attribute_loss(config, logits, labels).item() == pytest.approx(by_hand.item())
    assert attribute_loss(config, logits, torch.full((2, 2), torch.nan)).item() == 0
    focal = attribute_loss(config, logits, labels, focal=True)
    assert focal < attribute_loss(config, logits, labels), "what is read well counts less"
    classes = replace(config, activation="softmax")
    hot = torch.tensor([[1.0, 0.0], [torch.nan, torch.nan]])
    expected = torch.nn.functional.cross_entropy(logits[:1], torch.tensor([0]))
    assert attribute_loss(classes, logits, hot).item() == pytest.approx(expected.item())
    weights = positive_weights(classes, torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert weights.tolist() == pytest.approx([2 / 3, 2])


def test_images_are_turned_and_warped_by_kornia() -> None:
    try:
        import_kornia()
    except SettingError:
        pytest.skip("the extra `classifiers` is not installed")
    torch.manual_seed(0)
    images = torch.rand(4, 3, 16, 16) * 2 - 1
    still = turned(images, rotation=0.0, warp=0.0)
    torch.testing.assert_close(still, images, atol=1e-4, rtol=0)
    moved = Augmentation(strength=0, rotation=20, warp=0.1, flip=True, light=0.2)(images)
    assert moved.shape == images.shape
    assert moved.abs().max() <= 1 + 1e-5
    assert not torch.allclose(moved, images, atol=0.1)


def test_a_balanced_network_is_calibrated_like_any_other(tmp_path: Path) -> None:
    images = squares(600, rare=0.1)
    images = replace(images, factor_names=(), factors=None)
    train_attributes(images, tmp_path, replace(RECIPE, balanced=True), device="cpu")
    chances = ga.scorer(tmp_path)(images.images(np.arange(600), 16)).probabilities
    assert abs(float(chances[:, 1].mean()) - float(images.labels[:, 1].mean())) < 0.05


def test_what_cannot_be_trained_is_refused(tmp_path: Path) -> None:
    images = squares(60)
    one = replace(images, labels=torch.ones(60, 2))
    with pytest.raises(ScoreError, match=r"'Bright' has one class only \(48 positive, 0 negative"):
        train_attributes(one, tmp_path, RECIPE, device="cpu")
    with pytest.raises(SettingError, match="too few to be divided"):
        split(images.select(np.arange(3)))
    with pytest.raises(SettingError, match=r"held_out=0.7"):
        split(images, held_out=0.7)
    with pytest.raises(SettingError, match="3 folds cannot be"):
        AttributeRecipe(folds=3)
    with pytest.raises(SettingError, match="'float8' is no precision"):
        AttributeRecipe(precision="float8")
    with pytest.raises(SettingError, match="starts from nothing; name a --backbone"):
        train_attributes(images, tmp_path / "weights", replace(RECIPE, weights="a.pt"), device="cpu")
    with pytest.raises(SettingError, match="need images of 8 px, not 4"):
        train_attributes(images, tmp_path, replace(RECIPE, stages=(8, 4)), device="cpu")
    with pytest.raises(SettingError, match="warp=0.9"):
        Augmentation(warp=0.9)
    with pytest.raises(SettingError, match="is no loss"):
        train_attributes(images, tmp_path, replace(RECIPE, loss="hinge"), device="cpu")


def test_a_backbone_starts_frozen_and_learns_slower_in_its_first_layers(tmp_path: Path) -> None:
    from ganatomy.graphs.torchvision import import_torchvision

    import_torchvision()
    timm = pytest.importorskip("timm", reason="the extra `classifiers` is not installed")
    from ganatomy.perception.backbones import BackboneConfig, BackboneNetwork
    from ganatomy.training.scorers.rates import parameter_groups

    torch.manual_seed(0)
    weights = timm.create_model("resnet10t").state_dict()
    torch.save(weights, tmp_path / "weights.pth")
    network = BackboneNetwork(BackboneConfig(backbone="resnet10t", attributes=("A",), resolution=32))
    groups = parameter_groups(network, rate=1.0, layer_decay=0.5, weight_decay=0.1)
    assert len({group["lr"] for group in groups}) > 3
    assert groups[-1]["lr"] == 1.0
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))
    images = replace(squares(60), factor_names=(), factors=None)
    recipe = replace(
        RECIPE,
        backbone="resnet10t",
        weights=str(tmp_path / "weights.pth"),
        epochs=2,
        frozen=0.9,
        layer_decay=0.1,
    )
    made = train_attributes(images, tmp_path / "run", recipe, device="cpu")
    state = load_network(made.scorer).state_dict()
    change = (state["backbone.conv1.0.weight"] - weights["conv1.0.weight"]).abs().max()
    assert 0 < change < 0.05
    assert isinstance(AttributeNetwork(AttributeConfig(attributes=("A",))).trunk, torch.nn.Sequential)
