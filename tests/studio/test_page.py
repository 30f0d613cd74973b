"""The studio's page in a real browser: each tab from a cold start, by the hands of a person."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from studio.browsing import open_studio
from studio.visiting import (
    DESK,
    PATIENCE,
    PHONE,
    SMALL_PHONE,
    TABLET,
    Page,
    drawn,
    expect,
    open_tab,
    pixels,
    press,
    settled,
    sync_api,
    unscored,
    wait_until,
)

from ganatomy import load
from ganatomy.images import to_pil
from ganatomy.studio.bench import Bench, Preparing
from ganatomy.studio.server import STATIC

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe looks for barriers")

pytestmark = pytest.mark.slow

TABS = ("Edit", "Explore", "Walk", "Mix", "Teach", "Evidence")

LIT = """() => {
  window.lit = [];
  new MutationObserver(() => {
    for (const row of document.querySelectorAll(".row.highlighted")) window.lit.push(row.textContent.trim());
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""
"""Records the rows that are highlighted, which they are for two seconds only."""
PAINTED = """async ([places, moves]) => {
  const [slider, painted] = [document.querySelector(".row.moved input[type=range]"), []];
  let watching = true;
  const look = () => {
    painted.push([String(Number(slider.value)), document.querySelector(".verdict .done").textContent,
      document.querySelector(".verdict").classList.contains("stale")]);
    if (watching) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  for (let move = 0; move < moves; move++) {
    slider.value = places[(7 * move) % 5 % places.length];
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => setTimeout(done, 15 + 40 * (move % 3)));
  }
  await new Promise((done) => setTimeout(done, 1000));
  watching = false;
  return painted;
}"""
"""Drags a slider, and gives what each frame showed: where the slider was, what was said, and whether it was dimmed."""
SETTLED = """() => !document.querySelector(".stale") && document.getAnimations().every(({ playState, effect }) =>
  playState === "finished" || effect.getComputedTiming().endTime === Infinity)"""
"""Whether nothing is dimmed until its answer comes, and nothing fades in or out any more."""

Visit = Callable[..., Page]


def test_edit_moves_one_thing_and_says_what_else_moved(visit: Visit) -> None:
    page = visit("#edit&m=faces&s=7")
    first = drawn(page)
    slider = page.get_by_role("slider", name="Smiling", exact=True)
    slider.focus()
    # As far as the track goes, however late its ends come.
    press(page, "ArrowLeft", 20)
    assert np.abs(drawn(page, first) - first).max() > 40
    expect(page).to_have_url(re.compile(r"mv=Smiling:-1(&|$)"))
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text(re.compile(r"Smiling \d+\s% → \d+\s%"))
    expect(verdict).to_contain_text(re.compile(r"Also changed.* [+−]\d+\s%|Nothing else changed"))
    expect(page).to_have_title("Seed 7, Smiling −1.00 · faces · ganatomy studio")
    # The presses on one slider are one step of the history.
    moved = drawn(page)
    page.keyboard.press("z")
    expect(page).not_to_have_url(re.compile("mv="))
    assert np.array_equal(drawn(page, moved), first)
    page.keyboard.press("Shift+Z")
    expect(page).to_have_url(re.compile(r"mv=Smiling:-1(&|$)"))
    assert np.array_equal(drawn(page, first), moved)
    page.go_back()
    expect(slider).to_have_value("0")
    page.reload()
    page.get_by_role("button", name="Redo").click()
    expect(page).to_have_url(re.compile(r"mv=Smiling:-1(&|$)"))


def test_undo_ends_where_the_browser_has_dropped_what_was_before(visit: Visit) -> None:
    page = visit("#walk&m=toy")
    links = []
    for _ in range(60):
        page.keyboard.press("r")
        links.append(page.evaluate("location.href"))
    undo = page.get_by_role("button", name="Undo")
    for link in reversed(links[-50:-1]):
        expect(undo).to_be_enabled()
        page.keyboard.press("z")
        expect(page).to_have_url(link)
    expect(undo).to_be_disabled()


def test_what_is_no_seed_does_not_stay_in_its_field(visit: Visit) -> None:
    page = visit("#edit&m=toy&s=7")
    field = page.get_by_role("spinbutton", name="Seed")
    for typed in ("-4", "", "99999999999"):
        field.fill(typed)
        field.blur()
        expect(field).to_have_value("7")
    told = page.get_by_text("A seed is a whole number from 0 to")
    expect(told).to_be_visible()
    field.fill("8")
    expect(told).to_have_count(0)
    steps = page.get_by_role("spinbutton", name="red: steps")
    for typed, kept in {"1.3": "1.3", "9": "1.3", "-6": "-6"}.items():
        steps.fill(typed)
        steps.press("Enter")
        expect(steps).to_have_value(kept)
    expect(page.get_by_text("Sliders go from −6 to 6 steps.")).to_be_visible()
    open_tab(page, "Mix")
    other = page.get_by_role("spinbutton", name="Row 1: seed")
    other.fill("-4")
    other.blur()
    expect(other).to_have_value("1")


def test_what_is_typed_stays_while_images_come(visit: Visit) -> None:
    page = visit("#edit&m=toy&s=7")
    before = drawn(page)
    steps = page.get_by_role("spinbutton", name="red: steps")
    steps.fill("2")
    # What another hand changes meanwhile brings an image, scores, and new ends of every track.
    page.get_by_role("slider", name="round").evaluate(
        "(slider) => { slider.value = 1; slider.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    drawn(page, before)
    expect(page.get_by_role("spinbutton", name="round: steps")).to_have_value("1")
    expect(steps).to_have_value("2")
    steps.press("Enter")
    expect(page.get_by_role("slider", name="red")).to_have_value("2")


def test_a_drag_is_one_step_of_the_history_and_its_images_are_timed(visit: Visit) -> None:
    page = visit()
    drawn(page)
    slider = page.get_by_role("slider", name="Young", exact=True)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    entries = page.evaluate("history.length")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y, steps=12)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"mv=Young:-\d"))
    assert page.evaluate("history.length") == entries + 1
    measures = "performance.getEntriesByName('slider-to-image').map(({ duration }) => duration)"
    wait_until(page, lambda: bool(page.evaluate(measures)))
    times = page.evaluate(measures)
    page.get_by_role("button", name="Undo").click()
    expect(page).not_to_have_url(re.compile("mv="))
    assert all(0 < time < PATIENCE for time in times)


def test_the_image_before_is_a_swipe_or_a_key_away(visit: Visit) -> None:
    page = visit("#edit&m=faces&s=7&mv=Smiling:-1.5")
    drawn(page)
    swipe = page.get_by_role("slider", name="Swipe between before and now")
    assert swipe.input_value() == "0"
    page.keyboard.press("b")
    expect(swipe).to_have_value("100")
    page.keyboard.press("b")
    expect(swipe).to_have_value("0")
    box = swipe.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(swipe).to_have_value(re.compile("^(49|50|51)$"))
    assert np.abs(pixels(page, "Image before") - pixels(page)).max() > 40


def test_padlocks_hold_and_a_link_keeps_them(visit: Visit) -> None:
    page = visit()
    page.get_by_role("button", name="Everything", exact=True).click()
    padlock = page.get_by_role("button", name="Hold Male", exact=True)
    expect(padlock).to_have_attribute("aria-pressed", "true")
    slider = page.get_by_role("slider", name="Wearing Lipstick", exact=True)
    slider.focus()
    press(page, "PageUp", 2)
    held = drawn(page)
    padlock.click()
    expect(page).to_have_url(re.compile("hf=Male$"))
    firm = drawn(page, held)
    page.get_by_role("button", name="Hold Male firmly", exact=True).click()
    expect(page).to_have_url(re.compile("h=:Male$"))
    free = drawn(page, firm)
    page.reload()
    expect(padlock).to_have_attribute("aria-pressed", "false")
    assert np.array_equal(drawn(page), free)
    page.keyboard.press("l")
    expect(padlock).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Hold Young", exact=True)).to_have_attribute(
        "aria-pressed", "false"
    )


