"""Progress: bars where a person looks, a line a minute elsewhere, nothing when that is asked for."""

from __future__ import annotations

import sys
import types

import pytest

import ganatomy as ga
from ganatomy import progress
from ganatomy.cli import main
from ganatomy.perception import OracleScorer
from ganatomy.progress import bars, told, watched


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that the test sets."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


def test_where_no_bar_can_be_shown_a_line_comes_once_a_minute(
    minutes: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with bars() as advance:
        for second in range(0, 200, 10):
            minutes[0] = second
            advance("survey", second, 200)
    assert capsys.readouterr().err == "survey: 60 of 200\nsurvey: 120 of 200\nsurvey: 180 of 200\n"


def test_quiet_work_says_nothing(minutes: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with told("quiet"), bars() as advance:
        minutes[0] = 1000
        advance("survey", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_stages_say_what_they_took(minutes: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with told("stages"), bars() as advance:
        advance("survey", 1, 2)
        minutes[0] = 3
        advance("finding", 1, 1)
        minutes[0] = 5
    assert capsys.readouterr().err == "survey: 3.0 s\nfinding: 2.0 s\n"


def test_work_inside_of_work_that_is_shown_shows_nothing(
    minutes: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with bars() as outer, bars() as inner:
        minutes[0] = 61
        inner("inner", 1, 2)
        outer("outer", 1, 2)
    assert capsys.readouterr().err == "outer: 1 of 2\n"


def test_a_terminal_has_a_bar_that_is_taken_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_is_terminal", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with bars() as advance:
        advance("survey", 1, 2)
        advance("survey", 2, 2)
    assert "survey" in capsys.readouterr().err


def test_a_notebook_has_one_line_that_is_taken_away(
    monkeypatch: pytest.MonkeyPatch, minutes: list[float]
) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, page: str) -> None:
            shown.append(page)

    def display(page: str, *, display_id: bool) -> Handle:
        assert display_id
        shown.append(page)
        return Handle()

    fake = types.SimpleNamespace(HTML=str, display=display)
    monkeypatch.setitem(sys.modules, "IPython.display", fake)  # type: ignore[arg-type]
    monkeypatch.setattr(progress, "_is_notebook", lambda: True)
    with bars() as advance:
        for done in range(3):
            minutes[0] = done
            advance("survey", done, 3)
    assert [page.partition(" ")[0] for page in shown] == ["survey", "survey", "survey", ""]


def test_functions_show_how_far_they_are_unless_they_are_told_otherwise() -> None:
    seen: list[tuple[object, ...]] = []

    @watched("working")
    def work(*, progress: object = None) -> None:
        assert callable(progress)
        progress(1, 1)

    work()
    work(progress=lambda *now: seen.append(now))
    assert seen == [(1, 1)]
    toy = ga.ToyGenerator(seed=0)
    ga.survey(toy, OracleScorer(toy), n=8, progress=lambda *now: seen.append(now))
    assert seen[-1] == (8, 8)


def test_commands_are_quiet_or_say_more(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    sample = ["sample", "digits", "-n", "2", "-o", f"{tmp_path}/two.png"]
    assert main([*sample, "-v"]) == 0
    assert capsys.readouterr().err.startswith("drawing: ")
    assert main(["-q", *sample]) == 0
    assert capsys.readouterr().err == ""
    assert main(["--quiet", "sample", "nothing", "-o", f"{tmp_path}/two.png"]) == 2
    assert "nothing" in capsys.readouterr().err
