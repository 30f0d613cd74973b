/** A guided edit: the image is optimised until the classifier reads a probability, with the padlocks held. */
import { request } from "../live.js";
import { measured, panel } from "../models.js";
import { sceneText } from "../scenes.js";
import { changeEdit, edit } from "../state.js";
import { html, useSignal } from "../view.js";
import { share, titled } from "../words.js";

const GUIDED = "guided";
const BETWEEN = " to ";

/** The attribute that a slider is about: that of a guided edit stands before its goal. */
export const attributeOf = (name) =>
  (edit.value.own[name]?.method === GUIDED ? name.slice(0, name.lastIndexOf(BETWEEN)) : name);

export function Goal() {
  const name = useSignal("");
  const to = useSignal(0.9);
  const busy = useSignal(false);
  const problem = useSignal("");
  if (!measured.value) return null;
  const chosen = name.value || panel.value.attributes[0];
  const begin = () => {
    busy.value = true;
    problem.value = "";
    request("reach", { kind: "reach", scene: JSON.parse(sceneText.peek()), name: chosen, to: to.value }, {
      facts: ({ name: found, direction }) => {
        busy.value = false;
        const { own, moves } = edit.peek();
        changeEdit({ own: { ...own, [found]: direction }, moves: { ...moves, [found]: 1 } });
      },
      failed: (message) => { busy.value = false; problem.value = message; },
    });
  };
  return html`
    <details class="finer">
      <summary>More: guided edit to a score</summary>
      <div class="field goal">
        <label for="goal-of">Attribute</label>
        <select id="goal-of" value=${chosen} onChange=${(event) => { name.value = event.currentTarget.value; }}>
          ${panel.value.attributes.map((one) => html`<option value=${one}>${titled(one)}</option>`)}</select>
        <label for="goal-to">Score</label>
        <input id="goal-to" type="range" min="0.02" max="0.98" step="0.02" value=${to.value}
          onInput=${(event) => { to.value = event.currentTarget.valueAsNumber; }} />
        <output for="goal-to">${share(to.value)}</output>
        <button disabled=${busy.value} onClick=${begin}>${busy.value ? "Searching …" : "Reach it"}</button>
        <p class="quiet">The image is optimised, with the padlocks held; the edit becomes a slider of its own. It takes some seconds.</p>
        ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
      </div>
    </details>`;
}
