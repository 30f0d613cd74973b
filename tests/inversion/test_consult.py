"""Consultation: what codes cannot make is in the image, edits move, and other codes give what they gave."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import ganatomy as ga
from ganatomy.generators.stylegan import StyleGAN, StyleGANConfig
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.generators.stylegan3 import StyleGAN3, StyleGAN3Config

KINDS = ("StyleGAN", "StyleGAN2", "StyleGAN3")


def generator_of(kind: str) -> ga.Generator:
    torch.manual_seed(4)
    if kind == "StyleGAN3":
        return StyleGAN3(
            StyleGAN3Config(resolution=32, widths=(16, 16, 16, 8, 8, 3), w_dim=8, z_dim=8)
        ).eval()
    if kind == "StyleGAN":
        return StyleGAN(StyleGANConfig(widths=(16, 16, 16, 8), w_dim=8, z_dim=8)).eval()
    return StyleGAN2(StyleGAN2Config(widths=(16, 16, 16, 8), w_dim=8, z_dim=8)).eval()


def found_in(generator: ga.Generator) -> ga.Inversion:
    """An own image with a patch that no code gives: known codes, and a known fault."""
    with torch.no_grad():
        latents = generator.map(generator.sample(1, seed=2), to="w")
        largest = generator(latents).abs().max()
        for name, weight in generator.named_parameters():
            if "torgb" in name:  # untrained weights make values far outside of an image's
                weight /= 2 * largest
        latents = replace(latents, fingerprint=generator.fingerprint)
        images = generator(latents)
    assert images.abs().max() < 0.7
    targets = images.clone()
    targets[:, 0, 4:12, 4:12] += 0.3
    toy = ga.ToyGenerator(z_dim=6)
    found = ga.invert(toy, toy(toy.sample(1, seed=1)), budget=2)
    mse = (images - targets).square().flatten(1).mean(1)
    return replace(found, latents=latents, images=images, targets=targets, mse=mse)


@pytest.fixture(scope="module", params=KINDS)
def case(request: pytest.FixtureRequest) -> tuple[ga.Generator, ga.Inversion, ga.FittedGenerator]:
    generator = generator_of(request.param)
    found = found_in(generator)
    return generator, found, ga.consult(generator, found, evaluations=30, perceptual=None)


Case = tuple[ga.Generator, ga.Inversion, ga.FittedGenerator]


def test_the_photograph_is_reached_and_the_generator_left_alone(case: Case) -> None:
    generator, found, consulted = case
    assert (consulted.after > consulted.before + 3).all()
    with torch.no_grad():
        assert torch.equal(generator(found.latents), found.images)
        again = consulted.generator(consulted.latents).clamp(-1, 1)
    torch.testing.assert_close(again, consulted.images)
    assert consulted.generator.fingerprint != generator.fingerprint
    assert consulted.latents.fingerprint == consulted.generator.fingerprint


def test_other_codes_give_what_they_gave(case: Case) -> None:
    generator, found, consulted = case
    others = generator.map(generator.sample(8, seed=9), to="w")
    own = replace(others, fingerprint=consulted.generator.fingerprint)
    with torch.no_grad():
        elsewhere = (consulted.generator(own) - generator(others)).square().mean()
        here = (consulted.images - found.images).square().mean()
    assert elsewhere < 0.2 * here


def test_gradients_reach_the_codes(case: Case) -> None:
    _, _, consulted = case
    codes = consulted.latents.codes.clone().requires_grad_()
    after = consulted.generator(consulted.latents.with_codes(codes))
    assert float(torch.autograd.grad(after.square().sum(), codes)[0].norm()) > 0


@pytest.mark.slow
def test_a_drawn_face_comes_nearer_and_still_smiles() -> None:
    generator, scorer, judge = ga.load("faces"), ga.scorer("faces"), ga.judge("faces")
    smiling = ga.regression(ga.survey(generator, scorer, n=300, space="w"), ["Smiling"])["Smiling"]
    drawn = ga.load("drawn")
    with torch.no_grad():
        faces = drawn(drawn.sample(4, seed=3))
    column = judge.names.index("Smiling")
    changes = torch.zeros(2)
    for face in faces.split(1):
        found = ga.invert(generator, face, budget="quick")
        consulted = ga.consult(generator, found, evaluations=10)
        assert (consulted.after > consulted.before + 1.5).all()
        (own,) = consulted.adopt(ga.Directions([smiling]))
        made = [
            (found.images, generator(ga.move(found.latents, smiling, 2.0, units="sigma"))),
            (consulted.images, consulted.generator(ga.move(consulted.latents, own, 2.0, units="sigma"))),
        ]
        changes += torch.stack(
            [(judge(b).probabilities - judge(a).probabilities)[0, column] for a, b in made]
        )
    assert changes[1] > 0.6 * changes[0] > 0


def test_copies_and_pickles_make_the_same_image_and_files_are_refused(case: Case, tmp_path: Path) -> None:
    _, _, consulted = case
    for again in (copy.deepcopy(consulted.generator), pickle.loads(pickle.dumps(consulted.generator))):
        with torch.no_grad():
            assert torch.equal(again(consulted.latents), consulted.generator(consulted.latents))
    with pytest.raises(ga.SettingError, match="hooks change what this generator makes"):
        ga.save_generator(consulted.generator, tmp_path / "consulted.safetensors")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_consulted_is_refused() -> None:
    generator = generator_of("StyleGAN2")
    found = found_in(generator)
    with pytest.raises(ga.UnknownNameError, match="layer 'b33'; did you mean 'b32'"):
        ga.consult(generator, found, layer="b33")
    with pytest.raises(ga.SettingError, match="1 photographs in 1 evaluations"):
        ga.consult(generator, found, evaluations=1)
    two = replace(found, latents=generator.map(generator.sample(2, seed=1), to="w"))
    with pytest.raises(ga.SettingError, match="cannot consult 2 photographs"):
        ga.consult(generator, two)
    with pytest.raises(ga.FingerprintError, match="another generator"):
        ga.consult(generator_of("StyleGAN"), found)
    toy = ga.ToyGenerator(z_dim=6)
    with pytest.raises(ga.SettingError, match="has no styled layers"):
        ga.consult(toy, ga.invert(toy, toy(toy.sample(1, seed=1)), budget=5))
