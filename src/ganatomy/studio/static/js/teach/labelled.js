/** The images that were labelled; a press removes the label. */
import { measuredScene } from "../scenes.js";
import { Thumb } from "../thumbs.js";
import { html } from "../view.js";
import { counted } from "../words.js";

/** Labels of each kind before the accuracy means anything. */
export const ENOUGH = 5;
const WORDS = { yes: ["Yes", "Images that show the attribute."], no: ["No", "Images that do not."] };

/** @param {{kind: "yes"|"no", seeds: number[], onRemove: (kind: string, seed: number) => void}} props */
export function Labelled({ kind, seeds, onRemove }) {
  const [title, about] = WORDS[kind];
  const left = ENOUGH - seeds.length;
  return html`
    <h2 class="small">${title} <span class="quiet">${left > 0 ? `${counted(left, "more image")} to go` : seeds.length}</span></h2>
    ${seeds.length === 0 ? html`<p class="quiet">${about}</p>` : html`
      <ul class="queue">${seeds.map((seed) => html`
        <li key=${seed}>
          <button class="cell" title="Remove this label" aria-label=${`Remove ${kind} for seed ${seed}`}
            onClick=${() => onRemove(kind, seed)}><${Thumb} scene=${measuredScene(seed)} /></button>
        </li>`)}</ul>`}`;
}
