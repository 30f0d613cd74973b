/** How far the classifier can be trusted on edits: the study of trust, opened or made here, and the sheet for a person. */
import * as api from "../api.js";
import { modelName } from "../models.js";
import { html, useEffect, useState } from "../view.js";
import { counted, share } from "../words.js";
import { Blind } from "./blind.js";

/** Milliseconds between two looks at a study that is being made. */
const AGAIN = 1500;

export function Trust() {
  const model = modelName.value;
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState("");
  const take = (asked) => asked.then((data) => { setFound(data); setProblem(""); }, ({ message }) => setProblem(message));
  useEffect(() => { setFound(null); take(api.trust(model)); }, [model]);
  useEffect(() => {
    if (found?.state !== "preparing") return undefined;
    const timer = setTimeout(() => take(api.trust(model)), AGAIN);
    return () => clearTimeout(timer);
  }, [found, model]);
  const begin = () => take(api.beginTrust(model));
  return html`
    <section class="trust">
      <h2>Trust</h2>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${found && (found.state === "ready" ? html`<${Found} study=${found} model=${model} />`
        : found.state === "preparing" ? html`<${Progress} ...${found.preparing} />`
          : html`<${Offer} found=${found} onBegin=${begin} />`)}
    </section>`;
}

function Offer({ found: { possible = true, preparing }, onBegin }) {
  if (!possible) return html`<p class="quiet">No classifier scores the images of this model, so nothing can be compared.</p>`;
  return html`
    ${preparing?.failed && html`<p class="problem" role="alert">${preparing.failed}</p>`}
    <p class="quiet">Edits of a few images to the same goals by four methods, read by the classifier and by the judge. It takes a
      few minutes, in which everything else is slower.</p>
    <button class="primary" onClick=${onBegin}>Measure trust</button>`;
}

const Progress = ({ stage, done, total }) => html`
  <p class="quiet">Measuring: ${stage}</p>
  <progress max=${total} value=${done} aria-label="Progress of the study"></progress>`;

function Found({ study: { sentences, reading, judges, edits, methods }, model }) {
  const [asking, setAsking] = useState(false);
  return html`
    <p>${sentences[0]}</p>
    <div class="scroll"><${Methods} methods=${methods} by=${reading} /></div>
    <p class="quiet">${counted(edits, "edit")} by each method, with 95 % intervals.${" "}
      ${judges.length ? `${reading === "judge" ? "Judge" : "Smoothed reading"}: ${judges.join(", ")}. ` : ""}Agreement: change of the
      attribute that it reads, as a share of what the classifier reads; in brackets, between unedited images.</p>
    ${asking ? html`<${Blind} model=${model} onClose=${() => setAsking(false)} />`
      : html`<button onClick=${() => setAsking(true)}>Judge the images yourself</button>`}`;
}

const Methods = ({ methods, by }) => html`
  <table class="figures">
    <thead><tr>
      <th scope="col">Method</th><th scope="col">Reached</th>
      ${by === "judge" && html`<th scope="col">Confirmed, of these</th>`}
      ${by && html`<th scope="col">Agreement</th>`}
      <th scope="col">Selectivity by the classifier</th>
      ${by && html`<th scope="col">by the ${by}</th>`}
    </tr></thead>
    <tbody>${methods.map((one) => html`
      <tr>
        <th scope="row">${one.name}</th><td>${percent(one.reached)}</td>
        ${by === "judge" && html`<td>${percent(one.confirmed)}</td>`}
        ${by && html`<td>${figure(one.agreement, share)} <small>(${one.natural_agreement.value == null ? "–" : share(one.natural_agreement.value)})</small></td>`}
        <td>${figure(one.selectivity, times)}</td>
        ${by && html`<td>${figure(one.judged_selectivity, times)}</td>`}
      </tr>`)}</tbody>
  </table>`;

const times = (value) => `×${value < 9.95 ? value.toFixed(1) : Math.round(value)}`;
const whole = (value) => `${Math.round(100 * value)}`;
/** A figure with its interval; one that was not measured comes as null. */
const figure = ({ value, low, high }, written) => (value == null ? "–" : html`
  <b>${written(value)}</b>${low != null && high != null && html` <small>${written(low)} to ${written(high)}</small>`}`);
const percent = ({ value, low, high }) => (value == null ? "–" : html`
  <b>${whole(value)} %</b>${low != null && high != null && html` <small>${whole(low)} to ${whole(high)}</small>`}`);
