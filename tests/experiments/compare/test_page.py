"""The page and the JSON of a comparison: whole, alone, and saying what was measured."""

from __future__ import annotations

import base64
import io
import itertools
import math
import re
from dataclasses import replace
from typing import Any

import pytest
from experiments.compare.compared import Compared
from PIL import Image
from reader import Reader

from ganatomy.experiments.compare.comparison import MEASURES
from ganatomy.experiments.compare.figures import methods_shown
from ganatomy.experiments.compare.sentences import sentences
from ganatomy.experiments.documents import document
from ganatomy.statistics.formatting import short


@pytest.fixture(scope="session")
def page(compared: Compared) -> Reader:
    return Reader(compared.page)


def test_the_folder_holds_the_page_the_numbers_and_the_figures(compared: Compared) -> None:
    assert {path.name for path in compared.folder.iterdir()} == {
        "report.html", "summary.json", "selectivity.csv", "figures"
    }  # fmt: skip
    assert {path.stem for path in (compared.folder / "figures").iterdir()} == {
        "league", "trade", "labels-auc", "labels-selectivity", "strip-unedited",
        *(f"strip-{name}" for name in methods_shown(compared.comparison.ranking)),
    }  # fmt: skip


class TestTheJson:
    @pytest.mark.parametrize("measure", MEASURES)
    def test_every_method_has_every_measure_with_its_interval_or_null(self, compared: Compared, measure: str):
        methods = compared.numbers["methods"]
        assert set(methods) == set(compared.comparison.methods)
        for name, entry in methods.items():
            assert measure in entry, name
            if entry[measure] is not None:
                low, value, high = (entry[measure][key] for key in ("low", "value", "high"))
                assert low - 1e-6 * abs(value) <= value <= high + 1e-6 * abs(value), name

    def test_null_stands_where_a_measure_does_not_apply(self, compared: Compared):
        methods = compared.numbers["methods"]
        assert methods["guided"]["auc"] is None
        assert methods["regression"]["auc"] is not None
        assert all(entry["perceptual"] is None for entry in methods.values())
        assert set(compared.numbers["not_measured"]) == {"perceptual distance"}

    def test_figures_are_those_of_the_comparison(self, compared: Compared):
        numbers, found = compared.numbers, compared.comparison
        assert numbers["ranking"] == list(found.ranking)
        assert numbers["sentences"] == sentences(found)
        assert found.chance is not None
        for name in found.methods:
            entry = numbers["methods"][name]
            assert entry["selectivity"]["value"] == pytest.approx(found.value(name))
            assert entry["scorer_selectivity"]["value"] == pytest.approx(
                found.value(name, "scorer_selectivity")
            )
            assert entry["labels"]["value"] == found.results[name].found.num_labels
            assert entry["p"]["selectivity"] == found.chance.p_selectivity[name]
            assert entry["seconds"]["edit"] > 0
            assert set(entry["attributes"]) == set(found.attributes)

    def test_what_was_compared_is_said(self, compared: Compared):
        numbers = compared.numbers
        assert (numbers["model"], numbers["scorer"]) == ("a <toy>.safetensors", "oracle")
        assert (numbers["n"], numbers["images"], numbers["seed"], numbers["space"]) == (400, 16, 0, "w")
        assert numbers["fingerprint"] == compared.experiment.generator.fingerprint
        assert numbers["seconds"] == pytest.approx(sum(numbers["stages"].values()))
        assert set(numbers["left_out"]) == {"sefa"}
        assert numbers["own_factors"]["red"] == {"red": 1}
        assert numbers["judge"] == compared.comparison.judge

    def test_curves_are_in_it(self, compared: Compared):
        numbers = compared.numbers
        assert [point["target_change"] for point in numbers["target_against_collateral"]["guided-hold"]] == [
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
        assert "Which method edits a <toy> best" in page.text
        assert page.all("toy") == []

    def test_the_league_table_is_in_order_with_its_figures(self, compared: Compared, page: Reader):
        text = " ".join(page.text.split())
        places = [
            text.index(f" {place}. {name}") for place, name in enumerate(compared.comparison.ranking, start=1)
        ]
        assert places == sorted(places)
        for name in compared.comparison.methods:
            assert short(compared.comparison.value(name)) in text
            assert short(compared.comparison.value(name, "scorer_selectivity")) in text

    def test_the_findings_stand_on_top(self, compared: Compared, page: Reader):
        written = sentences(compared.comparison)
        assert 5 <= len(written) <= 7
        text = " ".join(page.text.split())
        assert all(" ".join(sentence.split()) in text for sentence in written)
        assert f"Best is {compared.comparison.ranking[0]} (" in written[0]
        assert "significant" in written[1]

    def test_the_judge_is_named_with_what_it_reads(self, compared: Compared, page: Reader):
        judge = compared.comparison.judge
        assert judge is not None
        text = " ".join(page.text.split())
        assert f"times as much as each of the others, by a judge that took no part ({judge})" in text
        assert "by the judge" in page.text

    def test_without_a_judge_nothing_is_said_of_one(self, compared: Compared):
        results = {
            name: replace(result, changes=replace(result.changes, judged=None))
            for name, result in compared.comparison.results.items()
        }
        alone = document(replace(compared.comparison, results=results, judge=None), compared.experiment)
        tables = [table for section in alone.sections for table in section.tables]
        texts = [*alone.sentences, *(text for table in tables for text in (table.caption, *table.headings))]
        texts += [text for section in alone.sections for text in (*section.paragraphs, *section.items)]
        assert not [text for text in texts if "judge" in text]
        assert all(entry["scorer_selectivity"] is None for entry in alone.data["methods"].values())

    def test_it_names_methods_that_do_not_apply_and_what_was_not_measured(self, page: Reader):
        assert "SeFa uses the first layer of a generator" in page.text
        assert "Not measured: perceptual distance" in page.text


def test_no_figure_of_the_json_is_infinite(compared: Compared) -> None:
    def numbers(value: Any) -> list[float]:
        if isinstance(value, dict):
            return [number for item in value.values() for number in numbers(item)]
        if isinstance(value, list):
            return [number for item in value for number in numbers(item)]
        return [value] if isinstance(value, float) else []

    assert all(math.isfinite(number) for number in numbers(compared.numbers))
