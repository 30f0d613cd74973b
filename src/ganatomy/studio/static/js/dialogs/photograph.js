/** A photograph: chosen or taken, its square adjusted, and its codes found while one looks on. */
import { openFile } from "../files.js";
import { Icon } from "../icons.js";
import { notice, photographOpen } from "../panes.js";
import { Crop, Cropper } from "../photograph/cropper.js";
import { budget, coming, findCodes, forget, photograph, problem, progress, square, stop } from "../photograph/store.js";
import { html, useEffect, useLayoutEffect, useRef } from "../view.js";
import { sentence } from "../words.js";
import { Dialog } from "./dialog.js";

const BUDGETS = { quick: "Quick", balanced: "Balanced", best: "Best" };
const PRIVATE = "It stays in the memory of the studio until you forget it; recipes and links do not contain it.";
/** What is learnt about a new model before its first photograph. */
const LEARNING = "Preparing the model for photographs (only once)";

export const PhotographDialog = () => html`
  <${Dialog} open=${photographOpen} title="Photograph">
    <${Leaving} />
    ${photograph.value ? html`<${Adjust} />` : html`<p>Choose a photograph: latent codes are found whose image is like it,
      and every slider then edits it. ${PRIVATE}</p>`}
    ${notice.value && html`<p class=${notice.value.kind} role="status">${notice.value.text}</p>`}
    <${Choose} again=${photograph.value !== null} />
  <//>`;

/** Codes that nobody waits for are not looked for. */
function Leaving() {
  useEffect(() => stop, []);
  return null;
}

function Choose({ again }) {
  const open = (event) => {
    const [file] = event.currentTarget.files;
    event.currentTarget.value = "";
    if (file) openFile(file);
  };
  const input = (name, icon, rest) => html`
    <label class="button"><${Icon} name=${icon} />${name}
      <input class="unseen" type="file" accept="image/*" onChange=${open} ...${rest} /></label>`;
  return html`
    <p class="again">
      ${input(again ? "Choose another photograph" : "Choose a photograph", "open", {})}
      <span class="camera">${input("Take one", "photograph", { capture: "user" })}</span>
      ${again ? html`<button class="plain" onClick=${forget}>Forget the photograph</button>`
        : html`<span class="quiet drop">or drop it anywhere on the page.</span>`}
    </p>`;
}

function Adjust() {
  const { squares, notes } = photograph.value;
  const running = progress.value !== null;
  return html`
    ${notes.map((note) => html`<p class="quiet">${sentence(note)}</p>`)}
    <div class="adjust">
      <${Cropper} photograph=${photograph.value} square=${square.value} disabled=${running}
        onSquare=${(next) => { square.value = next; }} />
      <div class="results">
        <figure><${Crop} photograph=${photograph.value} square=${square.value} /><figcaption>Crop</figcaption></figure>
        <figure><${Coming} /><figcaption>Image of its codes</figcaption></figure>
      </div>
    </div>
    ${squares.length > 1 && html`<${Faces} squares=${squares} disabled=${running} />`}
    ${problem.value && html`<p class="problem" role="alert">${problem}</p>`}
    ${running ? html`<${Running} />` : html`<${Start} />`}
    <p class="quiet">${PRIVATE}</p>`;
}

const Faces = ({ squares, disabled }) => html`
  <div class="holding" role="group" aria-label="Faces">
    ${squares.map((one, index) => html`
      <button class="plain" aria-pressed=${square.value === one} disabled=${disabled}
        onClick=${() => { square.value = one; }}>Face ${index + 1}</button>`)}
  </div>`;

const Start = () => html`
  <p class="start">
    <button class="main" onClick=${findCodes}>Find its codes</button>
    <label class="field-inline">Search
      <select value=${budget.value} onChange=${(event) => { budget.value = event.currentTarget.value; }}>
        ${Object.entries(BUDGETS).map(([value, name]) => html`<option value=${value}>${name}</option>`)}
      </select></label>
  </p>`;

function Running() {
  const { stage, done, total } = progress.value;
  return html`
    <p class="start">
      <button onClick=${stop}>Stop</button>
      <progress aria-label="Finding the codes" value=${done} max=${Math.max(total, 1)}></progress>
      <span class="quiet">${stage === "inversion" ? "Finding the codes" : LEARNING} …</span>
    </p>`;
}

/** What the model makes of the codes so far. */
function Coming() {
  const canvas = useRef(null);
  const bitmap = coming.value;
  useLayoutEffect(() => {
    if (!bitmap) return;
    const [width, height] = [bitmap.displayWidth ?? bitmap.width, bitmap.displayHeight ?? bitmap.height];
    if (canvas.current.width !== width || canvas.current.height !== height) [canvas.current.width, canvas.current.height] = [width, height];
    canvas.current.getContext("2d").drawImage(bitmap, 0, 0);
  }, [bitmap]);
  return html`<canvas ref=${canvas} class="thumb drawn" width="64" height="64" role="img"
    aria-label="Image of its codes"></canvas>`;
}
