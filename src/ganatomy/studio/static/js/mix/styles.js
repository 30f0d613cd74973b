/** Style mixing: each row's picture with some layers of each column's. */
import { LayerRange, thirds } from "../layers.js";
import { model } from "../models.js";
import { codesOf } from "../scenes.js";
import { SheetCell, useSheet } from "../sheets.js";
import { edit, goTo, state } from "../state.js";
import { changeMix } from "../tabs/mix.js";
import { html } from "../view.js";
import { SeedField } from "./seedfield.js";

const CELL = 160;
const PATIENCE = 150;

export function Styles() {
  const { num_layers: count, title, architecture } = model.value;
  if (count) return html`<${Matrix} count=${count} />`;
  return html`
    <div class="empty">
      <h2>${title} has no layers to mix</h2>
      <p>Mixing styles gives some layers of a network the code of another picture. A ${architecture} takes its code in
        at one place only. Adding and subtracting works for it: choose it above.</p>
    </div>`;
}

function Matrix({ count }) {
  const { rows, columns, layers } = state.value.mix;
  const [coarse, middle, fine] = thirds(count);
  const range = layers ?? coarse;
  const codes = (seeds) => seeds.map((seed) => codesOf({ seeds: [seed] }, edit.value.psi, edit.value.label));
  const { sheet, told, problem, waiting } = useSheet("mix", {
    kind: "mix", rows: codes(rows), columns: codes(columns), layers: range, size: Math.min(CELL, model.value.resolution),
  }, PATIENCE);
  const mixed = told.codes?.codes ?? [];
  const put = (which, i, seed) => changeMix({ [which]: state.value.mix[which].map((old, k) => (k === i ? seed : old)) });
  return html`
    <p class="about">Each picture is its row's, with layers ${range[0]} to ${range[1] - 1} of its column's. Choose one to
      edit it.</p>
    <${LayerRange} label="Layers from the column" range=${range} count=${count}
      choices=${[["Coarse: pose and shape", coarse], ["Middle: features", middle], ["Fine: colours", fine]]}
      onRange=${(next, event) => changeMix({ layers: next }, { gesture: "mix layers", event })} />
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <div class="scroll" tabindex="0" role="region" aria-label="Mixed pictures">
      <table class="mixtable" aria-busy=${waiting}>
        <thead><tr>
          <td class="corner">rows ↓<br />styles →</td>
          ${columns.map((seed, j) => html`
            <th scope="col"><${SeedField} seed=${seed} label=${`Column ${j + 1}`} onSeed=${(next) => put("columns", j, next)} /></th>`)}
        </tr></thead>
        <tbody>${rows.map((row, i) => html`
          <tr>
            <th scope="row"><${SeedField} seed=${row} label=${`Row ${i + 1}`} onSeed=${(next) => put("rows", i, next)} /></th>
            ${columns.map((column, j) => html`
              <td><${Mixed} row=${row} column=${column} sheet=${sheet} index=${(i + 1) * (columns.length + 1) + j + 1}
                codes=${mixed[i * columns.length + j]} /></td>`)}
          </tr>`)}
        </tbody>
      </table>
    </div>`;
}

const Mixed = ({ row, column, sheet, index, codes }) => html`
  <button class="cell" disabled=${!codes} aria-label=${`Edit seed ${row} with layers of seed ${column}`}
    onClick=${() => goTo(codes)}>
    ${sheet?.count > index ? html`<${SheetCell} sheet=${sheet} index=${index} />` : html`<span class="thumb"></span>`}
  </button>`;
