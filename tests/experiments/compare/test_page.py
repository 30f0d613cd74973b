"""The page and the JSON of a comparison: whole, alone, and saying what was measured."""

from __future__ import annotations

import base64
import io
import itertools
import math
import re
from pathlib import Path
from typing import Any

import pytest
from experiments.compare.compared import Compared
from PIL import Image
from reader import Reader

from ganatomy.errors import OutputError
from ganatomy.experiments.compare import write_comparison
from ganatomy.experiments.compare.standing import MEASURES
from ganatomy.experiments.compare.verdict import verdict
from ganatomy.statistics.formatting import short


@pytest.fixture(scope="session")
def page(compared: Compared) -> Reader:
    return Reader(compared.page)


def test_the_folder_holds_one_page_and_one_json_and_nothing_half_written(compared: Compared) -> None:
    assert {path.name for path in compared.folder.iterdir()} == {"compare.html", "compare.json"}


class TestTheJson:
    @pytest.mark.parametrize("measure", MEASURES)
    def test_every_method_has_every_measure_with_its_interval_or_null(self, compared: Compared, measure: str):
        methods = compared.numbers["methods"]
        assert set(methods) == set(compared.standing.methods)
        for name, entry in methods.items():
            assert measure in entry, name
            if entry[measure] is not None:
                assert entry[measure]["low"] <= entry[measure]["mean"] <= entry[measure]["high"], name

    def test_null_stands_where_a_measure_does_not_apply(self, compared: Compared):
        methods = compared.numbers["methods"]
        assert methods["guided"]["auc"] is None
        assert methods["regression"]["auc"] is not None
        assert all(entry["perceptual"] is None for entry in methods.values())
        assert set(compared.numbers["not_measured"]) == {"perceptual distance"}

    def test_figures_are_those_of_the_comparison(self, compared: Compared):
        numbers, standing = compared.numbers, compared.standing
        assert numbers["ranking"] == list(standing.ranking)
        assert numbers["verdict"] == verdict(standing)
        for name in standing.methods:
            entry = numbers["methods"][name]
            assert entry["selectivity"]["mean"] == pytest.approx(standing.value(name))
            assert entry["labels"]["mean"] == compared.comparison.results[name].labels
            assert entry["p"]["selectivity"] == compared.comparison.chance.p_selectivity[name]
            assert entry["seconds"]["edit"] > 0
            assert set(entry["attributes"]) == set(compared.comparison.names)

    def test_what_was_compared_is_said(self, compared: Compared):
        numbers = compared.numbers
        assert (numbers["model"], numbers["scorer"]) == ("a <toy>.safetensors", "oracle")
        assert (numbers["n"], numbers["images"], numbers["seed"], numbers["space"]) == (400, 16, 0, "w")
        assert numbers["fingerprint"] == compared.generator.fingerprint
        assert numbers["seconds"] == pytest.approx(sum(numbers["stages"].values()))
        assert set(numbers["left_out"]) == {"sefa"}
        assert numbers["own_factors"]["red"] == {"red": 1}

    def test_curves_are_in_it(self, compared: Compared):
        numbers = compared.numbers
        assert [point["asked"] for point in numbers["target_against_collateral"]["guided-hold"]] == [
            0.1,
            0.25,
            0.4,
        ]
        assert numbers["sample_size"]["regression"][-1]["n"] == 280
        assert numbers["sample_size"]["logistic"][0]["selectivity"] is None


class TestThePage:
    def test_it_needs_nothing_but_itself(self, compared: Compared, page: Reader):
        addresses = [a.get("src") or a.get("href") or "" for _, a in page.tags if "src" in a or "href" in a]
        assert addresses
        assert all(address.startswith(("data:", "#")) for address in addresses)
        assert not page.all("script")
        assert not re.search(r"url\(|@import|https?:", compared.page)

    def test_every_link_leads_to_a_place_on_it(self, page: Reader):
        places = {attributes.get("id") for _, attributes in page.tags}
        assert all((link["href"] or "")[1:] in places for link in page.all("a"))

    def test_every_image_can_be_decoded_and_says_what_it_shows(self, page: Reader):
        elements = page.all("img")
        assert len(elements) == 1 + 1 + 2 + 6
        for element in elements:
            assert len(element["alt"] or "") > 20
            with Image.open(io.BytesIO(base64.b64decode((element["src"] or "").partition(",")[2]))) as image:
                assert int(element["width"] or 0) / int(element["height"] or 1) == pytest.approx(
                    image.width / image.height, rel=0.02
                )

    def test_headings_go_down_one_level_at_a_time(self, page: Reader):
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels.count(1) == 1
        assert all(below <= above + 1 for above, below in itertools.pairwise(levels))

    def test_it_is_made_for_phones_and_for_the_dark(self, compared: Compared, page: Reader):
        assert "prefers-color-scheme: dark" in compared.page
        assert page.all("html") == [{"lang": "en"}]
        assert any(tag.get("name") == "viewport" for tag in page.all("meta"))

    def test_names_are_shown_as_they_are(self, page: Reader):
        assert "Which way to edit a <toy>" in page.text
        assert page.all("toy") == []

    def test_the_league_table_is_in_order_with_its_figures(self, compared: Compared, page: Reader):
        text = " ".join(page.text.split())
        places = [
            text.index(f" {place}. {name}") for place, name in enumerate(compared.standing.ranking, start=1)
        ]
        assert places == sorted(places)
        for name in compared.standing.methods:
            assert short(compared.standing.value(name)) in text

    def test_the_verdict_stands_on_top(self, compared: Compared, page: Reader):
        sentences = verdict(compared.standing)
        assert 4 <= len(sentences) <= 6
        text = " ".join(page.text.split())
        assert all(" ".join(sentence.split()) in text for sentence in sentences)
        assert f"Best is {compared.standing.ranking[0]} (" in sentences[0]
        assert "within chance" in sentences[1] or "more than chance" in sentences[1]

    def test_it_says_who_could_not_take_part_and_what_was_not_measured(self, page: Reader):
        assert "SeFa uses the first layer of a generator" in page.text
        assert "Not measured: perceptual distance" in page.text


def test_a_folder_that_cannot_be_written_is_said(compared: Compared, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_comparison(compared.comparison, compared.generator, tmp_path / "file" / "folder")


def test_nothing_is_written_when_the_page_cannot_be_made(
    compared: Compared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no page today")

    monkeypatch.setattr("ganatomy.experiments.compare.writer.render", broken)
    with pytest.raises(RuntimeError, match="no page today"):
        write_comparison(compared.comparison, compared.generator, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_figure_of_the_json_is_infinite(compared: Compared) -> None:
    def numbers(value: Any) -> list[float]:
        if isinstance(value, dict):
            return [number for item in value.values() for number in numbers(item)]
        if isinstance(value, list):
            return [number for item in value for number in numbers(item)]
        return [value] if isinstance(value, float) else []

    assert all(math.isfinite(number) for number in numbers(compared.numbers))
