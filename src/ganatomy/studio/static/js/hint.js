/** Three steps for somebody who is here for the first time; they never come back. */
import { html, signal } from "./view.js";

const KEY = "ganatomy-hint";
const seen = () => {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return true;
  }
};
const shown = signal(!seen());

export function Hint() {
  if (!shown.value) return null;
  const close = () => {
    shown.value = false;
    localStorage.setItem(KEY, "1");
  };
  return html`
    <aside class="hint" aria-label="First steps">
      <ol><li>Move a slider: the image follows.</li>
        <li>Read below the image what else changed; <b>Refine</b> changes less of it.</li>
        <li><b>Export</b> takes the image, a film or a link away.</li></ol>
      <button onClick=${close}>Got it</button>
    </aside>`;
}
