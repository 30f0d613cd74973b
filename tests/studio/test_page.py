"""The studio's page in a real browser: each tab from a cold start, by the hands of a person."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from studio.browsing import find_browser, open_studio

from ganatomy import load, scorer
from ganatomy.recipes import ModelReference
from ganatomy.studio.bench import Bench, Preparing
from ganatomy.studio.panel_files import load_panel
from ganatomy.zoo import MODELS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser of these tests")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe looks for barriers")

Page = sync_api.Page
expect = sync_api.expect

pytestmark = pytest.mark.slow

DESK, TABLET, PHONE = ({"width": w, "height": h} for w, h in ((1440, 900), (1024, 768), (390, 844)))
TABS = ("Edit", "Explore", "Walk", "Mix", "Teach", "Evidence")
PATIENCE = 30_000
"""Milliseconds; the machine of a test may be busy."""

Visit = Callable[..., Page]


def bench_of(name: str, *, measured: bool) -> Bench:
    generator = load(name)
    reference = ModelReference(name=name, fingerprint=generator.fingerprint)
    return Bench(
        name=name,
        generator=generator,
        reference=reference,
        scorer=scorer(name),
        panel=load_panel(MODELS[name].panel) if measured else None,
        preparing=Preparing(stage="looking at pictures", done=3, total=10),
    )


@pytest.fixture(scope="module")
def studio(measured: Bench) -> Iterator[str]:
    """Faces, ready; digits, still being measured; a toy with few sliders."""
    faces, digits = bench_of("faces", measured=True), bench_of("digits", measured=False)
    with open_studio([faces, digits, measured]) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium is in PATH; install one to test the page")
    with sync_api.sync_playwright() as started:
        found = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def visit(browser: sync_api.Browser, studio: str) -> Iterator[Visit]:
    """Opens the page as somebody who was never there; afterwards nothing may stand in its console."""
    contexts, said = [], []

    def opened(link: str = "", **context: object) -> Page:
        contexts.append(browser.new_context(**{"viewport": DESK, "accept_downloads": True, **context}))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(studio + link)
        expect(page.get_by_role("navigation", name="Tabs")).to_be_visible(timeout=PATIENCE)
        return page

    yield opened
    for context in contexts:
        context.close()
    # A file that cannot be read is answered with 422, which browsers write down.
    assert [line for line in said if "status of 422" not in line] == []


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_attached()


def pixels(page: Page, name: str = "Picture now") -> np.ndarray:
    """What a canvas shows."""
    drawn = page.get_by_role("img", name=name).evaluate("canvas => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(_bytes_of(drawn))).convert("RGB"), dtype=np.int16)


def _bytes_of(data_url: str) -> bytes:
    import base64

    return base64.b64decode(data_url.partition(",")[2])


def drawn(page: Page, before: np.ndarray | None = None) -> np.ndarray:
    """The picture that was asked for last, once it is there; another one than before."""
    expect(page.locator('.compare[aria-busy="false"]')).to_be_visible(timeout=PATIENCE)
    _wait(page, lambda: before is None or not np.array_equal(pixels(page), before))
    expect(page.locator('.compare[aria-busy="false"]')).to_be_visible(timeout=PATIENCE)
    return pixels(page)


def _wait(page: Page, so: Callable[[], bool]) -> None:
    for _ in range(PATIENCE // 50):
        if so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come to be so")


def press(page: Page, key: str, times: int) -> None:
    for _ in range(times):
        page.keyboard.press(key)


def test_edit_moves_one_thing_and_says_what_else_moved(visit: Visit) -> None:
    page = visit()
    first = drawn(page)
    slider = page.get_by_role("slider", name="Smiling", exact=True)
    slider.focus()
    press(page, "ArrowLeft", 24)
    assert np.abs(drawn(page, first) - first).max() > 40
    expect(page).to_have_url(re.compile(r"mv=Smiling:-1\.2"))
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text(re.compile(r"Smiling \.\d\d → \.\d\d"))
    expect(verdict).to_contain_text(re.compile(r"Also moved: .* [+−]\.\d\d|Nothing else moved"))
    # The presses on one slider are one step of the history.
    moved = drawn(page)
    page.keyboard.press("z")
    expect(page).not_to_have_url(re.compile("mv="))
    assert np.array_equal(drawn(page, moved), first)
    page.keyboard.press("Shift+Z")
    expect(page).to_have_url(re.compile(r"mv=Smiling:-1\.2"))
    assert np.array_equal(drawn(page, first), moved)
    page.go_back()
    expect(slider).to_have_value("0")


def test_a_drag_is_one_step_of_the_history_and_its_pictures_are_timed(visit: Visit) -> None:
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
    page.get_by_role("button", name="Undo").click()
    expect(page).not_to_have_url(re.compile("mv="))
    times = page.evaluate("performance.getEntriesByName('slider-to-picture').map(({ duration }) => duration)")
    assert times
    assert all(0 < time < PATIENCE for time in times)


def test_the_picture_before_is_a_swipe_or_a_key_away(visit: Visit) -> None:
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
    assert np.abs(pixels(page, "Picture before") - pixels(page)).max() > 40


def test_padlocks_hold_and_a_link_keeps_them(visit: Visit) -> None:
    page = visit()
    padlock = page.get_by_role("button", name="Hold Male", exact=True)
    expect(padlock).to_have_attribute("aria-pressed", "true")
    slider = page.get_by_role("slider", name="Wearing Lipstick", exact=True)
    slider.focus()
    press(page, "PageUp", 2)
    held = drawn(page)
    padlock.click()
    expect(page).to_have_url(re.compile("h=:Male$"))
    free = drawn(page, held)
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
    shown = page.get_by_role("list", name="Sliders, cleanest first").get_by_role("listitem")
    assert all("hair" in label.lower() for label in shown.locator("label").all_inner_texts())
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
    page.get_by_role("group", name="Layers that the sliders move").get_by_role("button", name="Fine").click()
    drawn(page, second)
    expect(page).to_have_url(re.compile(r"p=0\.3&.*l=\d+-10"))


def test_explore_leads_from_a_sheet_to_a_picture(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Explore")
    cell = page.get_by_role("button", name="Seed 12", exact=True)
    expect(cell.locator("canvas.drawn")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("combobox", name="Show").select_option("most Smiling")
    best = page.get_by_role("list", name="Pictures").get_by_role("button").first
    expect(best).to_have_accessible_name(re.compile(r"Smiling (1\.00|\.9\d)"))
    number = re.search(r"\d+", best.get_attribute("aria-label")).group()
    best.click()
    expect(page).to_have_url(re.compile(rf"#edit&m=faces&s={number}&"))
    drawn(page)


def test_the_map_goes_to_a_picture_by_hand_and_by_keys(visit: Visit) -> None:
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
    told = page.locator("#map-seen")
    expect(told).to_have_text(re.compile(r"Seed \d+, Young \d+\s%"))
    number = re.search(r"\d+", told.inner_text()).group()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"#edit&m=faces&s={number}&"))
    page.go_back()
    # Any place of a map of a thousand points has one near; the pointer looks for it.
    for step in range(40):
        page.mouse.move(box["x"] + 300 + 15 * step, box["y"] + 250)
        if "Seed" in told.inner_text():
            break
    page.mouse.click(box["x"] + 300 + 15 * step, box["y"] + 250)
    expect(page).to_have_url(re.compile(r"#edit&m=faces&s=\d+"))


def test_walk_plays_between_pictures_and_gives_a_film(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Walk")
    expect(page.get_by_role("heading", name="A walk needs two pictures")).to_be_visible()
    page.get_by_role("button", name="Add current").click()
    page.get_by_role("button", name="Add random").click()
    frame = page.get_by_role("slider", name="Frame", exact=True)
    expect(frame).to_have_attribute("max", "47", timeout=PATIENCE)
    page.get_by_role("button", name="Pause").click()
    frame.focus()
    page.keyboard.press("Home")
    first = pixels(page, "The film")
    press(page, "PageUp", 3)
    _wait(page, lambda: not np.array_equal(pixels(page, "The film"), first))
    page.get_by_role("radio", name=re.compile("spline")).check()
    page.get_by_role("slider", name="Frames").focus()
    page.keyboard.press("Home")
    expect(frame).to_have_attribute("max", "7", timeout=PATIENCE)
    page.get_by_role("button", name="Picture 2 earlier").click()
    expect(page).to_have_url(re.compile(r"wk=s%3D\d+,s%3D7"))
    with page.expect_download() as film:
        page.get_by_role("button", name="MP4").click()
    assert Path(film.value.path()).read_bytes()[4:8] == b"ftyp"
    page.get_by_role("button", name="Remove picture 2").click()
    expect(page.get_by_role("heading", name="A walk needs two pictures")).to_be_visible()


def test_mix_gives_a_picture_of_two_and_a_sum_of_baskets(visit: Visit) -> None:
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
    page.get_by_role("slider", name="Young", exact=True).focus()
    summed = drawn(page)
    press(page, "PageDown", 3)
    drawn(page, summed)


def test_a_model_without_layers_says_why_it_cannot_mix(visit: Visit) -> None:
    page = visit("#mix&m=digits")
    expect(page.get_by_role("heading", name="digits has no layers to mix")).to_be_visible()


def test_teach_learns_from_marks_and_gives_a_slider(visit: Visit) -> None:
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
    page.get_by_role("button", name=re.compile("^Take back yes")).first.click()
    page.get_by_role("button", name=re.compile("^Yes")).click()
    page.get_by_role("textbox", name="What do you look for?").fill("A look of mine")
    page.get_by_role("button", name="Keep as a slider").click()
    slider = page.get_by_role("slider", name="A look of mine")
    first = drawn(page)
    slider.focus()
    press(page, "PageUp", 4)
    moved = drawn(page, first)
    page.reload()
    assert np.array_equal(drawn(page), moved)


def test_evidence_is_read_by_pointer_and_keys_and_leads_to_sliders(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Evidence")
    reading = page.locator(".reading")
    page.locator('td[data-at="2,3"]').hover()
    expect(reading).to_have_text(
        re.compile(r"One step of .* changes .* by [+−]?\.\d\d, with everything else held")
    )
    page.locator('td[data-at="0,0"]').focus()
    told = reading.inner_text()
    page.keyboard.press("ArrowRight")
    expect(reading).not_to_have_text(told)
    page.get_by_role("button", name="nothing held").click()
    page.get_by_role("button", name="Slider of Young").click()
    expect(page.get_by_role("slider", name="Young", exact=True)).to_be_focused()


def test_a_picture_that_was_taken_away_comes_back_when_it_is_dropped(visit: Visit) -> None:
    link = "#edit&m=faces&s=21&mv=Smiling:-1,Young:0.5&h=:Male"
    page = visit(link)
    made = drawn(page)
    page.get_by_role("button", name="Take away").click()
    dialog = page.get_by_role("dialog", name="Take away")
    expect(dialog.locator("pre")).to_contain_text("import ganatomy")
    with page.expect_download() as got:
        dialog.get_by_role("button", name="Picture", exact=True).click()
    picture = Path(got.value.path()).read_bytes()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    drawn(page, made)
    _drop(page, "mine.png", "image/png", picture)
    expect(page.get_by_text("mine.png is back as it was made.")).to_be_visible()
    _wait(page, lambda: np.array_equal(pixels(page), made))
    expect(page.get_by_role("slider", name="Smiling", exact=True)).to_have_value("-1")
    for name, start in {"Recipe": b"{", "Directions": b"", "Codes": b"", "Script": b""}.items():
        page.keyboard.press("7")
        with page.expect_download() as got:
            dialog.get_by_role("button", name=name, exact=True).click()
        assert Path(got.value.path()).read_bytes().lstrip().startswith(start)
        page.keyboard.press("Escape")


def test_a_photograph_is_told_plainly_that_it_has_to_wait(visit: Visit) -> None:
    page = visit()
    photograph = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(photograph, "JPEG")
    _drop(page, "me.jpg", "image/jpeg", photograph.getvalue())
    expect(page.get_by_text("This photograph cannot be edited yet")).to_be_visible()
    page.get_by_role("button", name="Close this message").click()
    _drop(page, "notes.json", "application/json", b"{]")
    expect(page.get_by_text("notes.json: ")).to_be_visible()


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
    page.get_by_role("button", name="Next seed").click()
    drawn(page, first)
    open_tab(page, "Explore")
    expect(page.get_by_role("button", name="Seed 12", exact=True).locator("canvas.drawn")).to_be_visible()
    page.get_by_role("button", name="Map").click()
    expect(page.get_by_role("heading", name="No map yet")).to_be_visible()
    open_tab(page, "Evidence")
    expect(page.get_by_role("heading", name="No measurements yet")).to_be_visible()


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


def test_a_damaged_link_opens_all_the_same(visit: Visit) -> None:
    page = visit("#nowhere&m=nobody&s=x&mv=Smiling:NaN,%E0:1&l=9-2&c=%7B&wk=%25&h=%00&xb=1_2&ty=1.a")
    drawn(page)
    expect(page).to_have_url(re.compile(r"#edit&m=faces&s=7"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_tab_has_a_barrier(visit: Visit, size: dict[str, int], scheme: str) -> None:
    page = visit("#edit&m=toy&s=7&mv=red:-1&wk=s%3D1,s%3D2&wf=8", viewport=size, color_scheme=scheme)
    drawn(page)
    for name in TABS:
        open_tab(page, name)
        page.wait_for_timeout(300)
        assert _barriers(page) == [], name
    for key, title in {"7": "Take away", "?": "Keys and words"}.items():
        page.keyboard.press(key)
        expect(page.get_by_role("dialog", name=title)).to_be_visible()
        page.wait_for_timeout(300)
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


@pytest.mark.parametrize("size", [DESK, TABLET, PHONE], ids=["desk", "tablet", "phone"])
def test_no_tab_leaves_the_screen(visit: Visit, size: dict[str, int]) -> None:
    rest = "&m=faces&s=7&mv=Smiling:-1,Young:0.5&wk=s%3D1,s%3D2&wf=8"
    page = visit(f"#edit{rest}", viewport=size)
    drawn(page)
    for link in [*map(str.lower, TABS), "explore&ev=map", "mix&xv=sums"]:
        page.evaluate("link => { location.hash = link }", link + rest)
        page.wait_for_timeout(300)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{link} is {wide} px wider than the screen"


def test_on_a_phone_the_picture_stays_while_the_sliders_pass(visit: Visit) -> None:
    page = visit(viewport=PHONE, has_touch=True)
    drawn(page)
    page.get_by_role("slider", name="Bald", exact=True).scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 400
    box = page.get_by_role("img", name="Picture now").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] < PHONE["height"] / 2 + 50
