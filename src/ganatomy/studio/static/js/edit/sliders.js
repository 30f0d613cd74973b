/** All sliders with their common controls; those that hardly work in this model are folded away. */
import { Icon } from "../icons.js";
import { directions, measured, panel, panelProblem, preparing } from "../models.js";
import { change, changeEdit, edit, moves } from "../state.js";
import { html, useRef, useSignal } from "../view.js";
import { counted, titled } from "../words.js";
import { Holding } from "./holding.js";
import { arranged, folded, ORDERS } from "./order.js";
import { Row, Scored } from "./row.js";

/** With fewer sliders no filter is shown. */
const FILTERED_FROM = 12;

export function Sliders() {
  const filter = useSignal(""), order = useSignal("group"), last = useRef([]);
  if (!panel.value) return html`<${Awaiting} />`;
  const all = [...directions.value.keys()];
  const { taught, own } = edit.value;
  const fits = (name) => titled(name).toLowerCase().includes(filter.value.trim().toLowerCase());
  // A row that moved up while it is dragged would slip away from the hand.
  const moved = Object.keys(moves.value).filter((name) => all.includes(name));
  if (!document.activeElement?.matches?.(".row input")) last.current = moved;
  const parts = arranged(order.value, last.current, fits);
  const folds = folded(last.current, fits);
  const shown = [...parts, ...folds].flatMap((part) => part.at(-1));
  const scored = panel.value.attributes.filter((name) => !directions.value.has(name) && fits(name));
  const rows = (names) => html`<ul class="sliders">${names.map((name) => html`<${Row} key=${name} name=${name} all=${all} />`)}</ul>`;
  return html`
    <${Toolbar} all=${all} filter=${filter} order=${order} />
    <${Others} title="Taught by you" names=${Object.keys(taught)} onTeach=${teachMore} />
    <${Others} title="Your own: refined and from files" names=${Object.keys(own)} />
    ${parts.filter(([, names]) => names.length > 0).map(([title, names]) => html`
      <section key=${title} aria-label=${`Sliders: ${title}`}><h2 class="small">${title}</h2>${rows(names)}</section>`)}
    ${folds.map(([title, reason, names]) => html`
      <details key=${title} class="finer" open=${Boolean(filter.value)}><summary>${title}: ${names.length}</summary>
        <p class="quiet">${reason}</p>${rows(names)}</details>`)}
    ${shown.length === 0 && html`
      <p class="quiet">No slider has “${filter}” in its name.
        <button class="plain" onClick=${() => { filter.value = ""; }}>Show all</button></p>`}
    ${scored.length > 0 && html`
      <h2 class="small">Scored, without a slider</h2>
      <ul class="sliders">${scored.map((name) => html`<${Scored} key=${name} name=${name} />`)}</ul>`}
    <${Notes} notes=${panel.value.notes ?? []} />`;
}

function Toolbar({ all, filter, order }) {
  const moved = Object.keys(moves.value).length;
  const many = all.length >= FILTERED_FROM;
  return html`
    <div class="toolbar">
      ${many && html`
        <label class="filter"><span class="unseen">Find a slider</span>
          <input type="search" placeholder=${`Search ${all.length}`} value=${filter}
            onInput=${(event) => { filter.value = event.currentTarget.value; }} /></label>
        <label><span class="unseen">Order of the sliders</span>
          <select value=${order} onChange=${(event) => { order.value = event.currentTarget.value; }}>
            ${Object.entries(ORDERS).map(([value, name]) => html`<option value=${value}>${name}</option>`)}</select></label>`}
      <button class="plain" disabled=${moved === 0} title="All sliders to zero (0)" onClick=${() => changeEdit({ moves: {} })}>
        <${Icon} name="reset" /><span class="word">Reset</span>${moved > 1 ? ` ${moved}` : ""}</button>
    </div>
    ${measured.value && html`<${Holding} />`}`;
}

/** Directions from outside the panel: they have no padlock, since no score belongs to them. */
const Others = ({ title, names, onTeach }) => names.length > 0 && html`
  <h2 class="small">${title}</h2>
  <ul class="sliders">${names.map((name) => html`
    <${Row} key=${name} name=${name} all=${[]} unit=${edit.value.own[name]?.step > 0 ? "" : "σ"}
      onTeach=${onTeach && (() => onTeach(name))} onForget=${() => changeEdit(without(name))} />`)}</ul>`;

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
