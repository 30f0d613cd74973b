/** What a judge, which took no part, reads in the image now, and how usual its code is: in the words of the commands. */
import { request } from "../live.js";
import { connected, prepared } from "../models.js";
import { sceneText } from "../scenes.js";
import { moves } from "../state.js";
import { effect, html, signal } from "../view.js";
import { percent, sentence } from "../words.js";

/** Milliseconds without a change before the image is read: it is drawn twice for that. */
const REST = 250;

/**
 * @type {import("@preact/signals").Signal<{scorer: string[], reached: boolean|null, judge: string[],
 *   confirmed: boolean|null, code: string, unusual: boolean}|null>}   scorer: where there was a goal
 */
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

/** All lines; what the scorer reads without a goal is shown by the page itself. */
export const readingLines = () =>
  (reading.value ? [...reading.value.scorer, ...reading.value.judge, reading.value.code].map(plainly) : []);

export function Reading() {
  if (!reading.value) return null;
  const { scorer, reached, judge, confirmed, code, unusual } = reading.value;
  return html`
    <ul class="reading">
      ${scorer.map((line) => html`<li class=${mark(reached)}>${plainly(line)}</li>`)}
      ${judge.map((line) => html`<li class=${mark(confirmed)}>${plainly(line)}</li>`)}
      <li class=${unusual ? "doubtful" : ""}>${plainly(code)}</li>
    </ul>`;
}

/** A line of the commands in the words of the page, with probabilities in percent. */
const plainly = (line) => sentence(line.replace(/^scorer/, "classifier").replace(/\b([01]\.\d\d)\b/g, (_, value) => percent(value)));
const mark = (yes) => (yes === null ? "" : yes ? "confirmed" : "doubtful");
