/** All sliders, most selective first, with their common controls. */
import { Icon } from "../icons.js";
import { directions, hold, measured, panel, panelProblem, preparing } from "../models.js";
import { change, changeEdit, edit, HOLD_EVERY, HOLD_NOTHING, holdsEvery, moves } from "../state.js";
import { html, useSignal } from "../view.js";
import { counted, titled } from "../words.js";
import { Row, Scored } from "./row.js";

/** With fewer sliders no filter is shown. */
const FILTERED_FROM = 12;

export function Sliders() {
  const filter = useSignal("");
  if (!panel.value) return html`<${Awaiting} />`;
  const all = [...directions.value.keys()];
  const { taught, own } = edit.value;
  const others = Object.keys({ ...taught, ...own }).length > 0;
  const fits = (name) => titled(name).toLowerCase().includes(filter.value.trim().toLowerCase());
  const shown = all.filter(fits);
  const scored = panel.value.attributes.filter((name) => !directions.value.has(name) && fits(name));
  return html`
    <${Toolbar} all=${all} filter=${filter} />
    <${Others} title="Taught by you" names=${Object.keys(taught)} onTeach=${teachMore} />
    <${Others} title="Your own: from files and guided edits" names=${Object.keys(own)} />
    ${others && html`<h2 class="small">Of this model</h2>`}
    ${shown.length > 0 && measured.value && html`<${Heads} />`}
    <ul class="sliders" aria-label=${measured.value ? "Sliders, most selective first" : "Sliders"}>
      ${shown.map((name) => html`<${Row} key=${name} name=${name} all=${all} />`)}
    </ul>
    ${shown.length === 0 && html`
      <p class="quiet">No slider has “${filter}” in its name.
        <button class="plain" onClick=${() => { filter.value = ""; }}>Show all</button></p>`}
    ${scored.length > 0 && html`
      <h2 class="small">Scored, without a slider</h2>
      <ul class="sliders">${scored.map((name) => html`<${Scored} key=${name} name=${name} />`)}</ul>`}
    <${Notes} notes=${panel.value.notes ?? []} />`;
}

function Toolbar({ all, filter }) {
  const nothing = !hold.value.every && hold.value.except.length === 0;
  const moved = Object.keys(moves.value).length;
  return html`
    <div class="toolbar">
      ${all.length >= FILTERED_FROM && html`
        <label class="filter"><span class="unseen">Find a slider</span>
          <input type="search" placeholder=${`Find among ${all.length}`} value=${filter}
            onInput=${(event) => { filter.value = event.currentTarget.value; }} /></label>`}
      ${measured.value && html`<div class="holding" role="group" aria-label="Hold">
        <button class="plain" aria-pressed=${holdsEvery(hold.value)} title="Hold all attributes that are not moved (L)"
          onClick=${() => changeEdit({ hold: HOLD_EVERY })}><${Icon} name="locked" />Hold everything</button>
        <button class="plain" aria-pressed=${nothing} title="Hold nothing (L)"
          onClick=${() => changeEdit({ hold: HOLD_NOTHING })}><${Icon} name="unlocked" />Nothing</button>
      </div>`}
      <button class="plain" disabled=${moved === 0} title="All sliders to zero (0)" onClick=${() => changeEdit({ moves: {} })}>
        <${Icon} name="reset" />Reset${moved > 1 ? ` ${moved}` : ""}</button>
    </div>`;
}

/** Titles of the columns, for sighted users; each row has labels of its own. */
const Heads = () => html`
  <div class="row heads" aria-hidden="true">
    <span></span><span>most selective first</span>
    <span title="Change of the slider's own attribute over the mean change of the others">selectivity</span>
    <span class="ends"><span>less</span><span>more</span></span>
    <span></span><span></span>
    <span title="Probability by the attribute classifier; the line is its value before">score and change</span>
  </div>`;

/** Directions from outside the panel: they have no padlock, since no score belongs to them. */
const Others = ({ title, names, onTeach }) => names.length > 0 && html`
  <h2 class="small">${title}</h2>
  <ul class="sliders">${names.map((name) => html`
    <${Row} key=${name} name=${name} all=${[]} unit="σ" onTeach=${onTeach && (() => onTeach(name))}
      onForget=${() => changeEdit(without(name))} />`)}</ul>`;

function without(name) {
  const rest = ({ [name]: _, ...others }) => others;
  return { taught: rest(edit.value.taught), own: rest(edit.value.own), moves: rest(edit.value.moves) };
}

/** Its labels go back to Teach, where it can be changed and added again. */
const teachMore = (name) => change({
  tab: "teach", teach: { name, ...edit.value.taught[name] }, edit: { ...edit.value, ...without(name) },
});

const Notes = ({ notes }) => notes.length > 0 && html`
  <details class="notes"><summary>${counted(notes.length, "note")} about these directions</summary>
    <ul>${notes.map((note) => html`<li>${note}</li>`)}</ul></details>`;

const Awaiting = () => html`
  <div class="empty">
    <h2>No sliders yet</h2>
    <p>${preparing.value ? "The directions of this model are being measured. They appear here when they are ready."
      : panelProblem.value ? "Without directions there are no sliders; images, walks, mixes and sums work."
        : "Loading the directions …"}</p>
    <p>Until then: change the seed, look around in Explore, or label images in Teach.</p>
  </div>`;
