/** The selectivity of a slider: the change of its own attribute over the mean change of the others. */
import { hold, panel } from "../models.js";
import { holdsEvery } from "../state.js";
import { html } from "../view.js";
import { signed, titled } from "../words.js";

/** Selectivity at which the gauge is full; it is logarithmic, and empty at 1. */
const FULL = 20;
/** Why a slider is not to be trusted. */
export const DOUBTS = {
  short: "The largest step that was tried changes it less than the target change.",
  unconfirmed: "The judge, a classifier that took no part, does not confirm the change.",
  unusual: "A step ends at codes that the model hardly ever draws.",
};

/** Measured as the padlocks are: with everything held, or alone. A figure that is not finite is left out. */
export function Selectivity({ direction }) {
  const held = holdsEvery(hold.value);
  const { value, low, high } = direction?.selectivity?.[held ? "held" : "alone"] ?? {};
  if (value == null) return html`<span class="selectivity"></span>`;
  const interval = low == null || high == null ? "" : ` (95 % interval ${low.toFixed(1)} to ${high.toFixed(1)})`;
  const words = `Changes its own attribute ${value.toFixed(1)} times as much as the others on average${interval}, `
    + `when ${held ? "everything else" : "nothing"} is held.`
    + (held === panel.value.holds_by_default ? strongest(direction) : "")
    + (direction.doubt ? ` ${DOUBTS[direction.doubt]}` : "");
  const full = Math.min(1, Math.log(Math.max(1, value)) / Math.log(FULL));
  return html`
    <span class=${`selectivity ${direction.doubt ? "weak" : ""}`} title=${words}>
      <span class="gauge" aria-hidden="true"><i style=${{ width: `${100 * full}%` }}></i></span>
      <span aria-hidden="true">×${value < 9.95 ? value.toFixed(1) : Math.round(value)}</span>
      <span class="unseen">${words}</span>
    </span>`;
}

/** The other attribute that a step changes most. */
function strongest({ also }) {
  const most = also?.[0];
  return most ? ` Of the others, one step changes ${titled(most.name)} most: ${signed(most.change)}.` : "";
}
