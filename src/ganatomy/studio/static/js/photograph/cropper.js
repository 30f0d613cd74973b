/** The photograph with the square that is cut out of it: dragged by hand, or moved, resized and turned by keys. */
import { model } from "../models.js";
import { html, useLayoutEffect, useRef } from "../view.js";

/** Shares of the photograph that a key moves the square by, and of the square that a key resizes it by. */
const STEP = 0.01;
const GROWTH = 1.05;
const SMALLEST = 8;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const GROWS = { "+": GROWTH, "=": GROWTH, "-": 1 / GROWTH };
const KEYS = "Arrow keys move it, plus and minus resize it.";

/** @param {{photograph: import("./store.js").Photograph, square: import("./store.js").Square,
 *   onSquare: (square: import("./store.js").Square) => void, disabled: boolean}} props */
export function Cropper({ photograph, square, onSquare, disabled }) {
  const { width, height } = photograph;
  const frame = useRef(null);
  const drag = useRef(null);
  const largest = largestIn(photograph);
  const change = (patch) => onSquare(fitting({ ...square, ...patch }, photograph));

  const at = ({ clientX, clientY }) => {
    const box = frame.current.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * width, ((clientY - box.top) / box.height) * height];
  };
  const begin = (event) => {
    if (disabled) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { from: at(event), square };
  };
  const end = () => { drag.current = null; };
  const move = (event) => {
    if (!drag.current) return;
    const [x, y] = at(event);
    const { from, square: old } = drag.current;
    change({ x: old.x + x - from[0], y: old.y + y - from[1] });
  };
  // The corner keeps its distance from the hand, whichever way the square is turned.
  const resize = (event) => {
    if (!drag.current) return;
    const [x, y] = at(event);
    change({ size: Math.SQRT2 * Math.hypot(x - square.x, y - square.y) });
  };
  const press = (event) => {
    if (disabled || event.ctrlKey || event.metaKey || event.altKey) return;
    const [way, growth] = [MOVES[event.key], GROWS[event.key]];
    if (!way && !growth) return;
    event.preventDefault();
    const step = STEP * Math.min(width, height);
    change(way ? { x: square.x + way[0] * step, y: square.y + way[1] * step } : { size: square.size * growth });
  };
  const place = {
    left: `${(100 * (square.x - square.size / 2)) / width}%`, top: `${(100 * (square.y - square.size / 2)) / height}%`,
    width: `${(100 * square.size) / width}%`, height: `${(100 * square.size) / height}%`, transform: `rotate(${square.turn}deg)`,
  };
  const hands = { onPointerDown: begin, onPointerUp: end, onPointerCancel: end, onKeyDown: press };
  const field = (name, { least, most, step, value }) => html`
    <label>${name}
      <input type="range" min=${least} max=${most} step=${step} value=${value} disabled=${disabled}
        onInput=${(event) => change({ [name.toLowerCase()]: event.currentTarget.valueAsNumber })} /></label>`;
  return html`
    <div class="cropper">
      <div class="frame" ref=${frame} style=${{ "--ratio": width / height }}>
        <img src=${photograph.preview} alt=${`Photograph ${photograph.name}`} draggable="false" />
        <div class="square" style=${place}>
          <button class="whole" aria-label="Square of the face" aria-description=${KEYS} disabled=${disabled}
            onPointerMove=${move} ...${hands}></button>
          <button class="corner" aria-label="Size of the square" aria-description=${KEYS} disabled=${disabled}
            onPointerMove=${resize} ...${hands}></button>
        </div>
      </div>
      <div class="fields">
        ${field("Size", { least: SMALLEST, most: largest, step: 1, value: square.size })}
        ${field("Turn", { least: -45, most: 45, step: 0.5, value: square.turn })}
      </div>
    </div>`;
}

/** What the square holds, small. */
export function Crop({ photograph, square }) {
  const canvas = useRef(null);
  useLayoutEffect(() => {
    const image = new Image();
    image.onload = () => drawCrop(canvas.current, image, photograph, square);
    image.src = photograph.preview;
    return () => { image.onload = null; };
  }, [photograph, square]);
  return html`<canvas ref=${canvas} class="thumb drawn" width="160" height=${Math.round(160 / model.value.ratio)} role="img" aria-label="Crop"></canvas>`;
}

function drawCrop(canvas, image, { width }, { x, y, size, turn }) {
  const [side, height, scale] = [canvas.width, canvas.height, canvas.width / size];
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, side, height);
  context.translate(side / 2, height / 2);
  context.rotate((-turn * Math.PI) / 180);
  context.scale(scale, scale);
  context.translate(-x, -y);
  const shown = width / image.naturalWidth;
  context.scale(shown, shown);
  context.drawImage(image, 0, 0);
}

const largestIn = ({ width, height }) => Math.max(SMALLEST, Math.round(2 * Math.min(width, height)));

/** Its middle stays in the photograph. */
function fitting({ x, y, size, turn }, photograph) {
  const within = (value, most) => Math.min(most, Math.max(0, value));
  return {
    x: within(x, photograph.width), y: within(y, photograph.height), turn,
    size: Math.min(largestIn(photograph), Math.max(SMALLEST, size)),
  };
}
