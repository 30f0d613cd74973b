"""The page: one file, readable anywhere, saying in words and figures what was measured."""

from __future__ import annotations

import base64
import io
import itertools
import math
import re
from dataclasses import replace

import pytest
from experiments.explore.reported import Reported
from PIL import Image
from reader import Reader

from ganatomy.experiments.documents import document
from ganatomy.experiments.explore.exploration import BASE, HELD, READER, Exploration
from ganatomy.experiments.explore.figures import STATIONS, average_codes, card
from ganatomy.experiments.explore.sentences import largest_unwanted, lead, limits
from ganatomy.experiments.explore.tables import METHOD_NAMES, methods_table
from ganatomy.latents import Directions
from ganatomy.statistics.formatting import short


@pytest.fixture(scope="session")
def page(reported: Reported) -> Reader:
    return Reader(reported.page)


def test_the_page_needs_nothing_but_itself(reported: Reported, page: Reader) -> None:
    addresses = [a.get("src") or a.get("href") or "" for _, a in page.tags if "src" in a or "href" in a]
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert not page.all("script")
    assert not re.search(r"url\(|@import|https?:", reported.page)


def test_every_link_leads_to_a_place_on_the_page(page: Reader) -> None:
    places = {attributes.get("id") for _, attributes in page.tags}
    assert all((link["href"] or "")[1:] in places for link in page.all("a"))


def test_every_image_can_be_decoded_and_says_what_it_shows(page: Reader) -> None:
    elements = page.all("img")
    assert len(elements) == 1 + 2 * 3 + 2 + 1 + 1 + 1 + 2
    for element in elements:
        assert len(element["alt"] or "") > 20
        data = base64.b64decode((element["src"] or "").partition(",")[2])
        with Image.open(io.BytesIO(data)) as image:
            ratio = image.width / image.height
        assert int(element["width"] or 0) / int(element["height"] or 1) == pytest.approx(ratio, rel=0.02)


def test_the_page_is_made_for_phones_too_and_for_the_dark(reported: Reported, page: Reader) -> None:
    viewport = next(tag for tag in page.all("meta") if tag.get("name") == "viewport")
    assert viewport["content"] == "width=device-width, initial-scale=1"
    assert "prefers-color-scheme: dark" in reported.page
    assert page.all("html") == [{"lang": "en"}]


def test_the_style_is_not_escaped(reported: Reported) -> None:
    style = re.search(r"<style>(.*?)</style>", reported.page, re.DOTALL)
    assert style is not None
    assert '"Segoe UI"' in style[1]


def test_a_name_with_special_characters_is_shown_as_it_is(page: Reader) -> None:
    assert "round & <large>" in page.text
    assert page.all("large") == []


def test_headings_go_down_one_level_at_a_time(page: Reader) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))


def test_the_summary_on_top_has_the_figures_of_the_judge(reported: Reported, page: Reader) -> None:
    found = reported.exploration
    alone, held = (short(found.headline(method).value) for method in (BASE, HELD))
    by_scorer = short(found.selectivity(HELD).value)
    assert f"the attribute changes {alone} times as much" in page.text
    assert f"with the others held fixed, {held} (" in page.text
    assert f"times, by the judge (by the scorer {by_scorer}, over all edits)." in page.text
    assert f"{alone} → {held}" in page.text
    judged = found.entanglement[HELD].judged
    assert judged is not None
    assert found.headline(HELD).value == pytest.approx(float(judged.selectivities().mean()))
    assert f"Of 3 attributes, {len(found.movable)} can be moved with all others held fixed" in page.text
    assert set(found.movable) <= {"red", "Young"}, "the judge does not know the third"


def test_without_a_judge_the_summary_says_that_nothing_is_confirmed(reported: Reported) -> None:
    alone = {name: replace(it, judged=None) for name, it in reported.exploration.entanglement.items()}
    text = lead(replace(reported.exploration, entanglement=alone, judge=None))
    assert "No judge was given (--judge), so nothing is confirmed." in text
    assert "by the judge" not in text


def test_a_judge_of_too_few_of_the_attributes_is_not_called_missing(reported: Reported) -> None:
    alone = {name: replace(it, judged=None) for name, it in reported.exploration.entanglement.items()}
    text = lead(replace(reported.exploration, entanglement=alone))
    assert "No judge was given" not in text
    assert "knows fewer than two of these attributes" in text


def test_the_headline_says_how_much_the_others_still_change(reported: Reported) -> None:
    held = reported.exploration.entanglement[HELD]
    others = [
        float(held.mean_abs_change[k, column])
        for k, name in enumerate(held.names)
        if name in reported.exploration.movable
        for column, other in enumerate(held.attributes)
        if other != name
    ]
    mean = sum(others) / len(others)
    assert reported.exploration.others_change == pytest.approx(mean)
    assert f"though each of the others still changes by {mean:.2f} in an image" in lead(reported.exploration)


def with_aucs(found: Exploration, **aucs: float) -> Exploration:
    """The same, where codes tell some attributes as well as this."""
    logistic = [replace(it, auc=aucs.get(it.name, it.auc)) for it in found.directions[READER]]
    return replace(found, directions={**found.directions, READER: Directions(logistic)})