def test_sliders_are_found_by_name_and_put_back(visit: Visit) -> None:
    page = visit("#edit&m=faces&s=3&mv=Male:1,Young:-1")
    expect(page.get_by_role("slider", name="Male", exact=True)).to_have_value("1")
    page.get_by_role("searchbox").fill("hair")
    labels = page.locator(".sliders label")
    wait_until(page, lambda: all("hair" in label.lower() for label in labels.all_inner_texts()))
    page.get_by_role("searchbox").fill("no such thing")
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="Male back to zero").click()
    expect(page).to_have_url(re.compile("mv=Young:-1$"))
    page.get_by_role("button", name="Reset").click()
    expect(page).to_have_url(re.compile("s=3$"))


def test_truncation_and_layers_stand_under_more(visit: Visit) -> None:
    page = visit("#edit&m=faces&s=3&mv=Young:-1")
    first = drawn(page)
    page.get_by_text("More: truncation and layers").click()
    page.get_by_role("slider", name="Truncation").focus()
    press(page, "ArrowLeft", 8)
    second = drawn(page, first)
    page.get_by_role("group", name="Layers that the sliders change").get_by_role(
        "button", name="Fine"
    ).click()
    drawn(page, second)
    expect(page).to_have_url(re.compile(r"p=0\.3&.*l=\d+-10"))


def test_explore_leads_from_a_sheet_to_an_image(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Explore")
    cell = page.get_by_role("button", name="Seed 12", exact=True)
    expect(cell.locator("canvas.drawn")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("combobox", name="Show").select_option("most Smiling")
    best = page.get_by_role("list", name="Images").get_by_role("button").first
    expect(best).to_have_accessible_name(re.compile(r"Smiling (100|9\d)\s%"))
    number = re.search(r"\d+", best.get_attribute("aria-label")).group()
    best.click()
    expect(page).to_have_url(re.compile(rf"#edit&m=faces&s={number}&"))
    drawn(page)


def test_the_map_goes_to_an_image_by_hand_and_by_keys(visit: Visit) -> None:
    page = visit("#explore&ev=map")
    seen = page.get_by_role("application")
    box = seen.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(3):
        page.mouse.wheel(0, -200)
    page.get_by_role("button", name="Whole map").click()
    page.get_by_role("combobox", name="Colour").select_option("Young")
    seen.focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    caption = page.locator("#map-seen")
    expect(caption).to_have_text(re.compile(r"Seed \d+, Young \d+\s%"))
    number = re.search(r"\d+", caption.inner_text()).group()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"#edit&m=faces&s={number}&"))
    page.go_back()
    # Any place of a map of a thousand points has one near; the pointer searches for it.
    for step in range(40):
        page.mouse.move(box["x"] + 300 + 15 * step, box["y"] + 250)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if "Seed" in caption.inner_text():
            break
    page.mouse.click(box["x"] + 300 + 15 * step, box["y"] + 250)
    expect(page).to_have_url(re.compile(r"#edit&m=faces&s=\d+"))


def test_walk_plays_between_images_and_gives_a_film(visit: Visit) -> None:
    page = visit("#edit&m=faces&s=7")
    open_tab(page, "Walk")
    # It plays at once, to the next seed; what is added comes after these.
    expect(page.get_by_role("list", name="Key images").get_by_role("listitem")).to_have_count(3)
    page.get_by_role("button", name="Add random").click()
    page.get_by_role("button", name="Remove image 3").click()
    films: list[str | bytes] = []

    def keep(frame: str | bytes) -> None:
        films.append(frame)

    page.on("websocket", lambda socket: socket.on("framereceived", keep))
    page.reload()
    for method in ("Round", "Smooth", "Straight"):
        # Each film closes the one before while it plays.
        there = _films(films)
        page.get_by_role("radio", name=re.compile(f"^{method}")).check()
        wait_until(page, lambda there=there: _films(films) > there)
    frame = page.get_by_role("slider", name="Frame", exact=True)
    expect(frame).to_have_attribute("max", "47", timeout=PATIENCE)
    page.get_by_role("button", name="Pause").click()
    frame.focus()
    page.keyboard.press("Home")
    first = pixels(page, "The film")
    press(page, "PageUp", 3)
    wait_until(page, lambda: not np.array_equal(pixels(page, "The film"), first))
    page.get_by_role("radio", name="Smooth").check()
    page.get_by_role("slider", name="Seconds").focus()
    page.keyboard.press("Home")
    expect(frame).to_have_attribute("max", "11", timeout=PATIENCE)
    page.get_by_role("button", name="Image 2 earlier").click()
    expect(page).to_have_url(re.compile(r"wk=s%3D8,s%3D7"))
    with page.expect_download() as film:
        page.get_by_role("button", name="MP4").click()
    made = Path(film.value.path()).read_bytes()
    assert made[4:8] == b"ftyp"
    link = page.url
    page.get_by_role("button", name="Remove image 2").click()
    expect(page.get_by_role("heading", name="A walk needs two images")).to_be_visible()
    _drop(page, "film.mp4", "video/mp4", made)
    expect(page.get_by_text("film.mp4 is restored as a walk.")).to_be_visible()
    expect(page).to_have_url(link)


