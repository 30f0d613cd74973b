/** What a judge, which took no part, reads in the image now, and how usual its code is: in the words of the commands. */
import { request } from "../live.js";
import { connected, prepared } from "../models.js";
import { sceneText } from "../scenes.js";
import { moves } from "../state.js";
import { effect, html, signal } from "../view.js";
import { sentence } from "../words.js";

/** Milliseconds without a change before the image is read: it is drawn twice for that. */
const REST = 250;

/** @type {import("@preact/signals").Signal<{judge: string[], confirmed: boolean|null, code: string, unusual: boolean}|null>} */
export const reading = signal(null);
let timer = null;
let asked = 0;

export function followReading() {
  effect(() => {
    const [scene, model] = [sceneText.value, connected.value && prepared.value];
    reading.value = null;
    clearTimeout(timer);
    const number = ++asked;
    if (!model || Object.keys(moves.peek()).length === 0) return;
    timer = setTimeout(() => request("reading", { kind: "reading", scene: JSON.parse(scene) }, {
      facts: (found) => { if (number === asked) reading.value = found; },
    }), REST);
  });
}

/** The lines, without those of the scorer, which the page shows itself. */
export const readingLines = () => (reading.value ? [...reading.value.judge, reading.value.code].map(sentence) : []);

export function Reading() {
  if (!reading.value) return null;
  const { judge, confirmed, code, unusual } = reading.value;
  const mark = confirmed === null ? "" : confirmed ? "confirmed" : "doubtful";
  return html`
    <ul class="reading">
      ${judge.map((line) => html`<li class=${mark}>${sentence(line)}</li>`)}
      <li class=${unusual ? "doubtful" : ""}>${sentence(code)}</li>
    </ul>`;
}
