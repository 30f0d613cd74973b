/** Walk: key pictures on a strip, and the film that goes from each to the next. */
import * as api from "../api.js";
import { Icon } from "../icons.js";
import { model, modelName } from "../models.js";
import { sceneOf } from "../scenes.js";
import { useSheet } from "../sheets.js";
import { change, freshEdit, randomSeed, seedOf, state } from "../state.js";
import { Thumb } from "../thumbs.js";
import { html, useState } from "../view.js";
import { Player } from "../walk/player.js";

const MOST_KEYS = 12;
const FRAME = 256;
/** Dragging the number of frames should not make a film of each. */
const PATIENCE = 200;
const METHODS = [["lerp", "straight", "the shortest way; pictures in between are more usual"],
  ["slerp", "round", "along the sphere, so that pictures in between are as varied as the keys"],
  ["spline", "smooth", "one curve through all keys, without corners"]];

const changeWalk = (patch, why) => change({ walk: { ...state.value.walk, ...patch } }, why);

export function WalkTab() {
  const { walk } = state.value;
  return html`
    <div class="wide walk">
      <${Strip} keys=${walk.keys} />
      ${walk.keys.length < 2 ? html`<div class="empty"><h2>A walk needs two pictures</h2>
          <p>Add the picture you are editing, or a random one. The film goes from each to the next, and back to the first where it is closed.</p></div>`
        : html`<${Film} walk=${walk} />`}
    </div>`;
}

function Strip({ keys }) {
  const set = (next) => changeWalk({ keys: next });
  const put = (edit) => keys.length < MOST_KEYS && set([...keys, edit]);
  const swap = (i, j) => set(keys.map((key, k) => (k === i ? keys[j] : k === j ? keys[i] : key)));
  return html`
    <ol class="strip" aria-label="Key pictures">
      ${keys.map((key, i) => html`<li key=${`${i} ${JSON.stringify(key)}`}>
        <button class="cell" aria-label=${`Edit ${nameOf(key)}`} onClick=${() => change({ tab: "edit", edit: { ...state.value.edit, ...key } })}><${Thumb} scene=${sceneOf(key)} /><span>${nameOf(key)}</span></button>
        <span class="order">
          <button class="plain" aria-label=${`Picture ${i + 1} earlier`} disabled=${i === 0} onClick=${() => swap(i, i - 1)}><${Icon} name="previous" /></button>
          <button class="plain" aria-label=${`Remove picture ${i + 1}`} onClick=${() => set(keys.filter((_, k) => k !== i))}><${Icon} name="close" /></button>
          <button class="plain" aria-label=${`Picture ${i + 1} later`} disabled=${i === keys.length - 1} onClick=${() => swap(i, i + 1)}><${Icon} name="next" /></button>
        </span></li>`)}
      <li class="adding">
        <button disabled=${keys.length >= MOST_KEYS} onClick=${() => put(picked(state.value.edit))}><${Icon} name="add" />Add current</button>
        <button disabled=${keys.length >= MOST_KEYS} onClick=${() => put({ ...freshEdit(randomSeed()), psi: state.value.edit.psi })}><${Icon} name="dice" />Add random</button>
      </li>
    </ol>`;
}

/** A key keeps only the directions that it uses. */
function picked(edit) {
  const used = (things) => Object.fromEntries(Object.entries(things).filter(([name]) => name in edit.moves));
  return { ...edit, taught: used(edit.taught), own: used(edit.own) };
}

function nameOf(key) {
  const moved = Object.keys(key.moves).length;
  return `${seedOf(key.codes) === null ? "own codes" : `seed ${seedOf(key.codes)}`}${moved ? `, ${moved} moved` : ""}`;
}

function Film({ walk }) {
  const order = { keys: walk.keys.map(sceneOf), method: walk.method, frames: walk.frames, closed: walk.closed };
  const { sheet, problem, waiting } = useSheet("walk", { kind: "walk", ...order, size: Math.min(FRAME, model.value.resolution) }, PATIENCE);
  return html`
    <div class="film">
      <div>
        ${problem && html`<p class="problem" role="alert">${problem}</p>`}
        <${Player} film=${sheet} waiting=${waiting} closed=${walk.closed} />
      </div>
      <div class="film-settings">
        <fieldset><legend>Way between pictures</legend>
          ${METHODS.map(([name, word, about]) => html`<label class="choice"><input type="radio" name="method" value=${name} checked=${walk.method === name} onChange=${() => changeWalk({ method: name })} />
            <span><b>${name}</b>, ${word}<br /><small>${about}</small></span></label>`)}
        </fieldset>
        <div class="field"><label for="frames">Frames</label>
          <input id="frames" type="range" min="8" max="120" step="4" value=${walk.frames} onInput=${(event) => changeWalk({ frames: event.currentTarget.valueAsNumber }, { gesture: "frames", event })} />
          <output for="frames">${walk.frames}</output></div>
        <label class="choice"><input type="checkbox" checked=${walk.closed} onChange=${(event) => changeWalk({ closed: event.currentTarget.checked })} /><span>Closed: the last picture leads back to the first</span></label>
        <${Export} order=${order} />
      </div>
    </div>`;
}

function Export({ order }) {
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState("");
  const make = async (what) => {
    setBusy(what);
    setProblem("");
    try {
      api.save(await api.film(modelName.value, { what, fps: 24, ...order }));
    } catch (failed) {
      setProblem(failed.message);
    }
    setBusy("");
  };
  return html`
    <fieldset class="export"><legend>Take the film away</legend>
      ${["mp4", "gif"].map((what) => html`<button disabled=${busy !== ""} onClick=${() => make(what)}><${Icon} name="take" />${what.toUpperCase()}</button>`)}
      <span role="status">${busy && html`Making the ${busy.toUpperCase()} … <progress aria-label="Making the film"></progress>`}</span>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    </fieldset>`;
}
