/** A field for a number: what is typed stays while the page around it changes, until it is entered or left. */
import { html, useState } from "./view.js";

/** @param {{value: number|string, onChange: (event: Event) => void}} props   and all that an input takes */
export function NumberField({ value, onChange, ...rest }) {
  const [draft, setDraft] = useState(null);
  const enter = (event) => { onChange(event); setDraft(null); };
  return html`
    <input type="number" ...${rest} value=${draft ?? value} onInput=${(event) => setDraft(event.currentTarget.value)}
      onChange=${enter} onBlur=${() => setDraft(null)} />`;
}
