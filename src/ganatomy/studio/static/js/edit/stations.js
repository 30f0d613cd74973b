/** Images on the way of the slider that has the focus. */
import { sceneOf } from "../scenes.js";
import { edit, setMove } from "../state.js";
import { Thumb } from "../thumbs.js";
import { html, signal } from "../view.js";
import { signed } from "../words.js";

const STATIONS = [-2, -1, 0, 1, 2];
/** Milliseconds that the focus rests on a slider before its images are drawn. */
const REST = 600;

/** The slider whose images are shown. */
export const stationed = signal("");
let timer = null;

export function focusOn(name) {
  clearTimeout(timer);
  timer = setTimeout(() => { stationed.value = name; }, REST);
}

/** @param {{name: string, low: number, high: number}} props   ends of the track */
export const Stations = ({ name, low, high }) => html`
  <div class="stations-of">${STATIONS.map((at) => Math.min(high, Math.max(low, at))).filter((at, i, all) => all.indexOf(at) === i).map((at) => html`
    <button class="cell" key=${at} aria-label=${`${signed(at, 1)} steps`} onClick=${() => setMove(name, at)}>
      <${Thumb} scene=${sceneOf({ ...edit.value, moves: { ...edit.value.moves, [name]: at } })} /><span>${at ? signed(at, 1) : "0"}</span></button>`)}</div>`;
