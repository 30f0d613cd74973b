/** The learnt direction: its accuracy on held-out images, and its effect on the current one. */
import { Icon } from "../icons.js";
import { SheetCell } from "../sheets.js";
import { html } from "../view.js";
import { sentence, share, signed, titled } from "../words.js";
import { ENOUGH } from "./labelled.js";

/** Standard deviations at which the current image is shown. */
const STATIONS = [-2, -1, 0, 1, 2];
/** Labels of each kind from which on the server draws the strip. */
const FOR_STRIP = 2;

/**
 * @param {{teach: object, answer: ReturnType<import("../sheets.js").useSheet>, taken: boolean, onKeep: () => void}} props
 *   taken: whether another slider is called so already
 */
export function Learnt({ teach, answer, taken, onKeep }) {
  const { sheet, facts, problem, waiting } = answer;
  const taught = facts.taught;
  const labels = Math.min(teach.yes.length, teach.no.length);
  const enough = taught?.accuracy && labels >= ENOUGH;
  const drawn = sheet && labels >= FOR_STRIP;
  const learning = waiting && labels >= FOR_STRIP;
  const name = teach.name.trim();
  return html`
    <div class="learnt" aria-busy=${learning}>
      <h2>${name || "Your direction"}</h2>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${drawn ? html`<${Stations} sheet=${sheet} />` : learning ? html`<p>Learning …</p>` : html`
        <p>Label five images that show the attribute and five that do not. After two of each you see here what the
          direction does to your image; after five of each, its accuracy.</p>`}
      <p role="status">${enough && html`<b>${finding(taught)}</b>`} ${taught && (drawn || !learning) && sentence(taught.advice)}</p>
      ${enough && html`
        <p><button class="main" disabled=${!name || taken} onClick=${onKeep}><${Icon} name="add" />Add as a slider</button>
          ${(!name || taken) && html` <span class="quiet">${taken ? `There is a slider “${titled(name)}” already; give this one another name.`
            : "Give it a name first."}</span>`}</p>`}
    </div>`;
}

const Stations = ({ sheet }) => html`
  <figure>
    <ol class="stations">${STATIONS.map((at, i) => html`
      <li><${SheetCell} sheet=${sheet} index=${i} /><span>${at ? `${signed(at, 0)} σ` : "now"}</span></li>`)}</ol>
    <figcaption>The current image along the direction, with nothing held.</figcaption>
  </figure>`;

function finding({ accuracy: { value, low, high }, auc }) {
  const percent = (part) => Math.round(100 * part);
  return `Right in ${percent(value)} % of labelled images that were held out `
    + `(95 % interval ${percent(low)} to ${percent(high)} %)`
    + (auc ? `; AUC ${share(auc.value)} (${share(auc.low)} to ${share(auc.high)}).` : ".");
}