def _films(frames: list[str | bytes]) -> int:
    """The films among what a socket has received."""
    return sum(isinstance(frame, bytes) and b'"slot": "walk"' in frame[:400] for frame in frames)


def test_a_walk_goes_from_before_to_now_and_its_keys_keep_the_sliders(visit: Visit) -> None:
    page = visit("#walk&m=toy&s=7&mv=red:1&t=mine:1.2_3.4")
    page.get_by_role("button", name="Image 2 earlier").click()
    expect(page).to_have_url(re.compile(r"wk=s%3D7%26mv%3Dred%3A1,s%3D7$"))
    page.get_by_role("button", name="Edit seed 7, 1 moved").click()
    expect(page.get_by_role("slider", name="mine", exact=True)).to_be_visible()
    # What was taught goes along although it was not moved.
    page.keyboard.press("7")
    page.get_by_text("For code: recipe").click()
    take = page.get_by_role("dialog", name="Export").get_by_role("button", name="Directions")
    with page.expect_request(lambda one: '"directions"' in (one.post_data or "")) as request:
        take.click()
    assert request.value.post_data_json["scene"]["taught"] == {"mine": {"yes": [1, 2], "no": [3, 4]}}


def test_one_bad_image_spoils_no_others(visit: Visit) -> None:
    page = visit("#walk&m=toy&wk=s%3D1%26mv%3Dnothing%3A1,s%3D2,s%3D3")
    keys = page.get_by_role("list", name="Key images")
    expect(keys.locator("canvas.drawn")).to_have_count(2)
    expect(keys.locator("canvas.missing")).to_have_count(1)


def test_mix_gives_a_image_of_two_and_a_sum_of_baskets(visit: Visit) -> None:
    page = visit()
    first = drawn(page)
    open_tab(page, "Mix")
    cell = page.get_by_role("button", name="Edit seed 2 with layers of seed 5")
    expect(cell.locator("canvas")).to_be_visible(timeout=PATIENCE)
    cell.click()
    mixed = drawn(page, first)
    expect(page).to_have_url(re.compile("c=%7B%22values%22"))
    open_tab(page, "Mix")
    page.get_by_role("button", name="Add and subtract").click()
    page.get_by_role("combobox", name="Fill A with").select_option("Smiling")
    total = page.get_by_role("button", name="Edit the sum")
    expect(total.locator("canvas")).to_be_visible(timeout=PATIENCE)
    total.click()
    drawn(page, mixed)
    page.go_back()
    page.go_back()
    # The example is what it says it is: a smiling man.
    total.click()
    for name in ("Smiling", "Male"):
        score = page.locator(".row").filter(has=page.get_by_role("slider", name=name, exact=True))
        expect(score.locator(".number")).to_contain_text(re.compile(r"is (9\d|100)\s%"))
    page.get_by_role("slider", name="Young", exact=True).focus()
    summed = drawn(page)
    press(page, "PageDown", 3)
    drawn(page, summed)


def test_a_mix_has_as_many_rows_and_columns_as_are_wanted(visit: Visit) -> None:
    page = visit("#mix&m=faces")
    page.get_by_role("button", name="Column 1: remove").click()
    expect(page).to_have_url(re.compile(r"xc=5\.6$"))
    page.get_by_role("button", name="Add a row").click()
    expect(page).to_have_url(re.compile(r"xr=1\.2\.3\.\d+&xc=5\.6$"))
    cells = page.get_by_role("button", name=re.compile("^Edit seed"))
    expect(cells.locator("canvas")).to_have_count(8, timeout=PATIENCE)
    page.get_by_role("button", name="Column 2: remove").click()
    expect(page.get_by_role("button", name="Column 1: remove")).to_have_count(0)
    page.reload()
    expect(cells.locator("canvas")).to_have_count(4, timeout=PATIENCE)


def test_without_a_classifier_nothing_is_held_or_called_selective(visit: Visit) -> None:
    page = visit("#edit&m=unscored&s=3")
    first = drawn(page)
    expect(page.locator(".sliders")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name=re.compile("^Hold"))).to_have_count(0)
    expect(page.locator(".verdict")).to_contain_text("no classifier scores the images of this model")
    page.get_by_role("slider", name="SeFa 1", exact=True).focus()
    press(page, "PageUp", 3)
    moved = drawn(page, first)
    page.get_by_text("More: truncation").click()
    chosen = page.get_by_role("spinbutton", name="Class")
    generator = unscored().generator
    drawn_class = int(generator.sample(1, seed=3).labels.argmax())
    expect(chosen).to_have_attribute("placeholder", f"any ({drawn_class})")
    chosen.fill("1")
    drawn(page, moved)
    expect(page).to_have_url(re.compile("s=3&k=1&mv="))
    # Images of the map and of Teach were drawn with a class of their own.
    open_tab(page, "Explore")
    page.get_by_role("button", name="Map").click()
    page.get_by_role("application").focus()
    press(page, "+", 4)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"#edit&m=unscored&s=\d+&mv=SeFa[^&]*&ev=map$"))


def test_classes_are_not_held_by_default(visit: Visit) -> None:
    page = visit("#edit&m=digits measured&s=3")
    expect(page.get_by_role("button", name="Hold what helps")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Hold 8", exact=True)).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Everything").click()
    expect(page).to_have_url(re.compile("s=3&h=:$"))
    expect(page.get_by_role("button", name="Hold 8", exact=True)).to_have_attribute("aria-pressed", "true")


