/** Chooses a half-open range of a network's layers, by name or by its two ends. */
import { html } from "./view.js";

/** Coarse, middle and fine thirds. @param {number} count @returns {[number, number][]} */
export function thirds(count) {
  const third = Math.max(1, Math.round(count / 3));
  return [[0, third], [third, 2 * third], [2 * third, count]];
}

/**
 * @param {{label: string, range: [number, number], count: number, choices: [string, [number, number]][],
 *   onRange: (range: [number, number], event: Event) => void}} props
 */
export function LayerRange({ label, range: [first, end], count, choices, onRange }) {
  const typed = (complete) => (event) => {
    const value = event.currentTarget.valueAsNumber;
    const [from, to] = complete(value);
    if (Number.isInteger(value) && from >= 0 && from < to && to <= count) onRange([from, to], event);
  };
  return html`
    <div class="toolbar">
      <div class="holding" role="group" aria-label=${label}>
        ${choices.map(([name, range]) => html`
          <button class="plain" aria-pressed=${range[0] === first && range[1] === end}
            onClick=${(event) => onRange(range, event)}>${name}</button>`)}
      </div>
      <label class="field-inline">layers from
        <input type="number" min="0" max=${end - 1} value=${first} onInput=${typed((value) => [value, end])} /></label>
      <label class="field-inline">up to
        <input type="number" min=${first + 1} max=${count} value=${end} onInput=${typed((value) => [first, value])} /></label>
    </div>`;
}
