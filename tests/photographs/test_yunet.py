from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from photographs.files import utkface
from PIL import Image

from ganatomy import errors
from ganatomy.images import from_pil
from ganatomy.photographs import (
    YuNet,
    align,
    detector_at_hand,
    detectors,
    face_detector,
    measure_layout,
    open_photograph,
)
from ganatomy.photographs.yunet import Candidates, decoded, suppressed


@pytest.fixture(scope="module")
def yunet(shared) -> YuNet:
    return YuNet(shared / "models" / "yunet-n-dynamic.onnx")


def test_a_cell_says_where_its_face_is_in_strides() -> None:
    scores = np.zeros((6, 1))
    scores[4] = 0.81
    bbox, kps = np.zeros((6, 4)), np.zeros((6, 10))
    bbox[4] = [0.5, 0.25, np.log(2), np.log(4)]
    kps[4] = np.arange(10)
    found = decoded(scores, np.ones((6, 1)), bbox, kps, stride=16, columns=3, threshold=0.5)
    assert found.scores.tolist() == [0.9]
    # Cell 4 of rows of 3 is the second of the second row.
    assert found.boxes.tolist() == [[8.0, -12.0, 40.0, 52.0]]
    assert found.points[0].tolist() == [[16 + 32 * k, 16 + 16 + 32 * k] for k in range(5)]


def test_of_boxes_that_overlap_the_best_is_kept_and_the_points_are_voted_on() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [4, 0, 14, 10], [40, 0, 50, 10]], dtype=float)
    points = np.arange(4, dtype=float)[:, None, None] * np.ones((4, 5, 2))
    faces = suppressed(Candidates(scores=np.array([0.6, 0.9, 0.7, 0.8]), boxes=boxes, points=points))
    assert [(face.box, face.score) for face in faces] == [((1, 0, 11, 10), 0.9), ((40, 0, 50, 10), 0.8)]
    # The third overlaps by 7/13, the first by 9/11: both vote.
    assert float(faces[0].points[0, 0]) == pytest.approx((0.9 * 1 + 0.6 * 0 + 0.7 * 2) / 2.2)
    assert torch.equal(faces[1].points, torch.full((5, 2), 3.0).double())


def test_no_candidates_are_no_faces() -> None:
    assert (
        suppressed(Candidates(scores=np.zeros(0), boxes=np.zeros((0, 4)), points=np.zeros((0, 5, 2)))) == []
    )


def tilt(quad: torch.Tensor) -> float:
    """Degrees by which a crop is turned to the right."""
    across, down = (quad[3] - quad[0]).tolist()
    return math.degrees(math.atan2(down, across))


def test_faces_of_photographs_are_found_where_they_are(yunet, shared) -> None:
    left, right = utkface(shared, 300, 305)
    canvas = Image.new("RGB", (500, 300), (120, 110, 100))
    canvas.paste(left.resize((200, 200)), (20, 60))
    canvas.paste(right.rotate(20, Image.Resampling.BICUBIC), (330, 90))
    found = sorted(yunet(open_photograph(canvas)), key=lambda face: face.box[0])
    assert len(found) == 2
    alone = yunet(open_photograph(left))[0]
    expected = alone.points * 200 / 128 + torch.tensor([20.0, 60.0]).double()
    assert float((found[0].points - expected).norm(dim=1).max()) < 0.03 * 200, (
        "the same face, larger and elsewhere"
    )
    crops = align(open_photograph(canvas), layout="ffhq", resolution=64, faces="all", detector=yunet)
    upright = align(open_photograph(right), layout="ffhq", resolution=64, detector=yunet)
    assert tilt(crops.quads[1]) == pytest.approx(tilt(upright.quads[0]) - 20, abs=6)


def test_nothing_is_found_where_there_is_no_face(yunet) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    for image in (Image.new("RGB", (300, 200)), Image.fromarray(noise), Image.new("RGB", (1, 1))):
        assert yunet(open_photograph(image)) == ()


def test_the_layout_of_aligned_photographs_is_measured(yunet, shared) -> None:
    images = torch.cat([from_pil(image) for image in utkface(shared, *range(12))])
    layout = measure_layout(images, yunet)
    (left, right, nose), mouth = layout.points[:3], layout.points[3:]
    assert abs(float(left[1] - right[1])) < 0.03
    assert float((left[0] + right[0]) / 2) == pytest.approx(0.5, abs=0.03)
    assert float(left[1]) < float(nose[1]) < float(mouth[0, 1])
    assert layout.spread < 0.06


def test_a_file_that_is_no_detector_is_refused(tmp_path, shared) -> None:
    (tmp_path / "yunet.onnx").write_bytes(b"no network")
    with pytest.raises(errors.CheckpointError, match="cannot be read as ONNX"):
        YuNet(tmp_path / "yunet.onnx")
    with pytest.raises(errors.MissingFileError, match="ONNX face detector"):
        YuNet(tmp_path / "gone.onnx")
    with pytest.raises(errors.CheckpointError, match="is not YuNet"):
        YuNet(shared / "models" / "mnist-digits.onnx")


def test_the_detector_is_downloaded_once_by_its_name(tmp_path, shared, monkeypatch) -> None:
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path))
    monkeypatch.setattr(detectors, "YUNET_URL", (shared / "models" / "yunet-n-dynamic.onnx").as_uri())
    first = face_detector()
    assert detectors.yunet_path().parent.parent == tmp_path
    assert face_detector("yunet") is first, "opened once"


def test_another_file_under_the_name_of_the_detector_is_not_kept(tmp_path, monkeypatch) -> None:
    (tmp_path / "other.onnx").write_bytes(b"something else")
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(detectors, "YUNET_URL", (tmp_path / "other.onnx").as_uri())
    with pytest.raises(errors.DownloadError, match="not the expected 104ee26c.*--detector FILE"):
        face_detector()


def test_what_was_not_downloaded_is_not_at_hand(tmp_path, shared, monkeypatch) -> None:
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path))
    monkeypatch.setattr(detectors, "YUNET_URL", (shared / "models" / "yunet-n-dynamic.onnx").as_uri())
    assert detector_at_hand() is None
    fetched = face_detector()
    assert detector_at_hand() is fetched
