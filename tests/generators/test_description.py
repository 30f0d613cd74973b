"""What is said of a generator: its cost by an independent sum, its origin, and what is unusual."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import ganatomy as ga
from ganatomy.generators import description, save_generator
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.description import count_flops
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config


def test_transposed_convolutions_are_counted_by_their_input() -> None:
    model = DCGAN.build(z_dim=12, widths=(8, 6), channels=3).eval()
    multiplications = 12 * 8 * 4 * 4 * 1 * 1 + 8 * 6 * 4 * 4 * 4 * 4 + 6 * 3 * 3 * 3 * 8 * 8
    assert count_flops(model) == 2 * multiplications


def test_the_sum_is_that_of_torch(generator: ga.Generator) -> None:
    codes = generator.sample(1)
    with FlopCounterMode(display=False) as counter:
        generator.requires_grad_(True)(codes)
    assert count_flops(generator) == counter.get_total_flops()


def test_a_large_image_costs_the_same_without_being_made(
    generator: ga.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = count_flops(generator)
    monkeypatch.setattr(description, "AT_ONCE", 1)
    assert count_flops(generator) == made


def test_what_is_usual_is_not_noted(tmp_path: Path) -> None:
    path = save_generator(ga.ToyGenerator(), tmp_path / "toy.safetensors", card={"licence": "MIT"})
    found = ga.describe(ga.load(path))
    assert found.notes == ()
    assert found.file_size == path.stat().st_size
    assert found.origin is not None
    assert found.origin.licence == "MIT"
    assert found.origin.format == "ganatomy safetensors"
    assert ga.describe(ga.ToyGenerator()).origin is None


def fresh_stylegan2(folder: Path) -> Path:
    torch.save(
        StyleGAN2(StyleGAN2Config(widths=(4, 4), z_dim=4, w_dim=4, mapping_layers=1)).state_dict(),
        folder / "style.pt",
    )
    return folder / "style.pt"


def half(folder: Path) -> Path:
    return save_generator(ga.ToyGenerator(), folder / "half.safetensors", bits=16)


def without_norms(folder: Path) -> Path:
    layers = [nn.ConvTranspose2d(12, 8, 4), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Tanh()]
    torch.save(nn.Sequential(*layers).state_dict(), folder / "plain.pt")
    return folder / "plain.pt"


def changed(folder: Path) -> Path:
    path = save_generator(ga.ToyGenerator(), folder / "changed.safetensors")
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    return path


def damaged_card(folder: Path) -> Path:
    path = save_generator(ga.ToyGenerator(), folder / "card.safetensors", card={"licence": "MIT"})
    path.write_bytes(path.read_bytes().replace(b'{\\"licence\\": ', b'{\\"licence\\"! '))
    return path


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (fresh_stylegan2, "mean w is all zeros"),
        (half, "stored in 16 bits"),
        (changed, "fingerprint is not the one that the file records"),
        (damaged_card, "card is damaged"),
    ],
)
def test_what_is_unusual_is_noted(write: Callable[[Path], Path], words: str, tmp_path: Path) -> None:
    notes = ga.describe(ga.load(write(tmp_path))).notes
    assert [note for note in notes if words in note], notes


def test_what_was_given_is_no_guess(tmp_path: Path) -> None:
    found = ga.describe(ga.load(without_norms(tmp_path)))
    assert [guess.what for guess in found.guesses] == ["prior", "hidden activations", "output activation"]
    assert "guess: prior normal is assumed, nothing in the file tells" in str(found)
    said = ga.load(without_norms(tmp_path), prior="uniform", hidden="relu", output="none")
    assert ga.describe(said).guesses == ()


def test_a_file_of_ours_remembers_what_was_guessed(tmp_path: Path) -> None:
    found = ga.load(without_norms(tmp_path))
    again = ga.load(ga.export(found, tmp_path / "again.safetensors").path)
    assert again.guesses == found.guesses