def test_the_class_that_an_image_had_is_no_side_effect(visit: Visit) -> None:
    page = visit("#edit&m=digits measured&s=414")
    first = drawn(page)
    slider = page.get_by_role("slider", name="3", exact=True)
    slider.focus()
    press(page, "ArrowRight", 22)
    drawn(page, first)
    expect(page.locator(".chips")).to_contain_text(re.compile(r"1 −\d\d\s%"))
    expect(page.locator(".verdict .badge summary")).to_have_text("Clean")


def test_a_model_without_layers_says_why_it_cannot_mix(visit: Visit) -> None:
    page = visit("#mix&m=digits")
    expect(page.get_by_role("heading", name="digits has no layers to mix")).to_be_visible()


def test_teach_learns_from_labels_and_gives_a_slider(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Teach")
    question = page.locator(".question canvas.drawn")
    for key in "nynynynyny":
        expect(question).to_be_visible(timeout=PATIENCE)
        page.keyboard.press(key)
    expect(page.locator(".learnt")).to_contain_text(
        re.compile(r"Right in \d+ % .* interval \d+ to \d+ %"), timeout=2 * PATIENCE
    )
    expect(page.locator(".learnt canvas")).to_have_count(5)
    page.get_by_role("button", name="Skip").click()
    back = page.get_by_role("button", name=re.compile("^Remove yes")).first
    seed = re.search(r"\d+", back.get_attribute("aria-label")).group()
    back.click()
    expect(page.get_by_text(f"Seed {seed}: does it show the attribute?")).to_be_visible()
    expect(question).to_be_visible()
    page.get_by_role("button", name=re.compile("^Yes")).click()
    name, keep = page.get_by_role("textbox", name="Name of the attribute"), "Add as a slider"
    name.fill("wearing lipstick")
    expect(page.get_by_role("button", name=keep)).to_be_disabled()
    expect(page.get_by_text("There is a slider “wearing lipstick” already")).to_be_visible()
    name.fill("Mine")
    page.get_by_role("button", name=keep).click()
    slider = page.get_by_role("slider", name="Mine")
    first = drawn(page)
    slider.focus()
    press(page, "PageUp", 4)
    drawn(page, first)
    moved = settled(page)
    page.reload()
    drawn(page)
    assert np.array_equal(settled(page), moved)
    labels = re.search("t=[^&]*", page.url).group()
    page.get_by_role("button", name="Teach Mine more").click()
    expect(page.get_by_role("textbox", name="Name of the attribute")).to_have_value("Mine")
    expect(page.get_by_role("button", name=re.compile("^Remove (yes|no)"))).to_have_count(
        len(labels.split(".")) + 1
    )
    page.get_by_role("button", name=keep).click(timeout=2 * PATIENCE)
    expect(slider).to_have_value("0")
    assert labels in page.url


def test_evidence_is_read_by_pointer_and_keys_and_leads_to_sliders(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Evidence")
    reading = page.locator(".reading")
    page.locator('td[data-at="2,3"]').hover()
    expect(reading).to_have_text(
        re.compile(
            r"One step of .* changes .* by [+−]?\d+\s% \(95 % interval .* to .*\), with everything else held"
        )
    )
    page.locator('td[data-at="0,0"]').focus()
    before = reading.inner_text()
    page.keyboard.press("ArrowRight")
    expect(reading).not_to_have_text(before)
    page.get_by_role("button", name="nothing held").click()
    page.evaluate(LIT)
    page.get_by_role("button", name="Slider of Bald").click()
    expect(page.get_by_role("slider", name="Bald", exact=True)).to_be_focused()
    wait_until(page, lambda: bool(page.evaluate("lit")))
    assert all(text.startswith("Bald") for text in page.evaluate("lit"))
    assert page.evaluate("scrollY") > 100
    expect(page.locator(".row.highlighted")).to_have_count(0)
    open_tab(page, "Explore")
    assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (
            {"best": "held", "held": 9.0, "alone": 3.0},
            "holding is cleaner in this model (9.0× with all others held",
        ),
        ({"best": "alone", "held": 3.7, "alone": 3.6}, "with all others held it changes too little."),
        ({"exclusive": True}, "red: nothing is held by default, because an image has one of these classes."),
    ],
    ids=["cleaner", "in doubt", "classes"],
)
def test_why_something_is_held_agrees_with_its_figures(visit: Visit, found: dict, reason: str) -> None:
    page = visit("#edit&m=faces")
    drawn(page)

    def measured_so(route: sync_api.Route) -> None:
        panel = route.fetch().json()
        panel["exclusive"] = found.get("exclusive", False)
        for direction in panel["directions"]:
            direction["best"] = found.get("best", "alone")
            for how, effect in direction["measured"].items():
                effect["value"] = found.get(how, 2.0)
                effect["doubt"] = "short" if how != direction["best"] else ""
        route.fulfill(json=panel)

    page.route("**/api/panel*", measured_so)
    page.evaluate("location.hash = '#edit&m=toy&mv=red:1'")
    expect(page.locator(".hold p")).to_contain_text(reason)


@pytest.mark.parametrize("viewport", [PHONE, SMALL_PHONE], ids=["390 px", "320 px"])
def test_sliders_are_as_wide_as_a_phone_and_names_have_two_lines_at_most(
    visit: Visit, viewport: dict[str, int]
) -> None:
    page = visit("#edit&m=faces", viewport=viewport, has_touch=True, is_mobile=True)
    drawn(page)
    expect(page.locator(".row.scored, .row input[type=range]").first).to_be_visible()
    widths = page.locator(".row:visible input[type=range]").evaluate_all(
        "all => all.map((e) => e.offsetWidth)"
    )
    assert min(widths) > 0.9 * viewport["width"]
    lines = """all => all.map((e) => (e.offsetHeight - 2) / parseFloat(getComputedStyle(e).lineHeight))"""
    assert max(page.locator(".row:visible .name").evaluate_all(lines)) < 2.5


