"""What it is like to use the studio: waiting for images, company, a monkey at the page, and teaching.

    python benchmarks/studio.py latency            # slider to image in the page, 300 moves, and the time to start
    python benchmarks/studio.py visitors           # four at once: dragging; and beside sheets and walks
    python benchmarks/studio.py monkey             # 200 sessions of 50 actions: memory, console, recipes drawn again
    python benchmarks/studio.py teach              # AUC of taught directions on images without labels

A real studio is started each time, on loopback. The page is opened in the Chromium that is installed. Times are of this
machine, with whatever else runs on it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from websockets.asyncio.client import ClientConnection, connect

import ganatomy as ga
from ganatomy.directions import few_labels
from ganatomy.directions.base import auc
from ganatomy.directions.moments import moments
from ganatomy.directions.regression import ridge_of
from ganatomy.experiments.explore.panel_file import load_panel
from ganatomy.generators.batches import batches
from ganatomy.perception.features import features_of
from ganatomy.recipes import ModelReference, from_json, render
from ganatomy.studio.bench import Bench
from ganatomy.studio.scenes import Labels
from ganatomy.zoo import MODELS

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TABS = ("Edit", "Explore", "Walk", "Mix and add", "Teach", "Evidence")
VISITORS_SECONDS = 20.0
PATIENCE = 120_000.0
"""Milliseconds until something has failed, on a machine that may be busy."""
TAUGHT = 10
NUM_FRESH = 1500
CLICKABLE = (
    "button:not([disabled]):visible, [role=tab]:visible, input[type=range]:visible, "
    "input[type=checkbox]:visible, select:visible, summary:visible"
)


@dataclass(kw_only=True)
class Open:
    """A studio in a process of its own."""

    address: str
    process: subprocess.Popen[str]
    seconds: float

    def memory(self) -> int:
        """Resident bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def studio(model: str) -> Iterator[Open]:
    """A studio until the block ends; it has to end cleanly at Ctrl-C."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "ganatomy", "studio", model, "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    printed = ""
    while "}" not in printed:
        line = process.stdout.readline()
        assert line, "the studio did not start"
        printed += line
    try:
        yield Open(
            address=json.loads(printed)["address"], process=process, seconds=time.perf_counter() - start
        )
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=PATIENCE / 1000)
        print(f"the studio ended with exit code {code}")


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit("no Chromium is installed here; this benchmark needs one")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


def latency(model: str, moves: int) -> None:
    """Every move waits for the image of the one before, as a person waits."""
    with studio(model) as opened, browser() as running:
        print(f"ready after {opened.seconds:.1f} s")
        page = running.new_page(viewport={"width": 1440, "height": 900})
        page.goto(opened.address)
        slider = page.locator(".sliders input[type=range]").first
        slider.wait_for(timeout=PATIENCE)
        page.wait_for_timeout(1500)
        times = page.evaluate(
            """async ([moves]) => {
                const slider = document.querySelector(".sliders input[type=range]");
                const name = "slider-to-image";
                const times = [];
                const [low, high] = [Number(slider.min), Number(slider.max)];
                for (let move = 0; times.length < moves; move++) {
                    const seen = performance.getEntriesByName(name).length;
                    const last = slider.value;
                    slider.value = String((low + high + (high - low) * Math.sin(move / 3)) / 2);
                    if (slider.value === last) continue;
                    slider.dispatchEvent(new Event("input", { bubbles: true }));
                    const until = performance.now() + 5000;
                    while (performance.getEntriesByName(name).length === seen && performance.now() < until)
                        await new Promise((done) => setTimeout(done, 2));
                    times.push(performance.getEntriesByName(name).at(-1)?.duration ?? 5000);
                    await new Promise((done) => setTimeout(done, 15));
                }
                return times;
            }""",
            [moves],
        )
        low, median, high = np.quantile(times, [0.05, 0.5, 0.95])
        print(
            f"slider to image, {len(times)} moves: median {median:.0f} ms, 5 to 95 % {low:.0f} to {high:.0f} ms"
        )


@dataclass(kw_only=True)
class Waits:
    """What one visitor waited for, in seconds."""

    what: str
    times: list[float] = field(default_factory=list)


def visitors(model: str) -> None:
    """Four who drag sliders; then two of them beside one who opens sheets and one who opens walks."""
    with studio(model) as opened:
        for title, queries in (("four dragging sliders", _dragging(4)), ("a mixed company", _mixed())):
            print(f"{title}:")
            for waits in asyncio.run(_visit(opened.address, queries)):
                times = np.array(waits.times)
                print(
                    f"  {waits.what:18} {len(times):4} answers, median {np.median(times):.2f} s, "
                    f"longest {times.max():.2f} s"
                )


def _dragging(count: int) -> dict[str, Callable[[int], dict[str, Any]]]:
    names = ("Smiling", "Male", "Young", "Bangs")

    def query(visitor: int) -> Callable[[int], dict[str, Any]]:
        return lambda k: {
            "kind": "image",
            "scene": {**_scene(visitor), "moves": {names[visitor % 4]: (k % 40) / 20}},
            "scores": True,
        }

    return {f"dragging {visitor + 1}": query(visitor) for visitor in range(count)}


def _mixed() -> dict[str, Callable[[int], dict[str, Any]]]:
    sheet = [_scene(seed) for seed in range(24)]
    return _dragging(2) | {
        "sheets of 24": lambda _: {"kind": "sheet", "scenes": sheet, "size": 64, "scores": True},
        "walks of 24": lambda k: {
            "kind": "walk",
            "keys": [_scene(k % 60), _scene(k % 60 + 1)],
            "frames": 24,
        },
    }


def _scene(seed: int) -> dict[str, Any]:
    return {"codes": {"seeds": [seed], "space": "w", "truncation_psi": 0.7}}


async def _visit(address: str, queries: dict[str, Callable[[int], dict[str, Any]]]) -> list[Waits]:
    async def one(what: str) -> Waits:
        waits = Waits(what=what)
        async with connect(address.replace("http", "ws") + "socket", max_size=None) as socket:
            until = time.perf_counter() + VISITORS_SECONDS
            count = 0
            while time.perf_counter() < until:
                start = time.perf_counter()
                await _answered(socket, count, queries[what](count))
                waits.times.append(time.perf_counter() - start)
                count += 1
        return waits

    return list(await asyncio.gather(*map(one, queries)))


async def _answered(socket: ClientConnection, number: int, query: dict[str, Any]) -> None:
    await socket.send(json.dumps({"id": number, "slot": "edit", "query": query}))
    while True:
        message = await socket.recv()
        data = (
            json.loads(message)
            if isinstance(message, str)
            else json.loads(message[4 : 4 + int.from_bytes(message[:4], "big")])
        )
        if data["id"] == number and data["kind"] in ("image", "sheet", "error"):
            assert data["kind"] != "error", data
            return


def monkey(model: str, sessions: int, actions: int, seed: int) -> None:
    """Clicks, keys and slides at random; each session ends with a recipe that is drawn again without the studio."""
    chance = random.Random(seed)
    generator = ga.load(model)
    wrong: list[str] = []
    memory: list[int] = []
    drawn = reported = 0
    with studio(model) as opened, browser() as running:
        for session in range(sessions):
            context = running.new_context(
                viewport=chance.choice(({"width": 1440, "height": 900}, {"width": 390, "height": 844}))
            )
            page = context.new_page()
            page.on(
                "console",
                lambda message: wrong.append(f"console: {message.text}") if message.type == "error" else None,
            )
            page.on("pageerror", lambda error: wrong.append(f"page: {error}"))
            refusals: list[Any] = []
            page.on(
                "response",
                lambda response, refusals=refusals: (
                    refusals.append(response) if response.status >= 400 else None
                ),
            )
            page.on("dialog", lambda dialog: dialog.dismiss())
            page.goto(f"{opened.address}#edit&s={chance.randrange(1000)}")
            page.locator(".sliders input[type=range]").first.wait_for(timeout=PATIENCE)
            for _ in range(actions):
                _act(page, chance)
            for response in refusals:
                with contextlib.suppress(Exception):  # the page may have left it
                    wrong.append(f"{response.status}: {response.text()} for {response.request.post_data}")
            drawn += _drawn_again(page, opened.address, generator, wrong)
            context.close()
            memory.append(opened.memory())
            for what in wrong[reported:]:
                print(f"session {session + 1}: {what[:300]}", flush=True)
            reported = len(wrong)
            if (session + 1) % max(1, sessions // 10) == 0:
                print(
                    f"{session + 1} sessions, {memory[-1] / 2**20:.0f} MB, {len(wrong)} things wrong",
                    flush=True,
                )
    print(
        f"{sessions} sessions of {actions} actions: {len(wrong)} things wrong; {drawn} recipes drawn again the same"
    )
    megabytes = np.array(memory) / 2**20
    quarters = [part.mean() for part in np.array_split(megabytes, 4) if len(part)]
    print(
        f"resident memory after sessions, means of quarters: {', '.join(f'{mean:.0f}' for mean in quarters)} MB "
        f"({100 * (quarters[-1] / quarters[0] - 1):+.1f} % from the first to the last); "
        f"{megabytes.min():.0f} to {megabytes.max():.0f} MB"
    )


def _act(page: Any, chance: random.Random) -> None:
    """One thing that a person could do; what is hidden behind something else is left alone."""
    kind = chance.random()
    if kind < 0.15:
        page.keyboard.press(
            chance.choice(
                [
                    "b",
                    "z",
                    "Shift+Z",
                    "r",
                    "l",
                    "1",
                    "2",
                    "3",
                    "4",
                    "5",
                    "6",
                    "y",
                    "n",
                    "ArrowLeft",
                    "ArrowRight",
                    "Escape",
                    "Tab",
                    "Space",
                ]
            )
        )
        return
    if kind < 0.2:
        page.go_back() if chance.random() < 0.7 else page.go_forward()
        _stay(page)
        return
    found = page.locator(CLICKABLE)
    count = found.count()
    if not count:
        page.keyboard.press("Escape")
        return
    target = found.nth(chance.randrange(count))
    with contextlib.suppress(Exception):  # it went away, or lies under something else
        if target.evaluate("e => e.type === 'range'", timeout=250):
            low, high = (float(target.get_attribute(end) or 0) for end in ("min", "max"))
            target.fill(str(round(chance.uniform(low, high), 2)), timeout=250)
        elif target.evaluate("e => e.tagName === 'SELECT'", timeout=250):
            target.select_option(
                index=chance.randrange(max(1, target.locator("option").count())), timeout=500
            )
        else:
            target.click(timeout=250)


def _stay(page: Any) -> None:
    """Return from the blank page that every session came from."""
    if page.url == "about:blank":
        page.go_forward()
        page.locator(".tabs").wait_for(timeout=PATIENCE)


def _drawn_again(page: Any, address: str, generator: ga.Generator, wrong: list[str]) -> int:
    """The image and the recipe of what is on the page, the second drawn without the studio."""
    _stay(page)
    scene = page.evaluate("async () => JSON.parse((await import('/static/js/scenes.js')).sceneText.value)")
    try:
        recipe = from_json(_exported(address, "recipe", scene))
        image = Image.open(io.BytesIO(_exported(address, "png", scene)))
    except OSError as error:
        wrong.append(f"a scene could not be exported: {error}")
        return 0
    again = render(recipe, generator=generator)
    if np.abs(np.asarray(again).astype(int) - np.asarray(image)).max() > 1:
        wrong.append("a recipe was drawn differently")
        return 0
    return 1


def _exported(address: str, what: str, scene: Any) -> bytes:
    body = json.dumps({"what": what, "scene": scene}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{address}api/export", data=body)) as answer:
        return answer.read()


def teach(model: str, repeats: int) -> None:
    """As in the studio: five labels of each kind in images as they come, then those that it proposes.

    The labels are those of the model's classifier, for the ten attributes whose prevalence is nearest to one half.
    """
    torch.set_num_threads(1)
    generator, scorer = ga.load(model), ga.scorer(model)
    bench = Bench(
        name=model,
        generator=generator,
        reference=ModelReference(name=model),
        scorer=scorer,
        panel=load_panel(MODELS[model].panel),
    )
    codes, fresh = bench.candidates, bench.of_seeds(list(range(10_000, 10_000 + NUM_FRESH)))
    truth, seen = (_logits(bench, scorer, some) for some in (codes, fresh))
    see = features_of("scorer", scorer)
    with torch.no_grad():
        features = torch.cat([see(generator(few)) for few in batches(generator, fresh)])
    chosen = (truth.sigmoid().gt(0.5).double().mean(0) - 0.5).abs().argsort().tolist()[:TAUGHT]
    labels = seen[:, chosen] > 0
    everything = ridge_of(moments(codes.codes.flatten(1), truth[:, chosen])).weights
    best = auc(fresh.codes.flatten(1).double() @ everything.T, labels).mean()
    changes: list[list[tuple[float, float]]] = []
    for goal in (5, 10, 30):
        judged, moved = [], []
        for place, column in enumerate(chosen):
            for repeat in range(repeats):
                given = _labelled(bench, truth[:, column] > 0, goal, seed=repeat)
                direction = bench.taught("taught", given).direction
                judgement = few_labels(
                    as_codes(bench.panel.gallery.features), given.yes, given.no, num_next=0
                ).direction.vector
                judged.append(float(auc((features @ judgement)[:, None], labels[:, place : place + 1])))
                along = fresh.codes.flatten(1) @ direction.vector.flatten()
                moved.append(float(auc(along[:, None], labels[:, place : place + 1])))
                if goal == 30 and repeat == 0:
                    others = [name for name in bench.panel.names if name != scorer.names[column]]
                    steps = [bench.panel.move_along(direction, hold) for hold in ((), others)]
                    changes.append([_changes(bench, scorer, fresh[:100], step, column) for step in steps])
        print(
            f"{goal} + {goal} labels, {NUM_FRESH} other images, mean of {len(chosen)} attributes: images distinguished "
            f"with AUC {np.mean(judged):.3f} (lowest {min(judged):.2f}), codes along the direction {np.mean(moved):.3f}"
        )
    (own, rest), (own_held, rest_held) = np.mean(changes, axis=0)
    print(
        f"one step after 30 + 30 labels, mean of attributes: its own score {own:+.2f}, others {rest:.3f}; with the "
        f"padlocks of the others closed {own_held:+.2f} and {rest_held:.3f}"
    )
    print(f"codes along directions from the logits of all {len(codes)} candidates: {best:.3f}")
    print(f"attributes: {', '.join(scorer.names[k] for k in chosen)}")


@torch.no_grad()
def _changes(
    bench: Bench, scorer: ga.Scorer, codes: ga.Latents, along: ga.Direction, column: int
) -> tuple[float, float]:
    """Mean change of the attribute's own probability by one step, and mean absolute change of the others."""
    moved = ga.move(codes, along, 1.0, units="step")
    before, after = (scorer(bench.generator(few)).probabilities for few in (codes, moved))
    change = after - before
    rest = torch.arange(change.shape[1]) != column
    return float(change[:, column].mean()), float(change[:, rest].abs().mean())


