"""A user's own module or function as a generator."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import ganatomy as ga


def drawing(low: float, high: float, *, channels: int = 3, size: int = 8):
    def paint(z: Tensor) -> Tensor:
        level = torch.sigmoid(z.sum(1)).view(-1, 1, 1, 1)
        return low + (high - low) * level.expand(-1, channels, size, size)

    return paint


def test_three_lines_make_a_generator() -> None:
    net = nn.Sequential(nn.Linear(7, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    G = ga.wrap(net, z_dim=7)
    images = G(G.sample(3, seed=1))
    assert images.shape == (3, 1, 8, 8)
    assert torch.equal(images, net(G.sample(3, seed=1).codes))
    assert (G.signature.architecture, G.signature.resolution) == ("Sequential", 8)


def test_convolutions_that_want_single_pixels_get_them() -> None:
    net = nn.Sequential(nn.ConvTranspose2d(5, 3, 8), nn.Tanh())
    G = ga.wrap(net, z_dim=5)
    codes = G.sample(2).codes
    assert torch.equal(G(G.sample(2)), net(codes[:, :, None, None]))


def test_modules_are_used_in_eval_mode() -> None:
    net = nn.Sequential(nn.Linear(4, 64), nn.Dropout(0.5), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    G = ga.wrap(net, z_dim=4)
    z = G.sample(4)
    assert torch.equal(G(z), G(z))


def test_a_mapping_gives_a_w_space() -> None:
    mapping = nn.Linear(3, 5)
    G = ga.wrap(
        nn.Sequential(nn.Linear(5, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))), z_dim=3, mapping=mapping
    )
    assert (G.signature.w_dim, [*G.signature.spaces]) == (5, ["z", "w"])
    z = G.sample(2)
    torch.testing.assert_close(G.map(z, to="w").codes, mapping(z.codes))
    with pytest.raises(ga.SettingError, match="no mean w"):
        G.sample(2, space="w", truncation_psi=0.5)


def test_the_first_of_several_outputs_is_the_image() -> None:
    paint = drawing(-1, 1)
    G = ga.wrap(lambda z: (paint(z), None), z_dim=3)
    assert G(G.sample(2)).shape == (2, 3, 8, 8)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 255.0)], ids=["from 0 to 1", "from 0 to 255"])
def test_other_ranges_are_noticed_and_converted_when_named(low: float, high: float) -> None:
    with pytest.raises(ga.SettingError, match=rf"value_range=\({low:g}, {high:g}\)"):
        ga.wrap(drawing(low, high), z_dim=4)
    G = ga.wrap(drawing(low, high), z_dim=4, value_range=(low, high))
    torch.testing.assert_close(G(G.sample(5)), drawing(-1, 1)(G.sample(5).codes))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda z: z, "shape .4, 3. for 4 codes, not images"),
        (drawing(-1, 1, channels=5), "shape .4, 5, 8, 8."),
        (lambda z: drawing(-1, 1)(z)[:1], "shape .1, 3, 8, 8. for 4 codes"),
        (lambda z: drawing(-1, 1)(z) * float("nan"), "not finite"),
        (lambda z: drawing(0, 255)(z).to(torch.uint8), "torch.uint8"),
        (lambda z: "image", "gives a str"),
        (nn.Linear(9, 4), "fails on codes of shape .4, 3..*check z_dim"),
    ],
    ids=["no image", "five channels", "one image", "nan", "bytes", "text", "wrong z_dim"],
)
def test_what_is_no_generator_is_refused_with_what_it_gave(model, message: str) -> None:
    with pytest.raises(ga.SettingError, match=message):
        ga.wrap(model, z_dim=3)


def test_other_wrong_settings_are_refused() -> None:
    with pytest.raises(ga.SettingError, match="z_dim 0"):
        ga.wrap(drawing(-1, 1), z_dim=0)
    with pytest.raises(ga.SettingError, match="lower and a higher"):
        ga.wrap(drawing(-1, 1), z_dim=3, value_range=(1.0, 0.0))
    with pytest.raises(ga.SettingError, match="'normel' is not a prior"):
        ga.wrap(drawing(-1, 1), z_dim=3, prior="normel")
    with pytest.raises(ga.SettingError, match="mapping must give w codes"):
        ga.wrap(drawing(-1, 1), z_dim=3, mapping=lambda z: z[:1])


def test_images_that_change_their_size_are_noticed() -> None:
    def growing(z: Tensor) -> Tensor:
        return drawing(-1, 1, size=8 if len(z) == 4 else 16)(z)

    G = ga.wrap(growing, z_dim=3)
    with pytest.raises(ga.SettingError, match="16, 16.*8, 8.* when it was wrapped"):
        G(G.sample(5))


def test_fingerprints_follow_weights_or_for_functions_what_they_make() -> None:
    def fingerprint(model) -> str:
        return ga.wrap(model, z_dim=3).fingerprint

    net = nn.Sequential(nn.Linear(3, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    before = fingerprint(net)
    assert before == fingerprint(net)
    with torch.no_grad():
        net[0].bias.add_(0.01)
    assert fingerprint(net) != before
    assert fingerprint(drawing(-1, 1)) == fingerprint(drawing(-1, 1))
    assert fingerprint(drawing(-1, 1)) != fingerprint(drawing(-1, 0.5))