def test_sliders_are_folded_away_for_the_reason_that_was_measured(visit: Visit) -> None:
    page = visit("#edit&m=faces")
    drawn(page)

    def measured_so(route: sync_api.Route) -> None:
        panel = route.fetch().json()
        weak, wrong, *_ = panel["directions"]
        weak["works"], wrong["works"], wrong["wrong_at_ends"] = False, False, 0.24
        names.extend([weak["name"], wrong["name"]])
        route.fulfill(json=panel)

    names: list[str] = []
    page.route("**/api/panel*", measured_so)
    page.evaluate("location.hash = '#edit&m=toy'")
    folds = page.locator("details.finer").filter(has=page.get_by_role("list", include_hidden=True))
    expect(folds).to_have_count(2)
    for fold, name, why in zip(
        folds.all(), names, ("change what they are named after too little", "in 24 %"), strict=True
    ):
        slider = page.get_by_role("slider", name=name, exact=True)
        expect(slider).to_be_hidden()
        fold.locator("summary").first.click()
        expect(fold).to_contain_text(why)
        expect(slider).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE, SMALL_PHONE], ids=["desk", "phone", "small phone"])
def test_a_badge_tells_its_figures_on_the_screen_until_one_turns_away(
    visit: Visit, size: dict[str, int]
) -> None:
    page = visit("#edit&m=faces&s=1049&mv=Smiling:1", viewport=size)
    drawn(page)
    for badge in (page.locator(".verdict .badge"), page.locator(".row .badge").first):
        summary, figures = badge.locator("summary"), badge.locator("div").first
        for turn_away in (lambda: page.keyboard.press("Escape"), page.locator("h2").first.click):
            summary.click()
            expect(figures).to_be_visible()
            box = figures.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= size["width"]
            # A press on the figures is no turning away: they can be marked and copied.
            figures.click()
            expect(figures).to_be_visible()
            turn_away()
            expect(figures).to_be_hidden()


def test_what_is_said_below_the_image_can_be_read_on_a_low_screen(visit: Visit) -> None:
    moved = "Smiling:2,Young:-2,Male:-2,Big_Nose:2,Straight_Hair:1"
    page = visit(f"#edit&m=faces&s=1049&mv={moved}", viewport={"width": 1280, "height": 720})
    drawn(page)
    last = page.locator(".reading li").last
    expect(last).to_contain_text("of drawn codes")
    page.mouse.move(900, 500)
    page.mouse.wheel(0, 400)
    wait_until(page, lambda: page.evaluate("scrollY") > 300)
    box = last.bounding_box()
    assert box["y"] + box["height"] <= 720


def test_figures_that_are_not_finite_are_left_out(visit: Visit) -> None:
    page = visit("#edit&m=faces")
    drawn(page)

    names = []

    def spoil(route: sync_api.Route) -> None:
        panel = route.fetch().json()
        names.extend(direction["name"] for direction in panel["directions"][:2])
        nothing = dict.fromkeys(("value", "low", "high"))
        for direction, found in zip(
            panel["directions"], (nothing, {"value": 9.5, "low": 4.0, "high": None}), strict=False
        ):
            direction["measured"] = {
                how: {**effect, **found} for how, effect in direction["measured"].items()
            }
        route.fulfill(json=panel)

    page.route("**/api/panel*", spoil)
    page.evaluate("location.hash = '#evidence&m=toy'")
    expect(page.locator(".card").first).to_contain_text("not measured")
    open_tab(page, "Edit")
    first, second = (page.locator(".row").filter(has_text=name).locator(".badge") for name in names)
    expect(first).to_have_text("")
    expect(second).to_contain_text("Changes its own attribute 9.5× as much as another on average, with")


def test_an_exported_image_comes_back_when_it_is_dropped(visit: Visit) -> None:
    link = "#edit&m=faces&s=21&mv=Smiling:-1,Young:0.5&h=:Male"
    page = visit(link)
    made = drawn(page)
    page.get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export")
    page.get_by_text("For code: recipe").click()
    expect(dialog.locator("pre")).to_contain_text("import ganatomy")
    with page.expect_download() as got:
        dialog.get_by_role("button", name="Image", exact=True).click()
    image = Path(got.value.path()).read_bytes()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    drawn(page, made)
    _drop(page, "mine.png", "image/png", image)
    expect(page.get_by_text("mine.png is restored.")).to_be_visible()
    wait_until(page, lambda: np.array_equal(pixels(page), made))
    expect(page.get_by_role("slider", name="Smiling", exact=True)).to_have_value("-1")
    for name, start in {"Recipe": b"{", "Directions": b"", "Codes": b"", "Script": b""}.items():
        page.keyboard.press("7")
        page.get_by_text("For code: recipe").click()
        with page.expect_download() as got:
            dialog.get_by_role("button", name=name, exact=True).click()
        assert Path(got.value.path()).read_bytes().lstrip().startswith(start)
        page.keyboard.press("Escape")


def test_a_dialog_that_is_opened_again_at_once_stays_open(visit: Visit) -> None:
    page = visit("#edit&m=toy")
    drawn(page)
    page.keyboard.press("7")
    expect(page.get_by_role("dialog", name="Export")).to_be_visible()
    stays = page.evaluate("""async () => {
      const dialog = document.querySelector("dialog[open]");
      const closed = new Promise((done) => dialog.addEventListener("close", done, { once: true }));
      dialog.dispatchEvent(new Event("cancel", { cancelable: true }));
      while (dialog.open) await Promise.resolve();
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "7", bubbles: true }));
      await closed;
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      return dialog.open;
    }""")
    assert stays


