"""Memory that is freed stays, or goes, as was asked."""

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource
import torch
import ganatomy.memory as memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    several = [torch.ones(5 * 2**20) for _ in range(4)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

getattr(memory, {name!r})()
for _ in range(20):
    faults()
print(*[faults() for _ in range(5)])
"""
PAGES = 4 * 20 * 2**20 // 4096


def page_faults(name: str) -> list[int]:
    """Of five times four tensors of 20 MB, once memory is as large as it gets."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(name=name)], capture_output=True, text=True, check=True
    )
    return [int(number) for number in done.stdout.split()]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_what_is_kept_needs_no_new_pages_and_what_is_returned_does():
    assert min(page_faults("keep_freed_memory")) < PAGES / 1000
    assert min(page_faults("return_freed_memory")) > PAGES / 600  # huge pages are 512 times as large
