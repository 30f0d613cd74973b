"""Films: the right frames at the right pace, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganatomy.errors import OutputError, SettingError
from ganatomy.generators.batches import draw_images
from ganatomy.generators.toy import ToyGenerator
from ganatomy.plots import film


def fade(num_frames: int, *, side: int = 16, channels: int = 3) -> Tensor:
    """Frames of one even grey each, from black to white."""
    return torch.linspace(-1, 1, num_frames).view(-1, 1, 1, 1).expand(-1, channels, side, side).contiguous()


def greys_of_mp4(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]


def greys_of_gif(path: Path) -> list[float]:
    with Image.open(path) as image:
        greys = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            greys.append(float(np.asarray(image.convert("L")).mean()))
        return greys


def test_a_gif_shows_every_frame_in_order_and_starts_again(tmp_path: Path) -> None:
    path = film(fade(5), tmp_path / "fade.gif", fps=10.0)
    assert greys_of_gif(path) == pytest.approx([0, 64, 128, 191, 255], abs=4)
    with Image.open(path) as image:
        assert (image.info["duration"], image.info["loop"], image.size) == (100, 0, (128, 128))


def test_a_gif_that_shall_not_loop_does_not(tmp_path: Path) -> None:
    with Image.open(film(fade(2), tmp_path / "once.gif", loop=False)) as image:
        assert "loop" not in image.info


def test_an_mp4_shows_every_frame_in_order_at_its_pace(tmp_path: Path) -> None:
    path = film(fade(5), tmp_path / "fade.mp4", fps=12.5)
    assert greys_of_mp4(path) == pytest.approx([0, 64, 128, 191, 255], abs=4)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert float(stream.average_rate) == 12.5


def test_odd_sides_become_even_for_mp4_and_stay_for_gif(tmp_path: Path) -> None:
    odd = fade(2, side=31, channels=1)
    with av.open(str(film(odd, tmp_path / "odd.mp4", scale=1))) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (32, 32)
    with Image.open(film(odd, tmp_path / "odd.gif", scale=1)) as image:
        assert image.size == (31, 31)


@pytest.mark.parametrize("ending", [".gif", ".mp4"])
def test_frames_may_come_one_by_one_or_in_batches(tmp_path: Path, ending: str) -> None:
    frames = fade(5)
    whole = film(frames, tmp_path / f"whole{ending}").read_bytes()
    mixed = film(
        (part for part in (frames[0], frames[1:4], frames[4])), tmp_path / f"mixed{ending}"
    ).read_bytes()
    assert whole == mixed


def test_another_ending_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    def frames():
        raise AssertionError("no frame may be asked for")
        yield

    with pytest.raises(SettingError, match=r"use \.gif or \.mp4"):
        film(frames(), tmp_path / "walk.avi")


@pytest.mark.parametrize(
    ("frames", "fps"),
    [(fade(3), 0.0), (fade(3), -5.0), (fade(0), 25.0)],
    ids=["0 fps", "-5 fps", "no frames"],
)
def test_a_film_that_cannot_move_is_refused_and_leaves_no_file(
    tmp_path: Path, frames: Tensor, fps: float
) -> None:
    with pytest.raises(SettingError):
        film(frames, tmp_path / "walk.gif", fps=fps)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".gif", ".mp4"])
def test_a_film_that_stops_half_way_leaves_the_old_one_as_it_was(tmp_path: Path, ending: str) -> None:
    path = film(fade(2), tmp_path / f"walk{ending}")
    before = path.read_bytes()

    def frames():
        yield from fade(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        film(frames(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"walk\.gif cannot be written"):
        film(fade(2), tmp_path / "file" / "walk.gif")


def test_a_film_of_a_generator_and_codes_is_that_of_its_images(tmp_path: Path) -> None:
    toy = ToyGenerator(seed=0)
    walked = toy.sample(20, seed=1)
    ours = film(toy, tmp_path / "ours.gif", latents=walked).read_bytes()
    assert ours == film(draw_images(toy, walked), tmp_path / "theirs.gif").read_bytes()
    with pytest.raises(SettingError, match="latents= the codes"):
        film(toy, tmp_path / "none.gif")
    with pytest.raises(SettingError, match="either images, or a generator"):
        film(fade(2), tmp_path / "both.gif", latents=walked)