def test_directions_of_a_file_become_sliders_and_a_film_a_walk(visit: Visit) -> None:
    page = visit("#edit&m=toy&s=7&mv=red:1&t=%C3%A9t%C3%A9:1.2_3.4")
    made = drawn(page)
    page.keyboard.press("7")
    dialog = page.get_by_role("dialog", name="Export")
    with page.expect_download() as got:
        page.get_by_text("For code: recipe").click()
        dialog.get_by_role("button", name="Directions").click()
    directions = Path(got.value.path()).read_bytes()
    page.keyboard.press("Escape")
    for _ in range(2):
        # The same file twice gives the same sliders.
        _drop(page, "some.directions", "", directions)
        expect(
            page.get_by_text(
                re.compile(r"“red \(from the file\)”.* added to your sliders, above the others\.")
            )
        ).to_be_visible()
        page.get_by_role("button", name="Close this message").click()
        sliders = page.get_by_role("slider", name="red (from the file)", exact=True)
        expect(sliders).to_have_count(1)
    assert np.array_equal(drawn(page), made)
    sliders.focus()
    page.keyboard.press("PageUp")
    drawn(page, made)
    # A name in any script is the name of a file.
    page.get_by_role("slider", name="été", exact=True).focus()
    page.keyboard.press("PageUp")
    page.get_by_role("button", name="red back to zero", exact=True).click()
    page.keyboard.press("7")
    page.get_by_text("For code: recipe").click()
    with page.expect_download() as got:
        dialog.get_by_role("button", name="Recipe", exact=True).click()
    assert "été" in got.value.suggested_filename
    page.keyboard.press("Escape")

    def answer(fields: dict) -> None:
        page.unroute_all()
        page.route("**/api/restore*", lambda route: route.fulfill(json=fields))
        _drop(page, "file", "", b"-")

    # Defaults are those of the model in the answer, not of the one that was open.
    usual = {
        one["name"]: one for one in page.evaluate("fetch('/api/models').then((r) => r.json())")["models"]
    }
    seed = {"seeds": [3], "space": "w", "truncation_psi": usual["faces"]["truncation_psi"], "label": None}
    answer({"kind": "image", "model": "faces", "scene": {"codes": seed}})
    expect(page).to_have_url(re.compile("#edit&m=faces&s=3&h=:$"))
    before = drawn(page)
    answer(
        {"kind": "image", "model": "faces", "scene": {"codes": {**seed, "space": "z", "truncation_psi": 1}}}
    )
    expect(page).to_have_url(re.compile("#edit&m=faces&s=3&sp=z&h=:$"))
    other = drawn(page, before)
    page.reload()
    assert np.array_equal(drawn(page), other)
    keys = [{"codes": {**seed, "seeds": [number]}} for number in (1, 2)]
    answer({"kind": "walk", "model": "faces", "keys": keys, "method": "lerp", "frames": 200, "closed": False})
    expect(page).to_have_url(re.compile("#walk&m=faces&.*wk=s%3D1%26h%3D%3A,s%3D2%26h%3D%3A&wf=120&wo=1$"))
    expect(page.get_by_text("file is restored as a walk.")).to_be_visible()


