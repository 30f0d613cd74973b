/** How clean a slider is, in three steps; a press tells the figures. */
import { directions, howMeasured, panel } from "../models.js";
import { html } from "../view.js";
import { percent, points, titled } from "../words.js";

/** The least ratio of the own change to that of another, and the largest share of it that the worst other may have. */
const STEPS = [[4, 0.4, "clean", "Clean"], [2, 0.8, "fair", "Fair"], [-Infinity, Infinity, "mixed", "Mixed"]];
/** A change below this says nothing about how clean it is. */
const LITTLE = 0.05;
/** Why a slider is not to be trusted. */
export const DOUBTS = {
  short: "The largest step that was tried changes it less than the target change.",
  unconfirmed: "The judge, a classifier that took no part, does not confirm the change.",
  unusual: "A step ends at codes that the model hardly ever draws.",
};

/** @returns {[string, string]}   the kind and the word */
export const cleanness = (ratio, worst) => STEPS.find(([least, most]) => ratio >= least && worst <= most).slice(2);

/** How clean the change of the shown image is. @param {number} own @param {[string, number][]} others   most first */
export function Here({ own, others }) {
  if (!(own >= LITTLE) || others.length === 0) return null;
  const mean = others.reduce((sum, [, by]) => sum + Math.abs(by), 0) / others.length;
  const [kind, word] = cleanness(own / Math.max(mean, 1e-6), Math.abs(others[0][1]) / own);
  return html`
    <${Opened} kind=${kind} word=${word} about="In this image">
      <p>In this image its own attribute changes by <b>${percent(own)}</b>, the ${others.length} others by ${percent(mean, 1)} on
        average, most <b>${titled(others[0][0])} ${points(others[0][1])}</b>, read by the classifier.</p><//>`;
}

/** A badge and what a press on it tells, until the focus goes elsewhere. */
function Opened({ kind, word, about, children }) {
  const shut = ({ currentTarget }) => { currentTarget.open = false; };
  return html`
    <details class="badge" onFocusOut=${(event) => { if (!event.currentTarget.contains(event.relatedTarget)) shut(event); }}
      onKeyDown=${(event) => { if (event.key === "Escape") shut(event); }}>
      <summary class=${kind} aria-label=${`${about}: ${word}`}>${word}</summary>
      <div tabindex="-1">${children}</div>
    </details>`;
}

/** @param {{name: string}} props   of a slider of the model */
export function Badge({ name }) {
  const direction = directions.value.get(name);
  const how = direction && howMeasured(direction);
  const effect = direction?.measured?.[how];
  if (effect?.value == null) return html`<span class="badge none"></span>`;
  const [kind, word] = cleanness(effect.low ?? 0, Math.abs(effect.also[0]?.change ?? 0) / effect.own);
  return html`
    <${Opened} kind=${kind} word=${word} about=${titled(name)}>
      <${Figures} effect=${effect} how=${how} doubt=${direction.doubt} /><//>`;
}

function Figures({ effect: { value, low, high, moving, num_moving: count, also }, how, doubt }) {
  const worst = also[0];
  return html`
    <p>Changes its own attribute <b>${times(value)}</b> as much as another on average${low != null && high != null
      && html` (95 % interval ${times(low)} to ${times(high)})`}, with ${how === "held" ? "all others held" : "nothing held"}${
      moving != null && html`; ${times(moving)} as much as the ${count} that change at all`}.</p>
    ${worst && html`<p>Most: <b>${titled(worst.name)} ${points(worst.change)}</b>, where its own changes ${percent(panel.value.target_change)}.</p>`}
    ${doubt && html`<p>${DOUBTS[doubt]}</p>`}
    <p class="quiet">Mean sizes of changes in one step, read by the ${panel.value.reader}.</p>`;
}

export const times = (value) => `${value < 9.95 ? value.toFixed(1) : Math.round(value)}×`;
