/** Explore: many pictures at once, on a sheet of seeds or on a map of what they show. */
import { Icon } from "../icons.js";
import { MapView } from "../map/view.js";
import { panel, preparing } from "../models.js";
import { sceneOfSeed } from "../scenes.js";
import { change, goTo, MOST_SEED, randomSeed, seedOf, state } from "../state.js";
import { Thumb, thumbsProblem } from "../thumbs.js";
import { html } from "../view.js";
import { share, titled } from "../words.js";

const PAGE = 48;

export const changeExplore = (patch, why) => change({ explore: { ...state.value.explore, ...patch } }, why);

export function ExploreTab() {
  const { view } = state.value.explore;
  return html`
    <div class="wide">
      <div class="toolbar">
        <div class="holding" role="group" aria-label="View">
          <button class="plain" aria-pressed=${view === "sheet"} onClick=${() => changeExplore({ view: "sheet" })}>Sheet</button>
          <button class="plain" aria-pressed=${view === "map"} onClick=${() => changeExplore({ view: "map" })}>Map</button>
        </div>
        ${view === "sheet" && html`<${Order} />`}
      </div>
      ${view === "sheet" ? html`<${Sheet} />` : html`<${MapPlace} />`}
    </div>`;
}

function MapPlace() {
  if (panel.value?.map) return html`<${MapView} map=${panel.value.map} />`;
  return html`<div class="empty"><h2>No map yet</h2>
    <p>${preparing.value ? "Pictures are being drawn and placed; the map appears here by itself." : "This model has no scorer, and a map needs one."}
    The sheet works meanwhile.</p></div>`;
}

/** Seeds in their order, or those of the map that have most or least of something. */
function Order() {
  const { order } = state.value.explore;
  const scored = Object.keys(panel.value?.map?.scores ?? {});
  const choose = (event) => changeExplore({ order: event.currentTarget.value, from: 0 });
  return html`
    <label class="field-inline">Show <select value=${order} onChange=${choose} disabled=${scored.length === 0}>
      <option value="">seeds in order</option>
      ${scored.length > 0 && html`<optgroup label="Most">${scored.map((name) => html`<option value=${`+${name}`}>most ${titled(name)}</option>`)}</optgroup>
      <optgroup label="Least">${scored.map((name) => html`<option value=${`-${name}`}>least ${titled(name)}</option>`)}</optgroup>`}
    </select></label>`;
}

/** @returns {{seed: number, score: number|null}[]} */
function page({ from, order }) {
  const map = panel.value?.map;
  const name = order.slice(1);
  const scores = order && map?.scores[name];
  if (!scores) return Array.from({ length: PAGE }, (_, i) => ({ seed: from + i, score: null }));
  const way = order[0] === "+" ? -1 : 1;
  return map.seeds.map((seed, i) => ({ seed, score: scores[i] / 100 }))
    .sort((a, b) => way * (a.score - b.score)).slice(from, from + PAGE);
}

function Sheet() {
  const { explore } = state.value;
  const shown = page(explore);
  const current = seedOf(state.value.edit.codes);
  const most = explore.order ? (panel.value?.map?.seeds.length ?? 0) : MOST_SEED;
  const at = (from) => changeExplore({ from: Math.max(0, Math.min(from, most - 1)) });
  return html`
    ${thumbsProblem.value && html`<p class="problem" role="alert">${thumbsProblem}</p>`}
    <p class="quiet">Choose a picture to edit it.</p>
    <ul class="sheet" aria-label="Pictures">
      ${shown.map(({ seed, score }) => html`
        <li key=${seed}><button class="cell" aria-current=${seed === current ? "true" : undefined} onClick=${() => goTo({ seeds: [seed] })}
          aria-label=${`Seed ${seed}${score === null ? "" : `, ${titled(explore.order.slice(1))} ${share(score)}`}`}>
          <${Thumb} scene=${sceneOfSeed(seed)} /><span>${seed}${score === null ? "" : html` <b>${share(score)}</b>`}</span></button></li>`)}
    </ul>
    <div class="pager" role="group" aria-label="Pages">
      <button disabled=${explore.from === 0} onClick=${() => at(explore.from - PAGE)}><${Icon} name="previous" />Previous</button>
      <button disabled=${explore.from + PAGE >= most} onClick=${() => at(explore.from + PAGE)}>More<${Icon} name="next" /></button>
      ${!explore.order && html`<button onClick=${() => at(randomSeed())}><${Icon} name="dice" />Elsewhere</button>`}
    </div>`;
}
