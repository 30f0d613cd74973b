/** What is wanted less often: truncation, and the layers that moves act on. */
import { model, usualPsi } from "../models.js";
import { changeEdit, edit } from "../state.js";
import { html } from "../view.js";

export function Finer() {
  const { layers, codes, label } = edit.value;
  const psi = edit.value.psi ?? usualPsi.value;
  const classes = model.value.num_classes ?? 0;
  return html`
    <details class="finer">
      <summary>More: truncation${model.value.num_layers ? " and layers" : ""}</summary>
      <div class="field">
        <label for="psi">Truncation</label>
        <input id="psi" type="range" min="0" max="1.2" step="0.05" value=${psi} disabled=${!codes.seeds}
          onInput=${(event) => setPsi(event.currentTarget.valueAsNumber, event)} />
        <output for="psi">${psi.toFixed(2)}</output>
        <p class="quiet">${codes.seeds ? "0 is the average picture, 1 is as varied as what the model learnt." : "This picture has codes of its own, which truncation does not change."}</p>
      </div>
      ${classes > 0 && html`<div class="field"><label for="class">Class</label>
        <input id="class" type="number" min="0" max=${classes - 1} placeholder="any" value=${label ?? ""} onInput=${({ currentTarget: { valueAsNumber: value } }) => changeEdit({ label: value >= 0 && value < classes ? Math.floor(value) : null })} />
        <p class="quiet">One of the ${classes} classes that this model was trained with; empty for any.</p></div>`}
      ${model.value.num_layers && html`<${Layers} layers=${layers} count=${model.value.num_layers} />`}
    </details>`;
}

/** What is usual for the model is left out of links. */
const setPsi = (psi, event) => changeEdit({ psi: psi === usualPsi.value ? null : psi }, { gesture: "psi", event });

function Layers({ layers, count }) {
  const [first, end] = layers ?? [0, count];
  const set = (next, event) => changeEdit({ layers: next[0] === 0 && next[1] === count ? null : next }, { gesture: "layers", event });
  const third = Math.max(1, Math.round(count / 3));
  const presets = [["All", [0, count]], ["Coarse", [0, third]], ["Middle", [third, 2 * third]], ["Fine", [2 * third, count]]];
  return html`
    <fieldset class="field layers"><legend>Layers that the sliders move</legend>
      <div class="choices">${presets.map(([name, range]) => html`
        <button class="plain" aria-pressed=${range[0] === first && range[1] === end} onClick=${(event) => set(range, event)}>${name}</button>`)}</div>
      <label>from <input type="number" min="0" max=${end - 1} value=${first} onInput=${(event) => {
        const value = event.currentTarget.valueAsNumber;
        if (Number.isInteger(value) && value >= 0 && value < end) set([value, end], event);
      }} /></label>
      <label>up to <input type="number" min=${first + 1} max=${count} value=${end} onInput=${(event) => {
        const value = event.currentTarget.valueAsNumber;
        if (Number.isInteger(value) && value > first && value <= count) set([first, value], event);
      }} /></label>
      <p class="quiet">The first layers make the large shapes, the last ones colours and texture. ${count} in all; the last number is left out.</p>
    </fieldset>`;
}
