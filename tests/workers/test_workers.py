"""Surveys by other processes of this machine and by Ray: the same rows, whoever makes them and whoever dies."""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from workers.deadly import Deadly

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.errors import OutputError, SettingError, WorkerError
from ganatomy.generators.base import Generator
from ganatomy.perception import FunctionScorer, OracleScorer
from ganatomy.surveys import Survey, load_survey, survey
from ganatomy.surveys.parts import writing
from ganatomy.surveys.settings import BLOCK_ROWS
from ganatomy.workers import LocalProcesses, RayCluster, on_ray
from ganatomy.workers.processes import ProcessPool

STUDIES = ("bias", "dcgan", "linear-map", "photographs", "trust", "z-against-w")
N = 3 * BLOCK_ROWS + 100
SOURCE = str(Path(ga.__file__).parents[1])


def same(a: Survey, b: Survey) -> None:
    assert torch.equal(a.latents.codes, b.latents.codes)
    assert torch.equal(a.scores.logits, b.scores.logits)
    assert a.settings == b.settings


@pytest.fixture(scope="module")
def toy() -> ga.ToyGenerator:
    return ga.ToyGenerator(z_dim=8, w_dim=6, num_layers=3, attributes=("red", "round"))


@pytest.fixture(scope="module")
def plain(toy: ga.ToyGenerator) -> Survey:
    return survey(toy, OracleScorer(toy), n=N, space="w")


def test_what_cannot_be_sent_is_refused_before_a_process_starts(toy: ga.ToyGenerator, monkeypatch):
    monkeypatch.setattr(ProcessPool, "start", lambda *_: pytest.fail("a process was started"))
    bright = FunctionScorer(lambda images: images.mean((1, 2, 3)), ["bright"], output="logits")
    with pytest.raises(SettingError, match="cannot be sent to other processes: .*top of a module"):
        survey(toy, bright, n=N, executor=LocalProcesses(["cpu", "cpu"]))


class TestSettings:
    @pytest.mark.parametrize(
        ("make", "said"),
        [
            (lambda: LocalProcesses([]), "there is no device"),
            (lambda: RayCluster(workers=0), "workers 0 is out of range"),
            (lambda: RayCluster(gpus_per_worker=-1), "gpus_per_worker is -1"),
            (lambda: RayCluster(cpus_per_worker=0), "cpus_per_worker 0"),
        ],
        ids=["no device", "no workers", "negative GPUs", "no processor"],
    )
    def test_bad_numbers(self, make: Any, said: str):
        with pytest.raises(SettingError, match=said):
            make()

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--workers", "0"], "--workers 0 does no work"),
            (["--gpus-per-worker", "1"], "--gpus-per-worker goes with --ray"),
            (["--ray", "auto", "--device", "cpu"], "--device cpu does not go with --ray"),
            (["--device", "cpu,tpu9"], "device tpu9 cannot be used"),
            (["--ray", "ray://head:10001"], "'ray://head:10001' is no address of a Ray head"),
        ],
        ids=[
            "no workers",
            "GPUs without Ray",
            "a device with Ray",
            "no such device",
            "an address of clients",
        ],
    )
    @pytest.mark.parametrize(
        "command",
        [
            ["survey"],
            ["explore"],
            ["compare"],
            ["measure"],
            *(["study", study] for study in STUDIES),
        ],
        ids=" ".join,
    )
    def test_options_that_do_not_go_together(
        self, command: list[str], options: list[str], said: str, tmp_path, capsys
    ):
        what = (
            ["linearity", "-n", "200"] if command == ["measure"] else ["-n", "60", "-o", str(tmp_path / "s")]
        )
        assert main([*command, "digits", *what, *options]) == 2
        assert said in capsys.readouterr().err

    def test_processes_share_the_devices_that_are_named(self):
        from ganatomy.cli.workers import SharedStudy

        def devices(device: str = "cpu", workers: int | None = None) -> list[str] | None:
            executor = SharedStudy("faces", device=device, workers=workers).executor
            return None if executor is None else list(cast("LocalProcesses", executor).devices)

        assert devices() is None
        assert devices(workers=1) is None
        assert devices(workers=2) == devices(device="cpu,cpu") == ["cpu", "cpu"]
        assert devices(device="cpu, cpu", workers=3) == ["cpu"] * 3


