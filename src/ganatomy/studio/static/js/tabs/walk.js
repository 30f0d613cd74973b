/** Walk: key images on a strip, and the film between them. */
import { model } from "../models.js";
import { sceneOf } from "../scenes.js";
import { useSheet } from "../sheets.js";
import { changeWalk, freshEdit, seedOf, state, withoutSpare } from "../state.js";
import { html } from "../view.js";
import { Export } from "../walk/export.js";
import { Player, RATE } from "../walk/player.js";
import { Strip } from "../walk/strip.js";

const FRAME = 256;
/** Dragging the length should not make a film of each. */
const PATIENCE = 200;
const METHODS = {
  lerp: ["Straight", "images in between are more typical"],
  slerp: ["Round", "images in between are as varied as the keys"],
  spline: ["Smooth", "one curve through all keys, without corners"],
};

/** At first the walk goes from the image before to the image now, or to the next seed. */
function firstKeys(edit) {
  const before = { ...edit, moves: {} };
  const next = { ...freshEdit((seedOf(edit.codes) ?? 0) + 1), psi: edit.psi, label: edit.label };
  return Object.keys(edit.moves).length > 0 ? [before, edit].map(withoutSpare) : [withoutSpare(before), next];
}

export function WalkTab() {
  const { walk, edit } = state.value;
  const keys = walk.keys.length > 0 ? walk.keys : firstKeys(edit);
  return html`
    <div class="wide">
      <${Strip} keys=${keys} />
      ${keys.length >= 2 ? html`<${Film} walk=${{ ...walk, keys }} />` : html`
        <div class="empty"><h2>A walk needs two images</h2><p>Add the image you are editing, or a random one.</p></div>`}
    </div>`;
}

function Film({ walk }) {
  const order = { keys: walk.keys.map(sceneOf), method: walk.method, frames: walk.frames, closed: walk.closed };
  const size = Math.min(FRAME, model.value.resolution);
  const { sheet, problem, waiting } = useSheet("walk", { kind: "walk", ...order, size }, PATIENCE);
  return html`
    <div class="film">
      <div>
        ${problem && html`<p class="problem" role="alert">${problem}</p>`}
        <${Player} film=${sheet} waiting=${waiting} closed=${walk.closed} />
      </div>
      <div>
        <${Settings} walk=${walk} />
        <${Export} order=${order} />
      </div>
    </div>`;
}

function Settings({ walk }) {
  const seconds = (event) => changeWalk({ frames: Math.round(event.currentTarget.valueAsNumber * RATE) }, { gesture: "frames", event });
  return html`
    <fieldset>
      <legend>Way between the images</legend>
      ${Object.entries(METHODS).map(([name, [word, about]]) => html`
        <label class="choice">
          <input type="radio" name="method" value=${name} checked=${walk.method === name}
            onChange=${() => changeWalk({ method: name })} />
          <span><b>${word}</b> <small>${about}</small></span>
        </label>`)}
    </fieldset>
    <div class="field">
      <label for="seconds">Seconds</label>
      <input id="seconds" type="range" min="0.5" max="5" step="0.25" value=${walk.frames / RATE} onInput=${seconds} />
      <output for="seconds">${(walk.frames / RATE).toFixed(2)}</output>
    </div>
    <label class="choice">
      <input type="checkbox" checked=${walk.closed} onChange=${(event) => changeWalk({ closed: event.currentTarget.checked })} />
      <span>The last image leads back to the first</span>
    </label>`;
}
