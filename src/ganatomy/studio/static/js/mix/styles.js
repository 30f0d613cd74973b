/** Style mixing: each row's image with some layers of each column's. */
import { Icon } from "../icons.js";
import { LayerRange, thirds } from "../layers.js";
import { model } from "../models.js";
import { codesOf } from "../scenes.js";
import { SheetCell, useSheet } from "../sheets.js";
import { changeMix, edit, goTo, MOST_MIXED, randomSeed, state } from "../state.js";
import { html } from "../view.js";
import { SeedField } from "./seedfield.js";

const CELL = 160;
const PATIENCE = 150;

export function Styles() {
  const { num_layers: count, name, architecture } = model.value;
  if (count) return html`<${Matrix} count=${count} />`;
  return html`
    <div class="empty">
      <h2>${name} has no layers to mix</h2>
      <p>Style mixing gives some layers of a network the code of another image. A ${architecture} takes its code at
        one place only. Add and subtract works for it: choose it above.</p>
    </div>`;
}

function Matrix({ count }) {
  const { rows, columns, layers } = state.value.mix;
  const [coarse, middle, fine] = thirds(count);
  const range = layers ?? coarse;
  const codes = (seeds) => seeds.map((seed) => codesOf({ seeds: [seed] }, edit.value.psi, edit.value.label));
  const { sheet, facts, problem, waiting } = useSheet("mix", {
    kind: "mix", rows: codes(rows), columns: codes(columns), layers: range, size: Math.min(CELL, model.value.resolution),
  }, PATIENCE);
  const mixed = facts.codes?.codes ?? [];
  const side = (which, title) => state.value.mix[which].map((seed, i, seeds) => html`
    <${SeedField} seed=${seed} label=${`${title} ${i + 1}`}
      onSeed=${(next) => changeMix({ [which]: seeds.with(i, next) })}
      onRemove=${seeds.length > 1 && (() => changeMix({ [which]: seeds.toSpliced(i, 1) }))} />`);
  const adding = (which, title) => state.value.mix[which].length < MOST_MIXED && html`
    <button class="plain" aria-label=${`Add a ${title}`} title=${`Add a ${title}`}
      onClick=${() => changeMix({ [which]: [...state.value.mix[which], randomSeed()] })}><${Icon} name="add" /></button>`;
  const [left, top] = [side("rows", "Row"), side("columns", "Column")];
  return html`
    <p class="about">The person comes from the left, what you choose here from the top. Press an image to edit it.</p>
    <${LayerRange} label="Layers from the column" range=${range} count=${count}
      choices=${[["Pose and shape", coarse], ["Details", middle], ["Colours", fine]]}
      onRange=${(next, event) => changeMix({ layers: next }, { gesture: "mix layers", event })} />
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <div class="scroll" tabindex="0" role="region" aria-label="Mixed images">
      <table class="mixtable" aria-busy=${waiting}>
        <thead><tr>
          <td class="corner">person ↓<br />from the top →</td>
          ${top.map((field) => html`<th scope="col">${field}</th>`)}
          <td>${adding("columns", "column")}</td>
        </tr></thead>
        <tbody>${rows.map((row, i) => html`
          <tr>
            <th scope="row">${left[i]}</th>
            ${columns.map((column, j) => html`
              <td><${Mixed} row=${row} column=${column} sheet=${sheet} index=${i * columns.length + j}
                codes=${mixed[i * columns.length + j]} /></td>`)}
          </tr>`)}
          <tr><td>${adding("rows", "row")}</td></tr>
        </tbody>
      </table>
    </div>`;
}

const Mixed = ({ row, column, sheet, index, codes }) => html`
  <button class="cell" disabled=${!codes} aria-label=${`Edit seed ${row} with layers of seed ${column}`}
    onClick=${() => goTo(codes)}>
    ${sheet?.count > index ? html`<${SheetCell} sheet=${sheet} index=${index} />` : html`<span class="thumb"></span>`}
  </button>`;
