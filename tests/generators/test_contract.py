"""What holds for every generator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import ganatomy as ga
from ganatomy.generators import save_generator
from ganatomy.generators.wrapped import WrappedGenerator
from ganatomy.latents import Latents, Space


def test_samples_say_where_they_live(generator: ga.Generator) -> None:
    for space in generator.signature.spaces:
        latents = generator.sample(3, seed=1, space=space)
        assert latents.space == space
        assert latents.fingerprint == generator.fingerprint
        assert len(latents) == 3


def test_images_have_the_promised_shape_and_range(generator: ga.Generator) -> None:
    it = generator.signature
    images = generator(generator.sample(4))
    assert images.shape == (4, it.channels, it.resolution, it.resolution)
    assert images.dtype == torch.float32
    assert images.isfinite().all()
    if it.architecture not in {"ProGAN", "StyleGAN", "StyleGAN2", "StyleGAN3"}:  # whose range is learnt
        assert images.abs().max() <= 1
    assert images.std(0).max() > 1e-3, "all codes give the same image"


def test_the_same_image_comes_out_of_every_space(generator: ga.Generator) -> None:
    z = generator.sample(2, seed=3)
    direct = generator(z)
    for space in generator.signature.spaces:
        torch.testing.assert_close(generator(generator.map(z, to=space)), direct, atol=1e-5, rtol=1e-4)


def test_the_same_codes_give_the_same_images(generator: ga.Generator) -> None:
    z = generator.sample(2)
    assert torch.equal(generator(z), generator(z))


def test_a_image_does_not_depend_on_its_batch(generator: ga.Generator) -> None:
    z = generator.sample(5)
    together = generator(z)
    alone = torch.cat([generator(z[i]) for i in range(5)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_no_codes_give_no_images(generator: ga.Generator) -> None:
    none = generator.sample(0)
    assert len(none) == 0
    assert generator(none).shape[0] == 0


def test_a_stream_of_codes_can_be_drawn_in_pieces(generator: ga.Generator) -> None:
    whole = generator.sample(600, seed=5)
    pieces = Latents.cat([generator.sample(n, seed=5, start=s) for s, n in ((0, 1), (1, 300), (301, 299))])
    assert torch.equal(whole.codes, pieces.codes)
    if whole.labels is not None:
        assert torch.equal(whole.labels, pieces.labels)
    assert not torch.equal(whole.codes, generator.sample(600, seed=6).codes)


def test_codes_follow_the_prior(generator: ga.Generator) -> None:
    codes = generator.sample(4000).codes
    uniform = generator.signature.prior == "uniform"
    assert codes.std() == pytest.approx(3**-0.5 if uniform else 1.0, rel=0.03)
    assert (codes.abs().max() <= 1) == uniform


def test_gradients_flow_to_the_codes(generator: ga.Generator) -> None:
    generator.requires_grad_(False)
    for space in generator.signature.spaces:
        latents = generator.sample(2, space=space)
        codes = latents.codes.detach().clone().requires_grad_()
        generator(latents.with_codes(codes)).square().sum().backward()
        assert codes.grad is not None
        assert codes.grad.isfinite().all()
        assert codes.grad.abs().sum() > 0


def test_precision_follows_the_generator(generator: ga.Generator) -> None:
    single = generator(generator.sample(2))
    generator.double()
    if generator.dtype != torch.float64:
        pytest.skip("a function has no weights whose precision could change")
    codes = generator.sample(2)
    assert codes.codes.dtype == torch.float64
    torch.testing.assert_close(generator(codes).float(), single, atol=1e-4, rtol=1e-3)


def test_a_file_gives_the_same_generator_back(generator: ga.Generator, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    if isinstance(generator, WrappedGenerator):
        with pytest.raises(ga.SettingError, match="code of yours"):
            save_generator(generator, path)
        return
    save_generator(generator, path)
    again = ga.load(path)
    assert again.fingerprint == generator.fingerprint
    assert again.signature == generator.signature
    z = generator.sample(2, seed=9)
    with (
        torch.no_grad()
    ):  # the generator's weights ask for gradients, for which sums may be taken in another order
        torch.testing.assert_close(again(z), generator(z), atol=0, rtol=0)
    assert not any(parameter.requires_grad for parameter in again.parameters())


@pytest.mark.parametrize("bits", [16, 8])
def test_files_of_fewer_bits_are_close_and_stay_what_they_are(
    generator: ga.Generator, bits: int, tmp_path: Path
) -> None:
    if isinstance(generator, WrappedGenerator):
        pytest.skip("code cannot be stored")
    first = ga.load(save_generator(generator, tmp_path / "first.safetensors", bits=bits))
    second = ga.load(save_generator(first, tmp_path / "second.safetensors", bits=bits))
    assert first.fingerprint == second.fingerprint
    codes = replace(generator.sample(4), fingerprint=None)
    torch.testing.assert_close(first(codes), generator(codes), atol=0.02, rtol=0.02)


def test_fingerprints_tell_generators_apart(generator: ga.Generator) -> None:
    before = generator.fingerprint
    assert len(before) == 64
    assert generator.fingerprint == before
    weights = [t for t in generator.state_dict().values() if t.is_floating_point()]
    if not weights:
        pytest.skip("a function has no weights to change")
    with torch.no_grad():
        weights[0].add_(1)
    assert generator.fingerprint != before


def test_codes_of_another_generator_are_refused(generator: ga.Generator) -> None:
    foreign = replace(generator.sample(1), fingerprint="0" * 64)
    with pytest.raises(ga.FingerprintError, match="000000000000"):
        generator(foreign)


def test_codes_of_another_length_are_refused(generator: ga.Generator) -> None:
    dim = generator.signature.z_dim
    with pytest.raises(ga.SpaceError, match=f"{dim} numbers, these have {dim + 1}"):
        generator(Latents(codes=torch.zeros(1, dim + 1), space=Space.Z))


def test_spaces_that_are_not_there_are_refused(generator: ga.Generator) -> None:
    missing = [s for s in ("w", "w+", "s") if s not in generator.signature.spaces]
    for space in missing:
        with pytest.raises(ga.SpaceError, match="no space"):
            generator.sample(1, space=space)
    with pytest.raises(ga.SpaceError, match="not a space"):
        generator.sample(1, space="q")


def test_negative_counts_and_seeds_are_refused(generator: ga.Generator) -> None:
    with pytest.raises(ga.SettingError, match="-1"):
        generator.sample(-1)
    with pytest.raises(ga.SettingError, match="seed -1"):
        generator.sample(1, seed=-1)


def test_plain_numbers_are_codes_of_the_space_that_is_named(generator: ga.Generator) -> None:
    space = generator.signature.spaces[-1].value
    codes = generator.sample(2, seed=5, space=space)
    numbers = replace(codes, fingerprint=None).codes
    if codes.labels is None:
        with torch.no_grad():
            assert torch.equal(generator(numbers, space=space), generator(codes))
            assert torch.equal(generator(numbers.numpy(), space=space), generator(codes))
    with pytest.raises(ga.SettingError, match="say the space of plain numbers"):
        generator(numbers)
    with pytest.raises(ga.SettingError, match="leave out space="):
        generator(codes, space=space)
