"""Networks that others have published and measures are defined by: where their weights lie, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganatomy.errors import DownloadError
from ganatomy.zoo.checksums import sha256_of
from ganatomy.zoo.downloads import cache_folder, download


@dataclass(frozen=True, kw_only=True)
class PublishedWeights:
    """A file of weights on its authors' server; its name ends in the first digits of its SHA-256, as torch's do."""

    url: str
    licence: str

    @property
    def file(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def path(self) -> Path:
        """Where it is kept on this machine, or would be."""
        return cache_folder() / "measures" / self.file

    @property
    def is_here(self) -> bool:
        return self.path.is_file()

    def fetch(self) -> Path:
        """The file, downloaded if it is not there yet, and held against the checksum in its name.

        Raises:
            DownloadError: without a network, naming the place where the file can be put by hand.
            CheckpointError: when the file was changed since.
        """
        try:
            path = download(self.url, self.path, notice=self.licence)
        except DownloadError as error:
            raise DownloadError(f"{error}: {self.path}") from None
        expected = path.stem.rpartition("-")[2]
        found = sha256_of(path)
        if not found.startswith(expected):
            raise DownloadError(
                f"{path} has sha256 {found}, which does not begin with {expected} as its name says; delete it, and "
                "it is fetched again"
            )
        return path


VGG16 = PublishedWeights(
    url="https://download.pytorch.org/models/vgg16-397923af.pth",
    licence="torchvision's weights (BSD-3-Clause)",
)
INCEPTION = PublishedWeights(
    url="https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    licence="TensorFlow's Inception of 2015 (Apache-2.0)",
)
