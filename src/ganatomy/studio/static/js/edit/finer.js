/** The class, and controls that are needed less often: truncation, and the layers that sliders change. */
import { LayerRange, thirds } from "../layers.js";
import { now } from "../images.js";
import { model, space, defaultPsi } from "../models.js";
import { isTruncated } from "../scenes.js";
import { changeEdit, edit } from "../state.js";
import { html } from "../view.js";
import { listed } from "../words.js";

export function Finer() {
  const { num_layers: layers } = model.value;
  // A model without w has no mean code to truncate to.
  const truncates = space.value !== "z";
  const offers = [truncates && "truncation", layers && "layers"].filter(Boolean);
  return offers.length > 0 && html`
    <details class="finer">
      <summary>More: ${listed(offers)}</summary>
      ${truncates && html`<${Truncation} />`}
      ${layers && html`<${Layers} count=${layers} />`}
    </details>`;
}

function Truncation() {
  const psi = edit.value.psi ?? defaultPsi.value;
  const drawn = isTruncated(edit.value.codes);
  const set = (event) => {
    const value = event.currentTarget.valueAsNumber;
    // The default of the model is left out of links.
    changeEdit({ psi: value === defaultPsi.value ? null : value }, { gesture: "psi", event });
  };
  return html`
    <div class="field">
      <label for="psi">Truncation</label>
      <input id="psi" type="range" min="0" max="1.2" step="0.05" value=${psi} disabled=${!drawn} onInput=${set} />
      <output for="psi">${psi.toFixed(2)}</output>
      <p class="quiet">${drawn ? "Truncation psi: 1 = none, 0 = the mean image."
        : "This image was not drawn from a seed, so truncation does not apply."}</p>
    </div>`;
}

/** The class of a conditional model, above the sliders. */
export function Class() {
  const { num_classes: count, class_names: names, label: opened } = model.value;
  if (!(count > 0)) return null;
  const drawn = now.drawnClass.value, named = (label) => names[label] ?? String(label);
  // A studio that was opened for one class draws that one unless another is chosen.
  const any = opened !== null ? named(opened) : drawn === null || edit.value.label !== null ? "any" : `any (${named(drawn)})`;
  const choose = (value) => value !== "" && value >= 0 && value < count ? Math.floor(value) : null;
  const set = (event) => changeEdit({ label: choose(event.currentTarget.value) }, { gesture: "class", event });
  if (names.length) {
    return html`
    <div class="field">
      <label for="class">Class</label>
      <select id="class" value=${edit.value.label ?? ""} onChange=${set}>
        <option value="">${any}</option>
        ${names.map((name, index) => html`<option value=${index}>${name}</option>`)}
      </select>
    </div>`;
  }
  return html`
    <div class="field">
      <label for="class">Class</label>
      <input id="class" type="number" min="0" max=${count - 1} placeholder=${any} value=${edit.value.label ?? ""} onInput=${set} />
      <p class="quiet">One of the ${count} classes that this model was trained with; empty for any.</p>
    </div>`;
}

function Layers({ count }) {
  const [coarse, middle, fine] = thirds(count);
  const choices = [["All", [0, count]], ["Coarse", coarse], ["Middle", middle], ["Fine", fine]];
  const set = (range, event) => {
    const all = range[0] === 0 && range[1] === count;
    changeEdit({ layers: all ? null : range }, { gesture: "layers", event });
  };
  return html`
    <fieldset>
      <legend>Layers that the sliders change</legend>
      <${LayerRange} label="Layers that the sliders change" range=${edit.value.layers ?? [0, count]} count=${count}
        choices=${choices} onRange=${set} />
      <p class="quiet">The first layers make the large shapes, the last ones colours and texture. There are ${count};
        the second number is not included.</p>
    </fieldset>`;
}
