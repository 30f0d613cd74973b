/** The image now over the image before; a range laid over both swipes from one to the other. */
import { now, before } from "../images.js";
import { swiped } from "../panes.js";
import { html, useRef, useSignalEffect } from "../view.js";
import { Heat } from "./heat.js";

const MEASURE = "slider-to-image";
/** The browser keeps all measures unless they are cleared. */
const MOST_MEASURES = 500;
/** Pixels that a drawn image has at least. */
const SHARP = 256;
let measures = 0;

export function Compare() {
  return html`
    <div class="compare" style=${{ "--swiped": `${swiped.value}%` }} aria-busy=${now.waiting}>
      <${Image} view=${now} name="Image now" onShown=${measure} />
      <${Image} view=${before} name="Image before" />
      <${Heat} />
      ${!now.shown.value && html`<p class="loading">${now.problem.value ? "No image" : "Drawing the image …"}</p>`}
      <span class="side left" aria-hidden="true">Before</span>
      <span class="side right" aria-hidden="true">Now</span>
      <input type="range" min="0" max="100" value=${swiped.value} aria-label="Swipe between before and now"
        aria-valuetext=${`${swiped.value} percent of the image before`} disabled=${!now.shown.value}
        onInput=${(event) => { swiped.value = event.currentTarget.valueAsNumber; }} />
      <span class="handle" aria-hidden="true"></span>
    </div>
    ${now.problem.value && html`<p class="problem" role="alert">${now.problem}</p>`}`;
}

/** A canvas that follows a view without a pass through the page's tree: what counts here is time. */
function Image({ view, name, onShown }) {
  const canvas = useRef(null);
  useSignalEffect(() => {
    const shown = view.shown.value;
    if (!shown || !canvas.current) return;
    const { bitmap, width, height, cause } = shown;
    // Small images are enlarged here, more sharply than the page would do it.
    const scale = Math.max(1, Math.ceil(SHARP / width)), side = [scale * width, scale * height];
    if (canvas.current.width !== side[0]) canvas.current.width = side[0];
    if (canvas.current.height !== side[1]) canvas.current.height = side[1];
    const context = canvas.current.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, ...side);
    onShown?.(cause);
  });
  return html`<canvas ref=${canvas} class=${view === before ? "before" : "now"} role="img" aria-label=${name}></canvas>`;
}

function measure(cause) {
  if (cause === null) return;
  if (++measures % MOST_MEASURES === 0) performance.clearMeasures(MEASURE);
  performance.measure(MEASURE, { start: cause, end: performance.now() });
}
