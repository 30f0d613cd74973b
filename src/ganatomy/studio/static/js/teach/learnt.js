/** What the marks have taught: how well it holds on images it was not shown, and how it looks on the current one. */
import { Icon } from "../icons.js";
import { SheetCell } from "../sheets.js";
import { html } from "../view.js";
import { sentence, share, signed, titled } from "../words.js";
import { ENOUGH } from "./marked.js";

/** Standard deviations at which the current image is shown. */
const STATIONS = [-2, -1, 0, 1, 2];
/** Marks of each kind from which on the server draws the strip. */
const FOR_STRIP = 2;

/**
 * @param {{teach: object, answer: ReturnType<import("../sheets.js").useSheet>, taken: boolean, onKeep: () => void}} props
 *   taken: whether another slider is called so already
 */
export function Learnt({ teach, answer, taken, onKeep }) {
  const { sheet, told, problem, waiting } = answer;
  const taught = told.taught;
  const marks = Math.min(teach.yes.length, teach.no.length);
  const enough = taught?.accuracy && marks >= ENOUGH;
  const drawn = sheet && marks >= FOR_STRIP;
  const learning = waiting && marks >= FOR_STRIP;
  const name = teach.name.trim();
  return html`
    <div class="learnt" aria-busy=${learning}>
      <h2>${name || "Your direction"}</h2>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${drawn ? html`<${Stations} sheet=${sheet} />` : learning ? html`<p>Learning …</p>` : html`
        <p>Mark five images that have it and five that do not. After two of each you see here what it does to your
          image; after five of each, how well it holds.</p>`}
      <p role="status">${enough && html`<b>${finding(taught)}</b>`} ${taught && (drawn || !learning) && sentence(taught.advice)}</p>
      ${enough && html`
        <p><button class="main" disabled=${!name || taken} onClick=${onKeep}><${Icon} name="add" />Keep as a slider</button>
          ${(!name || taken) && html` <span class="quiet">${taken ? `There is a slider “${titled(name)}” already; give this one another name.`
            : "Give it a name first."}</span>`}</p>`}
    </div>`;
}

const Stations = ({ sheet }) => html`
  <figure>
    <ol class="stations">${STATIONS.map((at, i) => html`
      <li><${SheetCell} sheet=${sheet} index=${i} /><span>${at ? `${signed(at, 0)} σ` : "now"}</span></li>`)}</ol>
    <figcaption>The current image along it, with nothing held.</figcaption>
  </figure>`;

function finding({ accuracy: [value, low, high], auc }) {
  const percent = (part) => Math.round(100 * part);
  return `Right in ${percent(value)} % of marked images that it was not taught with `
    + `(95 % interval ${percent(low)} to ${percent(high)} %)`
    + (auc ? `; AUC ${share(auc[0])} (${share(auc[1])} to ${share(auc[2])}).` : ".");
}
