/** Walk: key images on a strip, and the film between them. */
import { model } from "../models.js";
import { sceneOf } from "../scenes.js";
import { useSheet } from "../sheets.js";
import { changeWalk, state } from "../state.js";
import { html } from "../view.js";
import { Export } from "../walk/export.js";
import { Player } from "../walk/player.js";
import { Strip, withoutSpare } from "../walk/strip.js";

const FRAME = 256;
/** Dragging the number of frames should not make a film of each. */
const PATIENCE = 200;
const METHODS = {
  lerp: ["linear", "straight lines; images in between are more typical"],
  slerp: ["spherical", "along the sphere; images in between are as varied as the keys"],
  spline: ["smooth", "one curve through all keys, without corners"],
};

export function WalkTab() {
  const { walk, edit } = state.value;
  const moved = Object.keys(edit.moves).length > 0;
  const fromBefore = () => changeWalk({ keys: [{ ...edit, moves: {} }, edit].map(withoutSpare) });
  return html`
    <div class="wide">
      <${Strip} keys=${walk.keys} />
      ${walk.keys.length >= 2 ? html`<${Film} walk=${walk} />` : html`
        <div class="empty">
          <h2>A walk needs two images</h2>
          <p>Add the image you are editing, or a random one. The film goes from each to the next, and back to the first
            where it is closed.</p>
          ${moved && html`<button class="main" onClick=${fromBefore}>From before to now</button>`}
        </div>`}
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
  const frames = (event) => changeWalk({ frames: event.currentTarget.valueAsNumber }, { gesture: "frames", event });
  return html`
    <fieldset>
      <legend>Interpolation</legend>
      ${Object.entries(METHODS).map(([name, [word, about]]) => html`
        <label class="choice">
          <input type="radio" name="method" value=${name} checked=${walk.method === name}
            onChange=${() => changeWalk({ method: name })} />
          <span><b>${name}</b>, ${word}<br /><small>${about}</small></span>
        </label>`)}
    </fieldset>
    <div class="field">
      <label for="frames">Frames</label>
      <input id="frames" type="range" min="8" max="120" step="4" value=${walk.frames} onInput=${frames} />
      <output for="frames">${walk.frames}</output>
    </div>
    <label class="choice">
      <input type="checkbox" checked=${walk.closed} onChange=${(event) => changeWalk({ closed: event.currentTarget.checked })} />
      <span>Closed: the last image leads back to the first</span>
    </label>`;
}
