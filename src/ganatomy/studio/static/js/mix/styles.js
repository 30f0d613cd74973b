/** Style mixing: each row's picture with some layers of each column's. */
import { model, space } from "../models.js";
import { codesOf } from "../scenes.js";
import { SheetCell, useSheet } from "../sheets.js";
import { edit, goTo, state } from "../state.js";
import { changeMix } from "../tabs/mix.js";
import { html } from "../view.js";
import { SeedField } from "./seedfield.js";

const CELL = 128;
const PATIENCE = 150;

export function Styles() {
  const count = model.value.num_layers;
  if (!count) return html`<div class="empty"><h2>${model.value.title} has no layers to mix</h2>
    <p>Mixing styles gives some layers of a network the code of another picture. A ${model.value.architecture} takes its code in at one place only.
    Adding and subtracting works for it: choose it above.</p></div>`;
  return html`<${Matrix} count=${count} />`;
}

function Matrix({ count }) {
  const { rows, columns, layers } = state.value.mix;
  const third = Math.max(1, Math.round(count / 3));
  const [first, end] = layers ?? [0, third];
  const codes = (seeds) => seeds.map((seed) => codesOf({ seeds: [seed] }, edit.value.psi));
  const { sheet, told, problem, waiting } = useSheet("mix", {
    kind: "mix", rows: codes(rows), columns: codes(columns), layers: [first, end], size: Math.min(CELL, model.value.resolution),
  }, PATIENCE);
  const mixed = told.codes?.codes ?? [];
  const fits = sheet?.count === (rows.length + 1) * (columns.length + 1) && sheet.columns === columns.length + 1;
  const put = (which, i, seed) => changeMix({ [which]: state.value.mix[which].map((old, k) => (k === i ? seed : old)) });
  const set = (range, event) => changeMix({ layers: range }, { gesture: "mix layers", event });
  const presets = [["Coarse: pose and shape", [0, third]], ["Middle: features", [third, 2 * third]], ["Fine: colours", [2 * third, count]]];
  return html`
    <p class="about">Each picture keeps the rest of its row and takes layers ${first} to ${end - 1} from its column${space.value === "z" ? " (seeds are drawn in z)" : ""}. Choose one to edit it.</p>
    <div class="toolbar">
      <div class="holding" role="group" aria-label="Layers from the column">${presets.map(([name, range]) => html`
        <button class="plain" aria-pressed=${range[0] === first && range[1] === end} onClick=${(event) => set(range, event)}>${name}</button>`)}</div>
      <label class="field-inline">from <input type="number" min="0" max=${end - 1} value=${first} onInput=${(event) => { const value = event.currentTarget.valueAsNumber; if (value >= 0 && value < end) set([value, end], event); }} /></label>
      <label class="field-inline">up to <input type="number" min=${first + 1} max=${count} value=${end} onInput=${(event) => { const value = event.currentTarget.valueAsNumber; if (value > first && value <= count) set([first, value], event); }} /></label>
    </div>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <div class="scroll" tabindex="0" role="region" aria-label="Mixed pictures">
    <table class="mixtable" aria-busy=${waiting}>
      <thead><tr><td class="corner">rows ↓<br />styles →</td>
        ${columns.map((seed, i) => html`<th scope="col"><${SeedField} seed=${seed} label=${`Column ${i + 1}`} onSeed=${(next) => put("columns", i, next)} /></th>`)}</tr></thead>
      <tbody>${rows.map((row, i) => html`<tr><th scope="row"><${SeedField} seed=${row} label=${`Row ${i + 1}`} onSeed=${(next) => put("rows", i, next)} /></th>
        ${columns.map((column, j) => html`<td><button class="cell" disabled=${!mixed[i * columns.length + j]} aria-label=${`Edit seed ${row} with layers of seed ${column}`}
          onClick=${() => goTo(mixed[i * columns.length + j])}>${fits ? html`<${SheetCell} sheet=${sheet} index=${(i + 1) * (columns.length + 1) + j + 1} />` : html`<span class="thumb"></span>`}</button></td>`)}</tr>`)}</tbody>
    </table></div>`;
}