def test_an_area_that_could_not_be_measured_is_left_out_of_the_mean(reported: Reported) -> None:
    found = with_aucs(reported.exploration, Young=math.nan, red=0.7)
    known = [auc for name, auc in found.auc.items() if name != "Young"]
    figures = {number.label: number.value for number in document(found, reported.experiment).numbers}
    assert figures["mean held-out AUC: how well attributes are read off codes"] == short(sum(known) / 2)
    shown = average_codes(found, reported.experiment.generator)
    have = round(found.prevalence["Young"] * 400)
    note = card(found, reported.experiment, shown, "Young").note
    assert note.startswith("AUC not measured, in ")
    assert note.endswith(f"too few ({have} of 400)")


def test_attributes_that_codes_tell_no_better_than_chance_are_singled_out(reported: Reported) -> None:
    assert "Not separable" not in lead(reported.exploration)
    found = with_aucs(reported.exploration, red=0.25, Young=0.59)
    assert lead(found).endswith(
        "hardly better than chance or worse (held-out AUC): red (0.25) and Young (0.59)."
    )
    shown = average_codes(found, reported.experiment.generator)
    assert card(found, reported.experiment, shown, "red").note.startswith("AUC 0.25 (not separable), in ")


def test_edits_that_went_too_far_are_named_as_those_that_fell_short_are(reported: Reported) -> None:
    found = reported.exploration
    held = found.entanglement[HELD]
    factors = held.changes.new_tensor([1.5, 0.5, 1.0])[:, None, None]
    scaled = replace(held, changes=held.changes * factors)
    found = replace(found, entanglement={**found.entanglement, HELD: scaled})
    assert found.missed(HELD) == (["round & <large>"], ["red"])
    text = " ".join(limits(found))
    assert (
        "round & <large> ended more than 20\xa0% short of it and red ended more than 20\xa0% beyond it"
        in text
    )
    section = next(it for it in document(found, reported.experiment).sections if it.name == "changes")
    assert "(more than 20\xa0% off ended: alone 0 of 3, others held 2 of 3)" in section.paragraphs[0]


def test_the_most_changed_have_no_column_where_they_are_all_others(reported: Reported) -> None:
    found = reported.exploration
    few = methods_table(found)
    assert "over all others" in few.headings
    assert not any("most changed" in text for text in (*few.headings, few.caption))
    many = {
        name: replace(
            it,
            attributes=(*it.attributes, *(f"other {k}" for k in range(12))),
            before=it.before[:, [0, 1, 2, *[0] * 12]],
            changes=it.changes[:, :, [0, 1, 2, *[0] * 12]],
        )
        for name, it in found.entanglement.items()
    }
    assert "over the 13 most changed" in methods_table(replace(found, entanglement=many)).headings


def test_a_name_in_a_sentence_has_no_brackets_within_those_around_it() -> None:
    assert not any("(" in name for name in METHOD_NAMES.values())


def test_a_smoothed_reading_confirms_nothing(reported: Reported) -> None:
    smoothed = {
        name: replace(it, judged=it.judged and replace(it.judged, reading="smoothed reading"))
        for name, it in reported.exploration.entanglement.items()
    }
    found = replace(reported.exploration, entanglement=smoothed)
    assert found.movable == ()
    assert "a smoothed reading" in lead(found)
    assert "by the smoothed reading" in lead(found)


def test_the_judge_has_a_column_and_a_sentence(page: Reader) -> None:
    assert "by the judge" in page.text
    assert re.search(r"The judge \(.*red_and_young \(function, 2 attributes\)\), a classifier", page.text)


def test_the_largest_unwanted_change_names_the_pair_that_moves_together_most(reported: Reported) -> None:
    name, other, alone, held = largest_unwanted(reported.exploration)
    result = reported.exploration.entanglement[BASE]
    change = result.mean_change.clone()
    change[range(3), result.targets] = 0
    row, column = divmod(int(change.abs().argmax()), change.shape[1])
    assert (name, other, alone) == (
        result.names[row],
        result.attributes[column],
        pytest.approx(float(change[row, column])),
    )
    assert abs(held) < 0.01


def test_young_is_the_attribute_in_detail_wherever_there_is_one(reported: Reported, page: Reader) -> None:
    assert "Young in detail" in page.text
    without = replace(
        reported.exploration, directions={BASE: reported.exploration.directions[BASE].without("Young")}
    )
    assert "Young" not in without.attributes


def test_skipped_attributes_are_listed_with_the_reason(page: Reader) -> None:
    assert re.search(r"rare\s*too few images have it: 0\.0\s% of 400", page.text)


def test_shown_codes_are_average_along_every_direction(reported: Reported) -> None:
    found = reported.exploration
    shown = average_codes(found, reported.experiment.generator)
    places = (shown.codes - found.survey.latents.codes.mean(0)) @ found.directions[BASE].matrix.T
    sigmas = [direction.sigma for direction in found.directions[BASE]]
    assert (places / places.new_tensor(sigmas)).abs().max() < 1


def test_scored_probabilities_under_a_strip_rise_with_the_strength(reported: Reported) -> None:
    rows = re.findall(r'<div class="stations scored">(.*?)</div>', reported.page)
    assert len(rows) == 2 * 3
    for row in rows:
        values = [float(value) for value in re.findall(r"<span>([\d.]+)</span>", row)]
        assert len(values) == len(STATIONS)
        assert values == sorted(values)
        assert values[-1] - values[0] > 0.6
