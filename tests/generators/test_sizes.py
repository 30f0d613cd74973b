"""Generators of any height and width, and of one to four channels: everything that draws, scores and cuts images."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import plain
import pytest
import torch
from generators.onnx_files import Net
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.generators.base import Generator
from ganatomy.generators.description import describe
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.generators.variety import draw_variety
from ganatomy.graphs.torchvision import import_torchvision
from ganatomy.images import opaque, shown, to_pil
from ganatomy.perception import FunctionScorer
from ganatomy.photographs import align, open_photograph, paste

SIZE = (12, 18)


def decoder(channels: int, size: tuple[int, int] = SIZE) -> Generator:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Linear(5, channels * size[0] * size[1]), nn.Tanh(), nn.Unflatten(1, (channels, *size))
    )
    return ga.wrap(layers.requires_grad_(False), z_dim=5)


def photograph(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sheets_and_films_show_them_as_they_are(channels: int, tmp_path: Path):
    G = decoder(channels)
    assert (G.signature.size, G.signature.channels) == (SIZE, channels)
    images = G(G.sample(4, seed=0))
    assert ga.grid(images, columns=2, scale=2, gap=1).size == (2 * 37 + 1, 2 * 25 + 1)
    expected = np.asarray(shown(to_pil(images[0])))
    sheet = np.asarray(ga.grid(images, columns=2, scale=1, gap=1))
    assert np.array_equal(sheet[1:13, 1:19], expected)
    _, variety = draw_variety(G)
    assert not list(variety.notes())


@pytest.mark.parametrize("channels", [2, 4])
def test_scorers_see_what_is_transparent_on_white(channels: int):
    images = torch.zeros(1, channels, 4, 6)
    images[:, -1] = -1  # transparent
    images[:, -1, :2] = 1
    flat = opaque(images)
    assert flat.shape[1] == channels - 1
    assert flat[:, :, :2].unique().tolist() == [0.0]
    assert flat[:, :, 2:].unique().tolist() == [1.0]
    scorer = FunctionScorer(lambda x: x.mean((1, 2, 3))[:, None], names=["Bright"], output="logits")
    assert float(scorer(images).logits) == pytest.approx(0.5)


def test_a_gradient_flows_into_alpha():
    G = decoder(4)
    scorer = FunctionScorer(lambda x: x.mean((1, 2, 3))[:, None], names=["Bright"], output="logits")
    z = G.sample(2, seed=0)
    codes = z.codes.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(scorer(G(z.with_codes(codes))).logits.sum(), codes)
    assert bool((gradient != 0).all())


def test_features_are_those_of_the_image_on_white():
    from ganatomy.perception.features import coarse_pixels

    images = decoder(4)(decoder(4).sample(2, seed=0))
    assert torch.equal(coarse_pixels()(images), coarse_pixels()(opaque(images)))


def test_surveys_and_directions_do_not_mind():
    G = decoder(4)
    middle = opaque(G(G.sample(50, seed=1))).mean()
    scorer = FunctionScorer(
        lambda x: 50 * (x.mean((1, 2, 3)) - middle)[:, None], names=["Bright"], output="logits"
    )
    found = ga.regression(ga.survey(G, scorer, n=200, space="z", seed=0))
    assert found["Bright"].auc > 0.9


@pytest.mark.parametrize("start", [(4, 6), (3, 2)])
@pytest.mark.parametrize("architecture", ["skip", "residual"])
def test_a_constant_of_another_form_makes_images_of_that_form(start, architecture: str, tmp_path: Path):
    torch.manual_seed(0)
    config = StyleGAN2Config(
        widths=(6, 5, 4),
        z_dim=5,
        w_dim=6,
        mapping_layers=2,
        start=start,
        channels=4,
        architecture=architecture,
    )
    G = StyleGAN2(config).eval()
    for name, parameter in G.named_parameters():
        if "noise_strength" in name:
            torch.nn.init.normal_(parameter)
    w = G.sample(3, seed=0, space="w")
    assert G.signature.size == (4 * start[0], 4 * start[1])
    assert torch.allclose(G(w), plain.stylegan2(G, w), atol=1e-4)
    torch.save(G.state_dict(), tmp_path / "net.pt")
    again = ga.load(tmp_path / "net.pt")
    assert torch.allclose(again(again.sample(3, seed=0, space="w")), G(w), atol=1e-5)
    exported = ga.export(again, tmp_path / "out.safetensors").path
    assert ga.load(exported).signature == again.signature
    assert describe(again).flops is not None


def test_a_photograph_is_cut_and_pasted_in_the_same_form(tmp_path: Path):
    opened = open_photograph(photograph(300, 300))
    crops = align(opened, layout="crop", resolution=SIZE, channels=4)
    assert tuple(crops.images.shape) == (1, 4, *SIZE)
    assert bool((crops.images[:, 3] == 1).all())
    left, top, right, bottom = (*crops.quads[0].amin(0).tolist(), *crops.quads[0].amax(0).tolist())
    assert (left, top, right, bottom) == pytest.approx((0, 50, 300, 250))
    same = paste(opened, crops, crops.images, reconstructed=crops.images)
    assert np.abs(np.asarray(same).astype(int) - np.asarray(opened.image)).max() <= 1
    hidden = crops.images.clone()
    hidden[:, 3] = -1  # nothing of it is seen
    pasted = np.asarray(paste(opened, crops, hidden, carry="nothing")).astype(int)
    smooth = np.asarray(paste(opened, crops, crops.images, carry="nothing")).astype(int)
    assert np.array_equal(pasted, smooth)


def test_a_face_template_of_another_form_is_undone_by_its_own_crop():
    from ganatomy.photographs.layouts import CELEBA, TemplateLayout
    from ganatomy.photographs.sampling import locate

    layout = TemplateLayout(points=CELEBA.points, aspect=1.5)
    points = CELEBA.points * torch.tensor([90.0, 60.0]).double() + 7
    assert torch.allclose(layout(points), torch.tensor([[7, 7], [7, 67], [97, 67], [97, 7]]).double())
    assert torch.allclose(locate(layout(points), points), CELEBA.points)
    turned = points @ torch.tensor([[0.8, 0.6], [-0.6, 0.8]]).double() * 2
    assert layout.error(turned) < 1e-9


def test_codes_of_an_image_are_found():
    G = decoder(4)
    z = G.sample(1, seed=5)
    found = ga.invert(G, G(z), budget=40)
    assert float(found.psnr[0]) > 30


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_the_command_line_draws_them(channels: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = Net(channels=channels).save(tmp_path / "net.onnx")
    assert main(["info", str(path), "--json", "-o", str(tmp_path / "sheet.png")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["resolution"], told["width"], told["channels"]) == (6, 8, channels)
    assert main(["sample", str(path), "-n", "6", "-o", str(tmp_path / "samples.png")]) == 0
    assert main(["sample", str(path), "-n", "1", "-o", str(tmp_path / "one.jpg")]) == 0
    for film in ("walk.mp4", "walk.gif"):
        words = ["walk", str(path), "--seed", "1,2", "--steps", "4", "-o", str(tmp_path / film)]
        assert main(words) == 0, capsys.readouterr().err
    with Image.open(tmp_path / "walk.gif") as frames:
        assert frames.size[0] / frames.size[1] == pytest.approx(8 / 6, abs=0.05)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_the_command_line_inverts_photographs_on_them(
    channels: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    import_torchvision()
    pytest.importorskip("onnx2torch", reason="onnx2torch is not installed; pip install 'ganatomy[gradients]'")
    path = Net(channels=channels).save(tmp_path / "net.onnx")
    photograph(60, 40).save(tmp_path / "me.jpg")
    out = str(tmp_path / "me.latents")
    words = ["invert", str(path), str(tmp_path / "me.jpg"), "--align", "crop", "-o", out]
    assert main(words) == 0, capsys.readouterr().err


def test_the_studio_lays_them_out_in_their_form():
    from ganatomy.studio.queries import small, sprite

    images = decoder(4)(decoder(4).sample(3, seed=0))
    cells = [small(image, 36) for image in images]
    assert {cell.size for cell in cells} == {(36, 24)}
    assert {cell.mode for cell in cells} == {"RGB"}
    assert sprite(cells, columns=2).size == (72, 48)


def test_the_signature_says_its_size_in_words():
    it = decoder(3).signature
    assert it.pixels == "18 x 12 px"
    assert dataclasses.replace(it, width=12).pixels == "12 px"


def test_other_shapes_are_refused():
    def flat(z: Tensor) -> Tensor:
        return z[:, :, None].tanh()

    with pytest.raises(ga.SettingError, match="1 to 4, height, width"):
        ga.wrap(flat, z_dim=5)
    five = nn.Sequential(nn.Linear(5, 5 * 16), nn.Tanh(), nn.Unflatten(1, (5, 4, 4)))
    with pytest.raises(ga.SettingError, match="1 to 4, height, width"):
        ga.wrap(five, z_dim=5)


class Rectangle(nn.Module):
    """A dense layer to 4 x 6 pixels, a transposed convolution, up-sampling, and a convolution: 16 x 24."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(
            nn.Linear(7, 8 * 24), nn.LeakyReLU(0.2), nn.Unflatten(1, (8, 4, 6)),
            nn.ConvTranspose2d(8, 6, 4, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.Upsample(scale_factor=2),
            nn.Conv2d(6, channels, 3, padding=1), nn.Tanh(),
        )  # fmt: skip
        for _ in range(30):
            self.net(torch.randn(32, 7))
        self.eval().requires_grad_(False)

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_whole_modules_of_another_form_are_read(channels: int, tmp_path: Path):
    net = Rectangle(channels)
    torch.save(net.net, tmp_path / "net.pt")
    found = ga.load(tmp_path / "net.pt")
    assert (found.signature.size, found.signature.channels) == ((16, 24), channels)
    z = found.sample(3, seed=0)
    assert torch.allclose(found(z), net(z.codes), atol=1e-5)
    again = ga.load(ga.export(found, tmp_path / "out.safetensors").path)
    assert again.signature == found.signature
    assert again.fingerprint == found.fingerprint