SETTINGS = b"\0\0\0\4\0\0\0\0\0"
"""An empty frame of settings: how a server of HTTP/2 begins (RFC 9113, section 3.4)."""


@contextlib.contextmanager
def answering(said: bytes) -> Iterator[int]:
    """The port of a server that says the same to everybody, once, and then listens."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(said)
            with contextlib.suppress(OSError):
                while self.request.recv(4096):
                    pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class TestAddress:
    """What does not answer as Ray does is told apart without Ray, whose own patience is minutes."""

    @pytest.fixture(autouse=True)
    def extra(self) -> None:
        for name in ("ray", "grpc"):
            pytest.importorskip(name, reason="the extra ray is not installed")

    @staticmethod
    def survey_at(toy: ga.ToyGenerator, address: str) -> None:
        survey(toy, OracleScorer(toy), n=5, executor=RayCluster(address=address))

    def test_nothing_is_there(self, toy: ga.ToyGenerator):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        with pytest.raises(WorkerError, match=rf"nothing answers at 127.0.0.1:{port} \(Connection refused\)"):
            self.survey_at(toy, f"127.0.0.1:{port}")

    @pytest.mark.parametrize("said", [b"", SETTINGS], ids=["at all", "but how HTTP/2 begins"])
    def test_it_says_nothing(self, said: bytes, toy: ga.ToyGenerator, monkeypatch):
        monkeypatch.setattr(on_ray, "ANSWER_SECONDS", 0.5)
        with (
            answering(said) as port,
            pytest.raises(WorkerError, match=r"\(no answer\); is the Ray head running"),
        ):
            self.survey_at(toy, f"127.0.0.1:{port}")

    @pytest.mark.filterwarnings("ignore")
    def test_it_is_something_else(self, toy: ga.ToyGenerator):
        with (
            answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port,
            pytest.raises(WorkerError, match="is no Ray head; give the port"),
        ):
            self.survey_at(toy, f"127.0.0.1:{port}")

    def test_it_is_a_server_of_other_calls(self, toy: ga.ToyGenerator):
        import grpc

        server = grpc.server(ThreadPoolExecutor(1))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            with pytest.raises(WorkerError, match="is no Ray head; give the port"):
                self.survey_at(toy, f"127.0.0.1:{port}")
        finally:
            server.stop(None)

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (
                ConnectionError("Could not find any running Ray instance."),
                "Could not find any .* instance; start one",
            ),
            (
                RuntimeError(
                    "Version mismatch: The cluster was started with:\n    Ray: 2.40.0\n    Python: 3.12.1\n"
                ),
                r"The cluster was started with: Ray: 2\.40\.0 Python: 3\.12\.1; install the same versions",
            ),
        ],
        ids=["there is none", "another version"],
    )
    def test_ray_itself_refuses(
        self, error: Exception, said: str, toy: ga.ToyGenerator, monkeypatch: pytest.MonkeyPatch
    ):
        import ray

        def refuse(**_: Any) -> None:
            raise error

        monkeypatch.setattr(ray, "init", refuse)
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        monkeypatch.setattr("ray._private.services.find_bootstrap_address", lambda _: None)
        with pytest.raises(WorkerError, match=f"Ray at 'auto' cannot be joined: .*{said}"):
            self.survey_at(toy, "auto")

    def test_the_cluster_of_this_machine_is_gone(self, toy: ga.ToyGenerator, monkeypatch):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        monkeypatch.setattr("ray._private.services.find_bootstrap_address", lambda _: f"127.0.0.1:{port}")
        with pytest.raises(WorkerError, match=rf"nothing answers at 127.0.0.1:{port} \(Connection refused\)"):
            self.survey_at(toy, "auto")

    def test_ray_is_not_installed(self, toy: ga.ToyGenerator, monkeypatch):
        monkeypatch.setitem(sys.modules, "ray", None)
        with pytest.raises(SettingError, match=r"pip install 'ganatomy\[ray\]'"):
            self.survey_at(toy, "auto")


class TestFolder:
    def test_a_full_disk_is_one_error_and_leaves_whole_parts(
        self, toy: ga.ToyGenerator, tmp_path, monkeypatch
    ):
        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        survey(toy, OracleScorer(toy), n=10, folder=tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(OutputError, match="No space left on device; free space there"):
                survey(toy, OracleScorer(toy), n=N, folder=tmp_path)
        assert len(load_survey(tmp_path)) == 10
        assert not list(tmp_path.glob(".part-*"))

    def test_a_second_driver_is_refused_before_a_worker_starts(
        self, toy: ga.ToyGenerator, plain: Survey, tmp_path
    ):
        class Started:
            def open(self) -> Any:
                raise AssertionError("workers were opened")

        with (
            writing(tmp_path, plain.settings),
            pytest.raises(OutputError, match="another process is writing"),
        ):
            survey(toy, OracleScorer(toy), n=N, space="w", folder=tmp_path, executor=Started())


DRIVER = """
import sys
import ganatomy as ga
from ganatomy.perception import OracleScorer
from ganatomy.surveys import survey, writer
from ganatomy.workers import LocalProcesses, RayCluster

