from __future__ import annotations

import inspect
import pickle

import pytest

from ganatomy import errors
from ganatomy.errors import GanatomyError, OutputError, UnknownNameError

CLASSES = {name: c for name, c in vars(errors).items() if inspect.isclass(c) and issubclass(c, GanatomyError)}


def drawn() -> dict[str, str]:
    """Name and builtin of every error in the tree at the top of the file."""
    lines = [line.split() for line in (errors.__doc__ or "").splitlines() if "──" in line]
    return {name: builtin for _, name, builtin, *_ in lines}


def test_the_tree_at_the_top_of_the_file_shows_every_error_and_its_builtin():
    found = {name: c.__bases__[1].__name__ for name, c in CLASSES.items() if c is not GanatomyError}
    assert drawn() == found
    assert list(drawn()) == sorted(drawn())


@pytest.mark.parametrize("name", sorted(set(CLASSES) - {"GanatomyError", "UnknownNameError"}))
def test_a_message_is_what_was_said(name):
    assert str(CLASSES[name]("psi is 7")) == "psi is 7"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("Smilin", "did you mean 'Smiling'?"),
        ("SMILING", "did you mean 'Smiling'?"),
        ("hat", "did you mean 'Hat'?"),
        ("xyzzy", "known: Smiling, Male, Hat"),
        ("", "known: Smiling, Male, Hat"),
    ],
)
def test_an_unknown_name_is_answered_by_the_closest_or_by_all(name, answer):
    error = UnknownNameError("attribute", name, iter(["Smiling", "Male", "Hat"]))
    assert str(error) == f"there is no attribute {name!r}; {answer}"


def test_the_same_letters_in_another_case_win_over_similar_ones():
    assert "'aa'" in str(UnknownNameError("attribute", "AA", ["AAA", "aa"]))


def test_no_names_at_all_is_said():
    assert str(UnknownNameError("direction", "a", [])) == "there is no direction 'a'; known: none"


@pytest.mark.parametrize(
    "error", [UnknownNameError("model", "fces", ["faces"]), OutputError("a cannot be written")]
)
def test_an_error_survives_the_way_between_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
