/** The walk as a film to save. */
import * as api from "../api.js";
import { Icon } from "../icons.js";
import { modelName } from "../models.js";
import { html, useState } from "../view.js";

const RATE = 24;
const KINDS = ["mp4", "gif"];

/** @param {{order: object}} props   keys, method, frames, closed */
export function Export({ order }) {
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState("");
  const make = async (what) => {
    setBusy(what);
    setProblem("");
    try {
      api.save(await api.film(modelName.value, { what, fps: RATE, ...order }));
    } catch (failed) {
      setProblem(failed.message);
    }
    setBusy("");
  };
  return html`
    <fieldset class="export">
      <legend>Export the film</legend>
      ${KINDS.map((what) => html`
        <button disabled=${busy !== ""} onClick=${() => make(what)}><${Icon} name="export" />${what.toUpperCase()}</button>`)}
      <span role="status">${busy && html`
        Making the ${busy.toUpperCase()} … <progress aria-label="Making the film"></progress>`}</span>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    </fieldset>`;
}
