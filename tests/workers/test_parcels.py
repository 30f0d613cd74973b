"""What is sent to workers: each model once, and nothing that is not asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from types import ModuleType
from typing import Any

import pytest
import torch

import ganatomy as ga
from ganatomy.errors import SettingError, WorkerError
from ganatomy.perception import FunctionScorer, scorer
from ganatomy.perception.features import features_of
from ganatomy.perception.network import AttributeConfig, AttributeNetwork, FactorScorer, NetworkScorer
from ganatomy.perception.own_file import OwnFile
from ganatomy.perception.perceptual import perceptual_distance
from ganatomy.workers.parcels import Outbox, pack, unpack
from ganatomy.workers.worker import Failure, ModelWorker

CONFIG = AttributeConfig(
    attributes=("a", "b"), factors=("turn",), channels=1, resolution=32, widths=(4, 6), blocks=(0, 0)
)


@pytest.fixture
def toy() -> ga.ToyGenerator:
    return ga.ToyGenerator(z_dim=8, w_dim=6, num_layers=3, attributes=("red", "round"))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


def brightness(images: torch.Tensor) -> torch.Tensor:
    return images.mean((1, 2, 3))


def read(generator: ga.Generator, reader: Any, latents: ga.Latents) -> Iterator[torch.Tensor]:
    yield reader(generator(latents))


def sent(*things: object) -> tuple[Any, Outbox]:
    """What arrives in another process, and what was sent."""
    outbox, models = Outbox(), dict[int, Any]()
    message = outbox.pack(things)
    for parcel in outbox.parcels:
        models[parcel.key] = parcel.open(models, "cpu")
    return unpack(message, models), outbox


def test_a_model_is_sent_once_however_often_it_works(toy: ga.ToyGenerator):
    outbox, worker, codes = Outbox(), ModelWorker("cpu", 1), toy.sample(3)
    work, task = outbox.pack(partial(read, toy, brightness)), outbox.pack(codes)
    [first] = unpack(worker.do(task, work, *outbox.parcels), {})
    [again] = unpack(worker.do(task, None), {})
    assert torch.equal(first, brightness(toy(codes)))
    assert torch.equal(first, again)
    outbox.pack(partial(read, toy, brightness))
    assert len(outbox.parcels) == 1


def test_scorers_of_one_network_share_it_in_the_other_process_too(images: torch.Tensor):
    whole = NetworkScorer(AttributeNetwork(CONFIG).eval())
    (arrived, factors, chosen, judge), outbox = sent(
        whole, FactorScorer(whole), whole.select(["b"]), ga.Judge(whole)
    )
    assert factors.scorer is chosen.scorer is judge.scorer is arrived
    assert torch.equal(arrived.score(images).logits, whole.score(images).logits)
    small = [len(parcel.content) < 1000 for parcel in outbox.parcels]
    assert (small.count(True), small.count(False)) == (4, 1)


def test_an_oracle_of_codes_works_with_the_generator_that_was_sent():
    drawn = ga.DrawnGenerator()
    (generator, oracle), outbox = sent(drawn, ga.scorer(drawn))
    assert oracle.source is generator
    assert generator.fingerprint == drawn.fingerprint
    assert [parcel.kind for parcel in outbox.parcels] == ["generator", "scorer"]


def test_a_view_of_a_tensor_does_not_bring_the_whole():
    table = torch.arange(100_000.0).reshape(-1, 10)
    content = pack(table[3:5])
    assert len(content) < 2000
    assert torch.equal(unpack(content, {}), table[3:5])


class Restless(FunctionScorer):
    """Another in every process."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state | {"fingerprint": "x" * 64}


def test_what_arrives_as_another_is_refused(toy: ga.ToyGenerator):
    outbox = Outbox()
    work = outbox.pack(partial(read, toy, Restless(brightness, ["bright"], output="logits")))
    failure = unpack(ModelWorker("cpu", 1).do(outbox.pack(toy.sample(1)), work, *outbox.parcels), {})
    assert isinstance(failure, Failure)
    said = r"the scorer arrived at a worker as another \(xxxxxxxxxxxx, not .*give the scorer a fingerprint"
    with pytest.raises(WorkerError, match=said):
        raise failure.again()


def test_what_cannot_be_sent_is_refused_with_what_to_do(toy: ga.ToyGenerator):
    with pytest.raises(SettingError, match=r"cannot be sent to other processes: .*lambda.*top of a module"):
        Outbox().pack(partial(read, toy, lambda images: images))


@pytest.mark.parametrize("name", ["faces", "digits", "drawn"])
def test_bundled_models_and_all_that_reads_their_images_can_be_sent(name: str):
    generator, seen = ga.load(name), scorer(name)
    seen.score(generator(generator.sample(2)), latents=generator.sample(2))
    readers = [
        seen,
        *(make(kind, seen) for kind in ("scorer", "pixels") for make in (features_of, perceptual_distance)),
    ]
    (there, again, *others), _ = sent(generator, *readers)
    assert there.fingerprint == generator.fingerprint
    assert again.fingerprint == seen.fingerprint
    assert [other.description for other in others] == [it.description for it in readers[1:]]


OWN_FILE = """
class Stripes:
    def __init__(self, step):
        self.step = step
    def __call__(self, images):
        return images[..., :: self.step].mean((1, 2, 3)).sigmoid()

see = Stripes(2)
def bright(images):
    return images.mean((1, 2, 3)).sigmoid()
"""


@pytest.mark.parametrize("name", ["see", "bright"])
def test_what_a_file_of_the_users_own_defines_is_sent_with_the_file(
    name: str, images: torch.Tensor, tmp_path, monkeypatch
):
    path = tmp_path / "eye.py"
    path.write_text(OWN_FILE)
    seen = scorer(f"{path}:{name}", names=["stripes"])
    expected, outbox = seen.score(images).logits, Outbox()
    message = outbox.pack(seen)
    path.unlink()
    for title in [title for title, module in sys.modules.items() if isinstance(module, OwnFile)]:
        monkeypatch.delitem(sys.modules, title)  # as in a process where the file never ran
    [parcel] = outbox.parcels
    assert torch.equal(unpack(message, {0: parcel.open({}, "cpu")}).score(images).logits, expected)


def test_a_module_that_workers_do_not_have_is_named(monkeypatch):
    module = ModuleType("only_the_driver_has_it")
    exec("def work(task):\n    yield task", vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    message = Outbox().pack(vars(module)["work"])
    monkeypatch.delitem(sys.modules, module.__name__)
    failure = unpack(ModelWorker("cpu", 1).do(Outbox().pack(1), message), {})
    said = "cannot be opened in another process: No module named 'only_the_driver_has_it'; install modules"
    with pytest.raises(WorkerError, match=said):
        raise failure.again()


def test_an_onnx_file_is_sent_with_its_content(images: torch.Tensor, tmp_path):
    path = tmp_path / "eye.onnx"
    ga.export_onnx(AttributeNetwork(CONFIG).eval(), path)
    seen = scorer(str(path))
    outbox = Outbox()
    message = outbox.pack(seen)
    path.unlink()
    [parcel] = outbox.parcels
    arrived = unpack(message, {parcel.key: parcel.open({}, "cpu")})
    assert torch.equal(arrived.score(images).logits, seen.score(images).logits)
