/** Draws the map: points in the colours of a score, and images where there is room for them. */
import { project } from "./camera.js";

/** Low to high in even steps, also to colour-blind eyes; each stands out from light or from dark paper. */
const ON_LIGHT = ["#c9b458", "#7fa65a", "#3f8f76", "#2f6f8f", "#3b4a8c", "#3a2a6d"];
const ON_DARK = ["#6a60b0", "#4a78b5", "#3f9e9e", "#6fbf7f", "#bcd65f", "#f6e77f"];
/** Pixels of an image in the sprite, and images in its rows. */
export const IMAGE = 32;
const COLUMNS = 40;
/** Pixels of an image on the whole map, and the room that each has for itself and the points around it. */
const SMALL = 22;
const ROOM = 1.7;
const MOST_IMAGES = 400;

export const colorsOf = (dark) => (dark ? ON_DARK : ON_LIGHT);
/** Of classes, of which every image has one. */
export const classColor = (index, count, dark) => `hsl(${Math.round((360 * index) / count)} 65% ${dark ? 65 : 42}%)`;

/**
 * @typedef {Object} MapLook
 * @property {{x: number[], y: number[]}} map
 * @property {import("./camera.js").Camera} camera
 * @property {import("./camera.js").Size} size
 * @property {number[]|null} scores   percents
 * @property {number[]|null} classes  of each image, in place of scores
 * @property {number} count           of classes
 * @property {ImageBitmap|null} sprite
 * @property {number} current   the point of the current image, or -1
 * @property {number} pointed   the point under the pointer, or -1
 * @property {boolean} dark
 * @property {boolean} aimed    with a cross in the middle, while keys move the map
 */

/** @param {HTMLCanvasElement} canvas @param {MapLook} look */
export function drawMap(canvas, look) {
  const { map, camera, size, sprite, current, pointed } = look;
  const context = sharp(canvas, size);
  const style = getComputedStyle(canvas);
  const colors = colorsOf(look.dark);
  const colorOf = (i) => (look.classes ? classColor(look.classes[i], look.count, look.dark) : look.scores ? colors[Math.min(colors.length - 1, Math.floor((look.scores[i] / 100) * colors.length))]
    : style.getPropertyValue("accent-color"));
  const zoom = camera.scale / camera.fit;
  const radius = Math.min(6, 2.6 * Math.sqrt(zoom));
  const side = Math.min(72, SMALL * Math.sqrt(zoom)), room = side * ROOM;
  const images = new Map();
  const drawn = new Set();

  for (let i = 0; i < map.x.length; i++) {
    const [x, y] = project(camera, size, map.x[i], map.y[i]);
    if (x < -side || y < -side || x > size.width + side || y > size.height + side) continue;
    // An image only where no other has been put: one for each field of a grid.
    const field = `${Math.floor(x / room)} ${Math.floor(y / room)}`;
    if (sprite && !images.has(field) && images.size < MOST_IMAGES) {
      images.set(field, [i, x, y]);
      drawn.add(i);
    } else dot(context, x, y, radius, colorOf(i));
  }
  for (const [i, x, y] of images.values()) {
    context.fillStyle = colorOf(i);
    context.fillRect(x - side / 2 - 2, y - side / 2 - 2, side + 4, side + 4);
    const cell = sprite.width / COLUMNS;
    context.drawImage(sprite, (i % COLUMNS) * cell, Math.floor(i / COLUMNS) * cell, cell, cell,
      x - side / 2, y - side / 2, side, side);
  }
  context.strokeStyle = style.color;
  for (const [i, width] of [[current, 3], [pointed, 2]]) {
    if (i < 0 || i >= map.x.length) continue;
    context.lineWidth = width;
    const [x, y] = project(camera, size, map.x[i], map.y[i]);
    if (drawn.has(i)) context.strokeRect(x - side / 2 - 2, y - side / 2 - 2, side + 4, side + 4);
    else ring(context, x, y, radius + 4);
  }
  if (look.aimed) cross(context, size.width / 2, size.height / 2);
}

/** A context in which a unit is a pixel of the page, whatever the screen is made of. */
function sharp(canvas, size) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  return context;
}

function dot(context, x, y, radius, color) {
  context.fillStyle = color;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function ring(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

function cross(context, x, y) {
  context.lineWidth = 1.5;
  context.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + 6 * dx, y + 6 * dy);
    context.lineTo(x + 16 * dx, y + 16 * dy);
  }
  context.stroke();
}
