/** A score as a bar, with a thin line at its value before. */
import { before, NOTICEABLE, now } from "../images.js";
import { html } from "../view.js";
import { percent, points, titled } from "../words.js";

/** The least change that is shown as a number. */
const LEAST = 0.005;

/** @param {{name: string, moved: boolean}} props   moved: whether its own slider was moved, so that its change is expected */
export function Score({ name, moved }) {
  const is = now.scores.value?.[name];
  if (is === undefined) return html`<span class="score"></span>`;
  const was = before.scores.value?.[name] ?? is;
  const by = is - was;
  return html`
    <span class=${`score ${!moved && Math.abs(by) >= NOTICEABLE ? "noticed" : ""}`}>
      <span class="track" aria-hidden="true">
        <i class="level" style=${{ width: `${100 * is}%` }}></i><i class="was" style=${{ left: `${100 * was}%` }}></i></span>
      <span class="number"><span class="unseen">${titled(name)} was ${percent(was)}, is </span>${percent(is)}</span>
      <span class="by">${Math.abs(by) >= LEAST ? points(by) : ""}</span>
    </span>`;
}
