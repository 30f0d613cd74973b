/** Plays a sheet of frames; the line below says how fast the picture changes, and where it jumps. */
import { Icon } from "../icons.js";
import { html, useEffect, useRef, useState } from "../view.js";

const RATE = 24;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {{film: object|null, waiting: boolean, closed: boolean}} props */
export function Player({ film, waiting, closed }) {
  const canvas = useRef(null);
  const [frame, setFrame] = useState(0);
  const [playing, setPlaying] = useState(!CALM.matches);
  const count = film?.count ?? 0;

  useEffect(() => {
    if (!film) return;
    const [width, height] = [film.width / film.columns, film.height / Math.ceil(count / film.columns)];
    const at = Math.min(frame, count - 1);
    if (canvas.current.width !== width) [canvas.current.width, canvas.current.height] = [width, height];
    canvas.current.getContext("2d").drawImage(film.bitmap, (at % film.columns) * width, Math.floor(at / film.columns) * height, width, height, 0, 0, width, height);
  }, [film, frame]);

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

  return html`
    <div class="player">
      <div class="screen"><canvas ref=${canvas} role="img" aria-label="The film"></canvas>${waiting && html`<p class="loading"><progress aria-label="Drawing the film"></progress> Drawing the film …</p>`}</div>
      <div class="transport">
        <button aria-label=${playing ? "Pause" : "Play"} disabled=${!film} onClick=${() => setPlaying(!playing)}><${Icon} name=${playing ? "pause" : "play"} /></button>
        <input type="range" min="0" max=${Math.max(0, count - 1)} value=${Math.min(frame, Math.max(0, count - 1))} aria-label="Frame" aria-valuetext=${`Frame ${frame + 1} of ${count}`}
          onInput=${(event) => { setPlaying(false); setFrame(event.currentTarget.valueAsNumber); }} />
        <output>${Math.min(frame + 1, count)} / ${count}</output>
      </div>
      ${film?.speed && html`<${Speed} speed=${film.speed} sharp=${film.sharp ?? []} at=${count > 1 ? frame / (count - 1) : 0} />`}
    </div>`;
}

function Speed({ speed, sharp, at }) {
  const top = Math.max(...speed, 1e-9);
  const x = (i) => (100 * i) / Math.max(1, speed.length - 1);
  const line = speed.map((value, i) => `${i ? "L" : "M"}${x(i).toFixed(2)} ${(30 - (28 * value) / top).toFixed(2)}`).join("");
  const words = sharp.length ? `It changes sharply at frame ${sharp.map((i) => i + 1).join(", ")}.` : "It changes evenly.";
  return html`<figure class="speed"><svg viewBox="0 0 100 32" preserveAspectRatio="none" role="img" aria-label=${`How fast the picture changes. ${words}`}>
      ${sharp.map((i) => html`<line class="sharp" x1=${x(i)} x2=${x(i)} y1="0" y2="32" />`)}
      <path d=${line} /><line class="head" x1=${100 * at} x2=${100 * at} y1="0" y2="32" /></svg>
    <figcaption>How fast the picture changes. ${words}</figcaption></figure>`;
}