@pytest.mark.parametrize("channels", [1, 4])
def test_keras_models_of_another_form_are_read(channels: int, tmp_path: Path):
    from generators.checkpoints.test_keras import KerasLayer, write_model

    rng = np.random.default_rng(0)

    def weights(*shape: int, bias: int) -> dict[str, np.ndarray]:
        return {
            "kernel": rng.standard_normal(shape).astype(np.float32) / 3,
            "bias": rng.standard_normal(bias).astype(np.float32),
        }

    dense, deconv = weights(12, 8 * 24, bias=192), weights(4, 4, 6, 8, bias=6)
    conv = weights(3, 3, 6, channels, bias=channels)
    same = {"padding": "same", "activation": "linear"}
    layers = [
        KerasLayer("Dense", {"name": "dense", "units": 192, "activation": "relu"}, dense),
        KerasLayer("Reshape", {"name": "reshape", "target_shape": [4, 6, 8]}),
        KerasLayer("Conv2DTranspose",
                   {"name": "deconv", "filters": 6, "kernel_size": [4, 4], "strides": [2, 2], **same}, deconv),
        KerasLayer("UpSampling2D", {"name": "up", "size": [2, 2], "interpolation": "nearest"}),
        KerasLayer("Conv2D", {"name": "conv", "filters": channels, "kernel_size": [3, 3], "strides": [1, 1],
                              "padding": "same", "activation": "tanh"}, conv),
    ]  # fmt: skip
    found = ga.load(write_model(tmp_path / "net.h5", layers))
    assert (found.signature.size, found.signature.channels) == ((16, 24), channels)
    z = found.sample(3, seed=0)
    it = {name: {leaf: torch.from_numpy(array) for leaf, array in part.items()}
          for name, part in (("dense", dense), ("deconv", deconv), ("conv", conv))}  # fmt: skip
    x = (z.codes @ it["dense"]["kernel"] + it["dense"]["bias"]).relu().view(-1, 4, 6, 8).permute(0, 3, 1, 2)
    kernel = it["deconv"]["kernel"].permute(3, 2, 0, 1)
    x = F.conv_transpose2d(x, kernel, it["deconv"]["bias"], stride=2, padding=1)
    x = F.interpolate(x, scale_factor=2)
    x = F.conv2d(x, it["conv"]["kernel"].permute(3, 2, 0, 1), it["conv"]["bias"], padding=1).tanh()
    assert torch.allclose(found(z), x, atol=1e-5)


def test_weights_alone_may_end_in_alpha(tmp_path: Path):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.ConvTranspose2d(20, 16, 4, 1, 0, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 4, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.ConvTranspose2d(8, 4, 4, 2, 1, bias=False), nn.Tanh(),
    )  # fmt: skip
    for _ in range(60):
        net(torch.randn(64, 20, 1, 1))
    torch.save(net.eval().state_dict(), tmp_path / "net.pt")
    found = ga.load(tmp_path / "net.pt")
    assert (found.signature.size, found.signature.channels) == ((16, 16), 4)
    z = found.sample(3, seed=0)
    assert torch.allclose(found(z), net(z.codes[:, :, None, None]), atol=1e-5)
