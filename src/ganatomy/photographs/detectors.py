"""Face detectors by name, by file, or as a function of one's own."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from ganatomy.errors import DownloadError
from ganatomy.photographs.faces import Detector
from ganatomy.photographs.yunet import YuNet
from ganatomy.zoo.downloads import cache_folder, download

YUNET_URL = (
    "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/"
    "dca340aa082c71081a68d17db8e58b33a58a914b/onnx/yunet_n_dynamic.onnx"
)
YUNET_SHA256 = "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12"
LICENCE = "YuNet of libfacedetection.train (Apache-2.0), 323 KB"


def face_detector(detector: str | os.PathLike[str] | Detector = "yunet") -> Detector:
    """The detector of that name or file.

    Args:
        detector: "yunet", which is downloaded once and held against its checksum; the path of its file; or a function
            from a photograph to its faces, which is given back as it is.

    Returns:
        A function from a photograph to its faces.

    Raises:
        DownloadError: when it is not on this machine and cannot be downloaded.
        MissingFileError, CheckpointError: for a path that holds no YuNet.

    Example:
        >>> def none(photograph):
        ...     return []
        >>> face_detector(none) is none
        True
    """
    if not isinstance(detector, str | os.PathLike):
        return detector
    path = _fetched() if detector == "yunet" else Path(detector)
    return _opened(path, path.stat().st_mtime_ns if path.is_file() else 0)


def detector_at_hand() -> Detector | None:
    """The detector that was downloaded before; None where it was not, since nothing is fetched here.

    Example::

        align(photograph, layout="celeba" if detector_at_hand() else "crop")
    """
    path = yunet_path()
    return _opened(path, path.stat().st_mtime_ns) if path.is_file() else None


def yunet_path() -> Path:
    """Where the downloaded detector lies on this machine, or would."""
    return cache_folder() / "detectors" / YUNET_URL.rpartition("/")[2]


def _fetched() -> Path:
    try:
        return download(YUNET_URL, yunet_path(), sha256=YUNET_SHA256, notice=LICENCE)
    except DownloadError as error:
        raise DownloadError(f'{error} (--detector FILE); the layout "crop" needs no detector') from None


@lru_cache(maxsize=2)
def _opened(path: Path, changed: int) -> YuNet:
    """One session for each file, as long as it does not change."""
    return YuNet(path)
