/** Where the image changed: the size of the change of each pixel, over the image now. */
import { before, now } from "../images.js";
import { difference } from "../panes.js";
import { html, useRef, useSignalEffect } from "../view.js";

/** Colour of the largest change, and its share of the range of values. */
const [RED, GREEN, BLUE] = [230, 60, 20];
const FULL = 0.35;

export function Heat() {
  const canvas = useRef(null);
  useSignalEffect(() => {
    const [was, is] = [before.shown.value, now.shown.value];
    if (!difference.value || !was || !is || !canvas.current) return;
    const { width, height } = is;
    const [a, b] = [was, is].map(({ bitmap }) => pixels(bitmap, width, height));
    const heat = new ImageData(width, height);
    for (let at = 0; at < a.length; at += 4) {
      const change = (Math.abs(a[at] - b[at]) + Math.abs(a[at + 1] - b[at + 1]) + Math.abs(a[at + 2] - b[at + 2])) / 765;
      heat.data.set([RED, GREEN, BLUE, Math.min(230, (255 * change) / FULL)], at);
    }
    Object.assign(canvas.current, { width, height }).getContext("2d").putImageData(heat, 0, 0);
  });
  return html`<canvas ref=${canvas} class="heat" hidden=${!difference.value} aria-hidden="true"></canvas>`;
}

function pixels(bitmap, width, height) {
  const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}
