/** An image that is chosen by its seed. */
import { Icon } from "../icons.js";
import { NumberField } from "../numberfield.js";
import { sceneOfSeed } from "../scenes.js";
import { MOST_SEED, randomSeed } from "../state.js";
import { Thumb } from "../thumbs.js";
import { html } from "../view.js";

/** @param {{seed: number, label: string, onSeed: (seed: number) => void, onRemove?: () => void}} props */
export function SeedField({ seed, label, onSeed, onRemove }) {
  const typed = (event) => {
    const value = event.currentTarget.valueAsNumber;
    if (Number.isInteger(value) && value >= 0 && value <= MOST_SEED) onSeed(value);
  };
  return html`
    <div class="seedfield">
      <${Thumb} scene=${sceneOfSeed(seed)} />
      <span>
        <${NumberField} min="0" max=${MOST_SEED} value=${seed} aria-label=${`${label}: seed`} onChange=${typed} />
        <button class="plain" aria-label=${`${label}: another`} title="Another" onClick=${() => onSeed(randomSeed())}>
          <${Icon} name="dice" /></button>
      </span>
      ${onRemove && html`
        <button class="remove" aria-label=${`${label}: remove`} title="Remove" onClick=${onRemove}><${Icon} name="close" /></button>`}
    </div>`;
}
