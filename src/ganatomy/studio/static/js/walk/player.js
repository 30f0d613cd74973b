/** Plays a sheet of frames; the line below shows how fast the image changes, and where it jumps. */
import { Icon } from "../icons.js";
import { drawCell } from "../sheets.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../view.js";

/** Frames in a second. */
export const RATE = 24;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {{film: import("../sheets.js").Sheet|null, waiting: boolean, closed: boolean}} props */
export function Player({ film, waiting, closed }) {
  const canvas = useRef(null);
  const [wanted, setFrame] = useState(0);
  const [playing, setPlaying] = useState(!CALM.matches);
  const count = film?.count ?? 0;
  const frame = Math.max(0, Math.min(wanted, count - 1));

  // At once, for the sheet is closed when the next one comes.
  useLayoutEffect(() => { if (film) drawCell(canvas.current, film, frame); }, [film, frame]);

  useEffect(() => {
    if (!film || !playing) return undefined;
    // An open walk goes back the way it came, so that it does not jump.
    let step = 1;
    const timer = setInterval(() => setFrame((old) => {
      if (closed) return (old + 1) % count;
      if (old + step < 0 || old + step >= count) step = -step;
      return Math.max(0, Math.min(count - 1, old + step));
    }), 1000 / RATE);
    return () => clearInterval(timer);
  }, [film, playing, closed]);

  const scrub = (event) => {
    setPlaying(false);
    setFrame(event.currentTarget.valueAsNumber);
  };
  return html`
    <div class="player">
      <div class="screen">
        <canvas ref=${canvas} role="img" aria-label="The film"></canvas>
        ${waiting && html`<p class="loading"><progress aria-label="Drawing the film"></progress> Drawing the film …</p>`}
      </div>
      <div class="transport">
        <button aria-label=${playing ? "Pause" : "Play"} disabled=${!film} onClick=${() => setPlaying(!playing)}>
          <${Icon} name=${playing ? "pause" : "play"} /></button>
        <input type="range" min="0" max=${Math.max(0, count - 1)} value=${frame} aria-label="Frame"
          aria-valuetext=${`Frame ${frame + 1} of ${count}`} onInput=${scrub} />
        <output>${count ? frame + 1 : 0} / ${count}</output>
      </div>
      ${film?.speed && html`<${Speed} speed=${film.speed} sharp=${film.sharp ?? []} at=${count > 1 ? frame / (count - 1) : 0} />`}
    </div>`;
}

function Speed({ speed, sharp, at }) {
  const top = Math.max(...speed, 1e-9);
  const x = (i) => (100 * i) / Math.max(1, speed.length - 1);
  const line = speed.map((value, i) => `${i ? "L" : "M"}${x(i).toFixed(2)} ${(30 - (28 * value) / top).toFixed(2)}`).join("");
  const words = sharp.length ? `It changes sharply at frame ${sharp.map((i) => i + 1).join(", ")}.` : "It changes evenly.";
  const upright = (place, kind) => html`<line class=${kind} x1=${place} x2=${place} y1="0" y2="32" />`;
  return html`
    <figure class="speed">
      <svg viewBox="0 0 100 32" preserveAspectRatio="none" role="img" aria-label=${`How fast the image changes. ${words}`}>
        ${sharp.map((i) => upright(x(i), "sharp"))}<path d=${line} />${upright(100 * at, "head")}
      </svg>
      <figcaption>How fast the image changes. ${words}</figcaption>
    </figure>`;
}