def as_codes(features: torch.Tensor | None) -> ga.Latents:
    """Features in the place of codes, so that the same judgement can be read off alone."""
    assert features is not None
    return ga.Latents(codes=features, space=ga.Space.Z)


@torch.no_grad()
def _logits(bench: Bench, scorer: ga.Scorer, codes: ga.Latents) -> torch.Tensor:
    return torch.cat([scorer(bench.generator(few)).logits for few in batches(bench.generator, codes)])


def _labelled(bench: Bench, truth: torch.Tensor, goal: int, *, seed: int) -> Labels:
    order = np.random.default_rng(seed).permutation(len(truth)).tolist()
    sides: dict[bool, list[int]] = {True: [], False: []}

    def add(rows: Sequence[int], most: int) -> None:
        for row in rows:
            side = sides[bool(truth[row])]
            if row not in side and len(side) < most:
                side.append(row)

    add(order, 5)
    while min(map(len, sides.values())) < goal:
        before = sum(map(len, sides.values()))
        labels = Labels(yes=tuple(sides[True]), no=tuple(sides[False]))
        add(bench.taught("taught", labels, num_next=8).next_rows, goal)
        if sum(map(len, sides.values())) == before:  # it proposes only a kind of which there are enough
            add(order, 1 + min(map(len, sides.values())))
    return Labels(yes=tuple(sides[True]), no=tuple(sides[False]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("latency", "visitors", "monkey", "teach"))
    parser.add_argument("--model", default="faces")
    parser.add_argument("--moves", type=int, default=300)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--actions", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        match given.what:
            case "latency":
                latency(given.model, given.moves)
            case "visitors":
                visitors(given.model)
            case "monkey":
                monkey(given.model, given.sessions, given.actions, given.seed)
            case "teach":
                teach(given.model, given.repeats)


if __name__ == "__main__":
    main()
