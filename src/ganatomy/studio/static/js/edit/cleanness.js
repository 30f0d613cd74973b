/** How many times as much as others a slider moves its own attribute. */
import { hold, panel } from "../models.js";
import { holdsEvery } from "../state.js";
import { html } from "../view.js";
import { signed, titled } from "../words.js";

/** Selectivity at which the gauge is full; it is logarithmic, and empty at 1. */
const CLEANEST = 20;
const SHORT = " It did not reach its full change: one step is the farthest that was tried.";

/** Measured as the padlocks are: with everything held, or alone. A figure that is not finite is left out. */
export function Cleanness({ direction }) {
  const held = holdsEvery(hold.value);
  const [value, low, high] = direction?.selectivity?.[held ? "held" : "alone"] ?? [];
  if (value == null) return html`<span class="clean-badge"></span>`;
  const interval = low == null || high == null ? "" : ` (95 % interval ${low.toFixed(1)} to ${high.toFixed(1)})`;
  const words = `Moves its own attribute ${value.toFixed(1)} times as much as the others on average${interval}, `
    + `when ${held ? "everything else" : "nothing"} is held.`
    + (held === (panel.value.usual === "held") ? besides(direction) : "")
    + (direction.reached === false ? SHORT : "");
  const full = Math.min(1, Math.log(Math.max(1, value)) / Math.log(CLEANEST));
  return html`
    <span class=${`clean-badge ${direction.reached === false ? "weak" : ""}`} title=${words}>
      <span class="gauge" aria-hidden="true"><i style=${{ width: `${100 * full}%` }}></i></span>
      <span aria-hidden="true">×${value < 9.95 ? value.toFixed(1) : Math.round(value)}</span>
      <span class="unseen">${words}</span>
    </span>`;
}

/** The attribute that a step moves most of the others. */
function besides({ also }) {
  const most = also?.[0];
  return most ? ` Most besides, one step moves ${titled(most.name)}: ${signed(most.change)}.` : "";
}