writer.FLUSH_SECONDS = 0.2

def main():
    toy = ga.ToyGenerator(z_dim=8, w_dim=6, num_layers=3, attributes=("red", "round"))
    executor = RayCluster(address=sys.argv[2]) if sys.argv[2:] else LocalProcesses(["cpu", "cpu"])
    survey(toy, OracleScorer(toy), n=400_000, space="w", folder=sys.argv[1], executor=executor)

if __name__ == "__main__":
    main()
"""


def kill_a_driver(tmp_path: Path, *address: str) -> None:
    """Start a long survey, and end it without notice once a part is written."""
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    environment = os.environ | {"PYTHONPATH": SOURCE, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), str(tmp_path / "s"), *address]
    with subprocess.Popen(command, env=environment) as driver:
        deadline = time.monotonic() + 600
        while not list((tmp_path / "s").glob("part-*.parquet")):
            assert driver.poll() is None, "the driver ended by itself"
            assert time.monotonic() < deadline, "no part was written"
            time.sleep(0.05)
        driver.kill()


@pytest.mark.slow
class TestProcesses:
    def test_rows_are_those_of_one_process_and_a_dead_one_is_replaced(self, toy: ga.ToyGenerator, tmp_path):
        (tmp_path / "died").touch()
        expected = survey(toy, Deadly(tmp_path), n=N)
        (tmp_path / "died").unlink()
        seen: list[int] = []
        found = survey(
            toy,
            Deadly(tmp_path),
            n=N,
            folder=tmp_path / "s",
            executor=LocalProcesses(["cpu", "cpu"]),
            progress=lambda done, _: seen.append(done),
        )
        assert (tmp_path / "died").exists()
        same(found, expected)
        assert seen == [0, *range(64, N, 64), N]

    def test_an_error_of_the_code_is_raised_as_it_is_with_where_it_was(self, toy: ga.ToyGenerator, tmp_path):
        (tmp_path / "died").touch()
        with pytest.raises(ZeroDivisionError, match="in row 1100") as caught:
            survey(
                toy,
                Deadly(tmp_path, raising=True),
                n=N,
                folder=tmp_path / "s",
                executor=LocalProcesses(["cpu", "cpu"]),
            )
        assert "deadly.py" in caught.value.__notes__[0]
        assert len(load_survey(tmp_path / "s")) in (BLOCK_ROWS, 2 * BLOCK_ROWS)

    def test_a_killed_driver_leaves_no_process_and_goes_on(self, toy: ga.ToyGenerator, tmp_path):
        kill_a_driver(tmp_path)
        done = len(load_survey(tmp_path / "s"))
        found = survey(toy, OracleScorer(toy), n=done + 700, space="w", folder=tmp_path / "s")
        expected = survey(toy, OracleScorer(toy), n=done + 700, space="w")
        same(found, expected)


def start_a_node(cluster: Any) -> Any:
    """Ray gives a node 30 seconds to start, which on a busy machine may be too few."""
    for _ in range(2):
        with contextlib.suppress(Exception):
            return cluster.add_node(num_cpus=2, include_dashboard=False)
    return cluster.add_node(num_cpus=2, include_dashboard=False)


@pytest.mark.slow
class TestRay:
    """On two local nodes of two processors, which live as long as these tests."""

    @pytest.fixture(scope="class")
    def cluster(self) -> Iterator[Any]:
        pytest.importorskip("ray", reason="the extra ray is not installed")
        settings = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            patch.setenv("PYTHONPATH", SOURCE)
            from ray.cluster_utils import Cluster

            found = Cluster()
            start_a_node(found)
            found.second = start_a_node(found)
            yield found
            found.shutdown()

    @pytest.mark.filterwarnings("ignore")
    def test_a_killed_driver_goes_on_from_the_command_line_or_anywhere(
        self, cluster: Any, toy: ga.ToyGenerator, tmp_path
    ):
        kill_a_driver(tmp_path, cluster.address)
        done = len(load_survey(tmp_path / "s"))
        again = survey(
            toy,
            OracleScorer(toy),
            n=done + 700,
            space="w",
            folder=tmp_path / "s",
            executor=RayCluster(address=cluster.address, workers=2),
        )
        same(again, survey(toy, OracleScorer(toy), n=done + 700, space="w"))

    @pytest.mark.filterwarnings("ignore")
    def test_edits_are_measured_as_in_one_process(self, cluster: Any, toy: ga.ToyGenerator):
        expected = ga.entanglement(toy, OracleScorer(toy), toy.truth, n=40, batch_size=8)
        with ga.work_on(RayCluster(address=cluster.address, workers=2)):
            found = ga.entanglement(toy, OracleScorer(toy), toy.truth, n=40, batch_size=8)
        assert torch.equal(found.changes, expected.changes)
        assert torch.equal(found.strengths, expected.strengths)

    @pytest.mark.filterwarnings("ignore")
    def test_workers_of_another_version_are_refused(self, cluster: Any, toy: ga.ToyGenerator, monkeypatch):
        from ganatomy.workers import worker

        monkeypatch.setattr(worker, "__version__", "0.0.1")
        with pytest.raises(WorkerError, match=r"a worker has ganatomy .*, this process 0\.0\.1"):
            survey(toy, OracleScorer(toy), n=N, executor=RayCluster(address=cluster.address, workers=1))

    @pytest.mark.filterwarnings("ignore")
    def test_what_does_not_fit_on_the_cluster_is_said(self, cluster: Any, toy: ga.ToyGenerator, monkeypatch):
        from ganatomy.workers import scheduling

        monkeypatch.setattr(scheduling, "START_SECONDS", 1.0)
        with pytest.raises(
            WorkerError, match="each needs 64 processors and 0 GPUs, and the cluster has 4 processors"
        ):
            survey(
                toy,
                OracleScorer(toy),
                n=N,
                executor=RayCluster(address=cluster.address, workers=1, cpus_per_worker=64),
            )

    @pytest.mark.filterwarnings("ignore")
    def test_a_node_that_is_killed_costs_its_rows_and_no_others(
        self, cluster: Any, toy: ga.ToyGenerator, tmp_path
    ):
        """Last, for its node does not come back. Neither the file of weights nor that of the scorer is needed."""
        generator: Generator = toy
        bright = FunctionScorer(lambda images: images.mean((1, 2, 3)), ["bright"], output="logits")
        n = 40 * BLOCK_ROWS

        def kill(done: int, _: int) -> None:
            if done >= 4 * BLOCK_ROWS and cluster.second is not None:
                cluster.remove_node(cluster.second, allow_graceful=False)
                cluster.second = None

        found = survey(
            generator,
            bright,
            n=n,
            folder=tmp_path / "s",
            executor=RayCluster(address=cluster.address, workers=4),
            progress=kill,
        )
        assert cluster.second is None
        same(found, survey(generator, bright, n=n))
        assert torch.equal(found.sample_rows, torch.arange(n))