def test_a_photograph_is_cut_edited_pasted_and_forgotten(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    first = drawn(page)
    page.get_by_role("button", name="Photograph", exact=True).click()
    dialog = page.get_by_role("dialog", name="Photograph")
    dialog.get_by_label("Choose a photograph").set_input_files(_photograph(tmp_path / "me.png"))
    square = dialog.get_by_role("button", name="Square of the face")
    # The square is moved by hand and by keys, and resized by both.
    start = square.bounding_box()
    page.mouse.move(start["x"] + 20, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + 20, steps=3)
    page.mouse.up()
    moved = square.bounding_box()
    assert moved["x"] == pytest.approx(start["x"] + 40, abs=2)
    square.press("ArrowLeft")
    square.press("-")
    assert square.bounding_box()["width"] < moved["width"]
    smaller = square.bounding_box()
    corner = dialog.get_by_role("button", name="Size of the square").bounding_box()
    page.mouse.move(corner["x"] + 22, corner["y"] + 22)
    page.mouse.down()
    page.mouse.move(corner["x"] + 2, corner["y"] + 2, steps=3)
    page.mouse.up()
    assert square.bounding_box()["width"] < smaller["width"] - 20
    page.wait_for_function(SETTLED)
    assert _barriers(page) == []
    dialog.get_by_label("Search").select_option("quick")
    dialog.get_by_role("button", name="Find its codes").click()
    expect(page.get_by_text(re.compile(r"PSNR [\d.]+ dB"))).to_be_visible()
    expect(dialog).not_to_be_visible()
    found = drawn(page, first)
    page.get_by_role("slider", name="Smiling", exact=True).focus()
    page.keyboard.press("PageDown")
    drawn(page, found)
    # The edit goes back into the photograph, whose other pixels stay.
    page.keyboard.press("7")
    with page.expect_download() as got:
        page.get_by_role("button", name="Paste into the photograph").click()
    before, after = (np.asarray(Image.open(path)) for path in (tmp_path / "me.png", got.value.path()))
    assert before.shape == after.shape
    assert (before != after).any()
    assert np.array_equal(before[:, :60], after[:, :60])
    page.keyboard.press("Escape")
    # What is forgotten cannot be pasted into; its codes stay.
    page.get_by_role("button", name="Photograph", exact=True).click()
    dialog.get_by_role("button", name="Forget the photograph").click()
    page.keyboard.press("Escape")
    page.keyboard.press("7")
    expect(page.get_by_role("button", name="Paste into the photograph")).to_be_disabled()


def _photograph(path: Path) -> Path:
    """A drawn face on a wide ground."""
    generator = load("faces")
    face = to_pil(generator(generator.sample(1, seed=4, space="w", truncation_psi=0.7)).detach()[0])
    whole = Image.new("RGB", (420, 240), (90, 120, 140))
    whole.paste(face.resize((160, 160)), (170, 40))
    whole.save(path)
    return path


def test_a_dropped_photograph_opens_and_a_damaged_file_is_refused(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    data = _photograph(tmp_path / "me.png").read_bytes()
    _drop(page, "me.png", "image/png", data)
    dialog = page.get_by_role("dialog", name="Photograph")
    expect(dialog.get_by_role("img", name="Photograph me.png")).to_be_visible()
    page.keyboard.press("Escape")
    _drop(page, "cut.png", "image/png", data[: len(data) // 2])
    expect(page.get_by_text("cut.png: The photograph is damaged or cut off")).to_be_visible()
    _drop(page, "notes.json", "application/json", b"{]")
    refusal = page.get_by_text("notes.json: ")
    expect(refusal).to_be_visible()
    page.get_by_role("slider", name="Young", exact=True).scroll_into_view_if_needed()
    close = page.get_by_role("button", name="Close this message")
    expect(close).to_be_in_viewport()
    assert refusal.bounding_box()["height"] < 75, "the button stands below the message"
    close.click()


def _drop(page: Page, name: str, kind: str, data: bytes) -> None:
    carried = page.evaluate_handle(
        """([name, kind, bytes]) => {
          const carried = new DataTransfer();
          carried.items.add(new File([new Uint8Array(bytes)], name, { type: kind }));
          return carried;
        }""",
        [name, kind, list(data)],
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("body", event, {"dataTransfer": carried})


def test_what_needs_no_directions_works_while_they_are_measured(visit: Visit) -> None:
    page = visit()
    page.get_by_role("combobox", name="Model").select_option("digits")
    expect(page.get_by_role("heading", name="No sliders yet")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Measuring the directions")).to_be_visible()
    first = drawn(page)
    # Codes that are not mapped cannot be truncated.
    expect(page.get_by_text("More: ")).to_have_count(0)
    page.evaluate("location.hash += '&p=0.3'")
    assert np.array_equal(drawn(page), first)
    expect(page.locator(".compare ~ .problem")).to_have_count(0)
    page.get_by_role("button", name="Next seed").click()
    drawn(page, first)
    open_tab(page, "Explore")
    expect(page.get_by_role("button", name="Seed 12", exact=True).locator("canvas.drawn")).to_be_visible()
    page.get_by_role("button", name="Map").click()
    expect(page.get_by_role("heading", name="No map yet")).to_be_visible()
    open_tab(page, "Evidence")
    expect(page.get_by_role("heading", name="No measurements yet")).to_be_visible()


def test_what_failed_without_a_panel_is_sent_again(browser: sync_api.Browser, measured: Bench) -> None:
    late = replace(measured, name="late", panel=None)
    broken = replace(late, name="broken", preparing=Preparing(failed="the scorer cannot be read"))
    context = browser.new_context()
    with open_studio([late, broken]) as address:
        page = context.new_page()
        page.goto(f"{address}#walk&m=late&mv=red:1&wk=s%3D1%26mv%3Dred%3A1,s%3D2&wf=8")
        expect(page.get_by_text("still being measured").first).to_be_visible()
        open_tab(page, "Edit")
        problem = page.locator(".compare ~ .problem")
        expect(problem).to_be_visible()
        late.panel = measured.panel
        expect(problem).to_be_hidden()
        drawn(page)
        open_tab(page, "Walk")
        expect(page.locator(".strip canvas.drawn")).to_have_count(2)
        page.evaluate("location.hash = '#edit&m=broken'")
        expect(page.get_by_text("The scorer cannot be read.")).to_be_visible()
        context.close()


def test_a_server_that_is_full_says_so_and_is_not_called_without_rest(visit: Visit, studio: str) -> None:
    page = visit("#edit&m=toy")
    drawn(page)
    calls: list[float] = []

    def turn_away(socket: sync_api.WebSocketRoute) -> None:
        calls.append(time.monotonic())
        socket.send(json.dumps({"kind": "closing", "error": "40 visitors are here already"}))
        socket.close(code=1013)

    page.route_web_socket(re.compile("/socket"), turn_away)
    page.reload()
    expect(page.get_by_text("40 visitors are here already.")).to_be_visible()
    wait_until(page, lambda: len(calls) >= 5)
    # After 0.25, 0.5, 1 and 2 seconds.
    assert calls[4] - calls[0] > 3.5
    page.unroute_all()


def test_a_query_that_is_too_long_fails_on_the_page(visit: Visit) -> None:
    page = visit("#edit&m=toy")
    drawn(page)
    problem = page.evaluate("""async () => {
      const { request } = await import("/static/js/live.js");
      return new Promise((failed) => request("hover", { kind: "x".repeat(1e6) }, { failed }));
    }""")
    assert problem.startswith("This query is too large")


def test_nothing_false_is_said_and_nothing_labelled_while_images_do_not_come(visit: Visit) -> None:
    page = visit("#edit&m=toy&s=7&mv=red:1")
    answering = [True]

    def listen(socket: sync_api.WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: socket.send(message) if answering[0] else None)

    page.route_web_socket(re.compile("/socket"), listen)
    page.reload()
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text(re.compile(r"red \d+\s% → "))
    answering[0] = False
    page.get_by_role("slider", name="round", exact=True).focus()
    page.keyboard.press("PageUp")
    # What is said is still about the image that is shown, and both are dimmed.
    expect(page.locator(".verdict.stale")).to_contain_text(re.compile(r"red \d+\s% → "))
    expect(verdict).not_to_contain_text(re.compile(r"round \d+\s% →"))
    expect(page.locator('.compare[aria-busy="true"]')).to_be_visible()
    open_tab(page, "Teach")
    page.keyboard.press("y")
    expect(page.get_by_role("button", name=re.compile("^Yes"))).to_be_disabled()
    expect(page).not_to_have_url(re.compile("ty="))


def test_in_a_slow_browser_the_newest_image_wins_and_no_sentence_is_about_another(visit: Visit) -> None:
    page = visit("#edit&m=toy&s=7")
    drawn(page)
    slider, said = page.get_by_role("slider", name="red", exact=True), page.locator(".verdict .done")
    truth, images = {}, {}
    for place in ("-1", "-0.5", "0.5", "1"):
        slider.fill(place)
        images[place] = settled(page)
        expect(said).to_contain_text(re.compile(r"red\s*\d+\s% → \d+\s%"))
        truth[place] = said.text_content()
    assert len(set(truth.values())) == 4
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 12})
    painted = page.evaluate(PAINTED, [list(truth), 60])
    assert any(stale for _, _, stale in painted), "the browser was as quick as the server"
    assert [(place, text) for place, text, stale in painted if not stale and text != truth[place]] == []
    last = slider.input_value()
    wait_until(page, lambda: np.array_equal(pixels(page), images[last]))
    expect(said).to_have_text(truth[last])


def test_the_page_goes_on_where_it_was_when_the_server_comes_back(
    browser: sync_api.Browser, measured: Bench
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    with open_studio([measured]) as address:
        page.goto(address)
        slider = page.get_by_role("slider", name="red", exact=True)
        slider.focus()
        first = drawn(page)
    expect(page.get_by_text("The studio's server does not answer.")).to_be_visible(timeout=PATIENCE)
    press(page, "PageUp", 3)
    with open_studio([measured], port=int(address.rsplit(":", 1)[1].strip("/"))):
        drawn(page, first)
        expect(page.get_by_text("The studio's server does not answer.")).to_be_hidden(timeout=PATIENCE)
        context.close()


def test_the_first_image_is_there_before_the_code_of_other_tabs(visit: Visit) -> None:
    page = visit("#edit&m=toy")
    page.add_init_script(
        "window.setTimeout = ((wait) => (act, ms) => wait(act, ms === 2000 ? 1e6 : ms))(setTimeout)"
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    drawn(page)
    files = {STATIC / url.partition("/static/")[2] for url in asked if "/static/" in url}
    assert len(files) > 50
    assert sum(path.stat().st_size for path in files) < 260_000
    open_tab(page, "Walk")
    expect(page.get_by_role("slider", name="Frame")).to_be_visible()
    assert any(url.endswith("/tabs/walk.js") for url in asked)


def test_a_tab_whose_code_does_not_come_says_so(browser: sync_api.Browser, studio: str) -> None:
    page = browser.new_context().new_page()
    page.route("**/tabs/teach.js", lambda route: route.abort())
    page.goto(f"{studio}#edit&m=toy")
    drawn(page)
    open_tab(page, "Teach")
    expect(page.get_by_role("alert")).to_contain_text("This tab could not be loaded")
    open_tab(page, "Edit")
    drawn(page)
    page.context.close()


def test_a_damaged_link_opens_all_the_same(visit: Visit) -> None:
    page = visit("#nowhere&m=nobody&s=x&mv=Smiling:NaN,%E0:1&l=9-2&c=%7B&wk=%25&h=%00&xb=1_2&ty=1.a")
    drawn(page)
    expect(page.get_by_text("The link is about nobody, which is not open here")).to_be_visible()
    expect(page).to_have_url(re.compile(r"#edit&m=faces&s=\d+"))
    drawn(visit("#edit&m=toy&s=3&c=" + quote('{"values":1,"seeds":"abc"}') + "&o=[1]&sp=y"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE, SMALL_PHONE], ids=["desk", "phone", "small phone"])
def test_no_tab_has_a_barrier(visit: Visit, size: dict[str, int], scheme: str) -> None:
    page = visit("#edit&m=toy&s=7&mv=red:-1&wk=s%3D1,s%3D2&wf=8", viewport=size, color_scheme=scheme)
    drawn(page)
    for name in TABS:
        open_tab(page, name)
        page.wait_for_function(SETTLED)
        assert _barriers(page) == [], name
    page.keyboard.press("1")
    page.get_by_role("button", name="Photograph", exact=True).click()
    page.wait_for_function(SETTLED)
    assert _barriers(page) == [], "Photograph"
    page.keyboard.press("Escape")
    for key, title in {"7": "Export", "?": "Keys and terms"}.items():
        page.keyboard.press(key)
        expect(page.get_by_role("dialog", name=title)).to_be_visible()
        page.wait_for_function(SETTLED)
        assert _barriers(page) == [], title
        page.keyboard.press("Escape")


def _barriers(page: Page) -> list[str]:
    """What axe calls serious or worse."""
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("size", [DESK, TABLET, PHONE, SMALL_PHONE], ids=["desk", "tablet", "phone", "small"])
def test_no_tab_leaves_the_screen(visit: Visit, size: dict[str, int]) -> None:
    rest = "&m=faces&s=7&mv=Smiling:-1,Young:0.5&wk=s%3D1,s%3D2&wf=8"
    page = visit(f"#edit{rest}", viewport=size)
    drawn(page)
    for link in [*map(str.lower, TABS), "explore&ev=map", "mix&xv=sums"]:
        page.evaluate("link => { location.hash = link }", link + rest)
        expect(page.get_by_role("heading", level=1)).to_have_text(
            re.compile(link.split("&")[0], re.IGNORECASE)
        )
        page.wait_for_function(SETTLED)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{link} is {wide} px wider than the screen"


def test_on_a_small_phone_seeds_and_answers_have_room(visit: Visit) -> None:
    for size in (PHONE, SMALL_PHONE):
        shown = visit("#edit&m=toy&s=888888", viewport=size, has_touch=True, is_mobile=True)
        field = shown.get_by_role("spinbutton", name="Seed")
        assert field.evaluate("input => input.scrollWidth <= input.clientWidth")
    page = visit("#mix&m=toy&s=7&xv=sums", viewport=SMALL_PHONE, has_touch=True)
    field = page.locator(".seedfield input").first
    field.fill("1092")
    field.press("Enter")
    assert field.evaluate("input => input.scrollWidth <= input.clientWidth")
    open_tab(page, "Teach")
    answers = [button.bounding_box() for button in page.locator(".answers button").all()]
    assert len(answers) == 3
    assert answers[0]["x"] >= 10
    assert answers[-1]["x"] + answers[-1]["width"] <= SMALL_PHONE["width"] - 10


def test_enlarged_four_times_the_image_its_words_and_a_slider_are_seen_together(visit: Visit) -> None:
    page = visit("#edit&m=faces&s=7", viewport={"width": 320, "height": 200})
    first = drawn(page)
    slider = page.get_by_role("slider", name="Wavy Hair", exact=True)
    slider.focus()
    press(page, "ArrowRight", 10)
    drawn(page, first)
    expect(page.locator(".verdict .done")).to_contain_text("Wavy Hair")
    tops = []
    for part in (page.get_by_role("img", name="Image now"), page.locator(".verdict .done"), slider):
        box = part.bounding_box()
        tops.append(box["y"])
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= page.locator(".tabs").bounding_box()["y"]
    image = page.get_by_role("img", name="Image now").bounding_box()
    assert image["height"] > 60
    assert tops[2] >= image["y"] + image["height"]


def test_on_a_phone_the_image_stays_while_the_sliders_pass(visit: Visit) -> None:
    page = visit(viewport=PHONE, has_touch=True)
    drawn(page)
    page.get_by_role("slider", name="Arched Eyebrows", exact=True).scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 400
    box = page.get_by_role("img", name="Image now").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] < PHONE["height"] / 2 + 50
