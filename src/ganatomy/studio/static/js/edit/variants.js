/** Two variants of the sliders, of which one is shown. */
import { change, edit, state } from "../state.js";
import { html } from "../view.js";

export function Variants() {
  const { at, other } = state.value.variants;
  const show = (name) => {
    if (name === at) return;
    const next = other ? { ...other, codes: edit.value.codes, psi: edit.value.psi, label: edit.value.label } : edit.value;
    change({ edit: next, variants: { at: name, other: edit.value } });
  };
  return html`
    <span class="holding" role="group" aria-label="Two variants of the sliders">
      ${["A", "B"].map((name) => html`
        <button class="plain" aria-pressed=${at === name} title=${`Variant ${name}: its own sliders on the same image`}
          onClick=${() => show(name)}>${name}</button>`)}</span>`;
}
