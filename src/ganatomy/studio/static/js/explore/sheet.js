/** A sheet of images to choose from. */
import { Icon } from "../icons.js";
import { panel } from "../models.js";
import { AS_MEASURED, measuredScene, sceneOfSeed } from "../scenes.js";
import { changeExplore, goTo, MOST_SEED, randomSeed, seedOf, state } from "../state.js";
import { Thumb, thumbsProblem } from "../thumbs.js";
import { html } from "../view.js";
import { percent, titled } from "../words.js";

const PAGE = 48;

export function Sheet() {
  const { explore, edit } = state.value;
  const { from, order } = explore;
  const most = order ? panel.value?.map?.x.length ?? 0 : MOST_SEED;
  const turn = (to) => changeExplore({ from: Math.max(0, Math.min(to, most - 1)) });
  const attribute = titled(order.slice(1));
  return html`
    ${thumbsProblem.value && html`<p class="problem" role="alert">${thumbsProblem}</p>`}
    <p class="quiet">Choose an image to edit it; your sliders stay where they are.</p>
    <ul class="sheet" aria-label="Images">
      ${shown(explore).map(({ seed, score }) => html`
        <li key=${seed}>
          <button class="cell" onClick=${() => goTo({ seeds: [seed] }, score === null ? {} : AS_MEASURED)}
            aria-current=${seed === seedOf(edit.codes) ? "true" : undefined}
            aria-label=${`Seed ${seed}${score === null ? "" : `, ${attribute} ${percent(score)}`}`}>
            <${Thumb} scene=${score === null ? sceneOfSeed(seed) : measuredScene(seed)} />
            <span>${seed}${score !== null && html` <b>${percent(score)}</b>`}</span>
          </button></li>`)}
    </ul>
    <div class="pager" role="group" aria-label="Pages">
      <button disabled=${from === 0} onClick=${() => turn(from - PAGE)}><${Icon} name="previous" />Previous</button>
      <button disabled=${from + PAGE >= most} onClick=${() => turn(from + PAGE)}>More<${Icon} name="next" /></button>
      ${!order && html`<button onClick=${() => turn(randomSeed())}><${Icon} name="dice" />Elsewhere</button>`}
    </div>`;
}

/** @returns {{seed: number, score: number|null}[]} */
function shown({ from, order }) {
  const map = panel.value?.map;
  const scores = order && map?.scores?.[order.slice(1)];
  if (!scores) return Array.from({ length: PAGE }, (_, i) => ({ seed: from + i, score: null }));
  const sign = order[0] === "+" ? -1 : 1;
  return scores.map((percent, seed) => ({ seed, score: percent / 100 }))
    .sort((a, b) => sign * (a.score - b.score)).slice(from, from + PAGE);
}
