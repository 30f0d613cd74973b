/** Evidence: what one step of each slider changes, measured, with intervals. */
import { Cards } from "../evidence/cards.js";
import { Matrix } from "../evidence/matrix.js";
import { Trust } from "../evidence/trust.js";
import { panel, panelProblem, preparing } from "../models.js";
import { html } from "../view.js";

export function EvidenceTab() {
  if (!panel.value) return html`<div class="wide"><${NotYet} /></div>`;
  const { changes, directions, notes } = panel.value;
  return html`
    <div class="wide evidence">
      ${changes ? html`<${Matrix} panel=${panel.value} />` : html`<${NoMatrix} />`}
      <${Trust} />
      <${Cards} directions=${directions} />
      ${notes?.length > 0 && html`
        <section><h2>Notes</h2><ul class="plain-list">${notes.map((note) => html`<li>${note}</li>`)}</ul></section>`}
    </div>`;
}

const NotYet = () => html`
  <div class="empty">
    <h2>No measurements yet</h2>
    <p>${preparing.value ? "They are being made, and appear here when they are ready." : panelProblem.value || "Loading them …"}</p>
  </div>`;

const NoMatrix = () => html`
  <div class="empty">
    <h2>No matrix</h2>
    <p>No classifier scores the images of this model, so what its directions change was not measured. Start the studio
      with --scorer to measure it.</p>
  </div>`;
