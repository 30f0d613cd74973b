"""What a message says to install."""

import pytest
import torch

from ganatomy.extras import CPU_WHEELS, install_line


@pytest.mark.parametrize("cuda", ["12.8", None], ids=["with CUDA", "without"])
def test_a_torch_without_cuda_is_not_replaced_by_one_with_it(
    monkeypatch: pytest.MonkeyPatch, cuda: str | None
) -> None:
    monkeypatch.setattr(torch.version, "cuda", cuda)
    line = install_line("words")
    assert line.startswith("pip install 'ganatomy[words]'")
    assert (CPU_WHEELS in line) == (cuda is None)
