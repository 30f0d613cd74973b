/** Draws the map: points in the colours of a score, and pictures where there is room for them. */
import { project } from "./camera.js";

/** Low to high, even steps to the eye and to colour-blind eyes; readable on light and on dark paper. */
const LIGHT = ["#c9b458", "#7fa65a", "#3f8f76", "#2f6f8f", "#3b4a8c", "#3a2a6d"];
const DARK = ["#5a4fa0", "#4a78b5", "#3f9e9e", "#6fbf7f", "#bcd65f", "#f6e77f"];
export const PICTURE = 32;
const COLUMNS = 40;
/** Closer than this much, pictures take the place of points. */
const PICTURES_FROM = 2;

export const colorsOf = (dark) => (dark ? DARK : LIGHT);

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{map: object, camera: import("./camera.js").Camera, size: import("./camera.js").Size, scores: number[]|null,
 *   sprite: ImageBitmap|null, marked: number, hovered: number, dark: boolean, ink: string, accent: string, aimed: boolean}} view
 */
export function drawMap(context, { map, camera, size, scores, sprite, marked, hovered, dark, ink, accent, aimed }) {
  context.clearRect(0, 0, size.width, size.height);
  const colors = colorsOf(dark);
  const zoom = camera.scale / camera.fit;
  const radius = Math.min(6, 2.4 * Math.sqrt(zoom));
  const side = Math.min(72, 20 * Math.sqrt(zoom / PICTURES_FROM) * 1.4);
  const room = sprite && zoom >= PICTURES_FROM ? new Set() : null;
  const spots = [];

  for (let i = 0; i < map.x.length; i++) {
    const [x, y] = project(camera, size, map.x[i], map.y[i]);
    if (x < -side || y < -side || x > size.width + side || y > size.height + side) continue;
    // A picture only where no other has been put: one for each field of a grid.
    const field = room && `${Math.floor(x / side)} ${Math.floor(y / side)}`;
    if (room && !room.has(field) && room.size < 400) {
      room.add(field);
      spots.push([i, x, y]);
      continue;
    }
    context.fillStyle = scores ? colors[Math.min(colors.length - 1, Math.floor((scores[i] / 100) * colors.length))] : accent;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }
  for (const [i, x, y] of spots) {
    const cell = sprite.width / COLUMNS;
    context.fillStyle = scores ? colors[Math.min(colors.length - 1, Math.floor((scores[i] / 100) * colors.length))] : accent;
    context.fillRect(x - side / 2 - 2, y - side / 2 - 2, side + 4, side + 4);
    context.drawImage(sprite, (i % COLUMNS) * cell, Math.floor(i / COLUMNS) * cell, cell, cell, x - side / 2, y - side / 2, side, side);
  }
  for (const [i, width] of [[marked, 3], [hovered, 2]]) {
    if (i < 0) continue;
    const [x, y] = project(camera, size, map.x[i], map.y[i]);
    context.strokeStyle = ink;
    context.lineWidth = width;
    context.beginPath();
    context.arc(x, y, room && spots.some(([k]) => k === i) ? side * 0.75 : radius + 4, 0, 2 * Math.PI);
    context.stroke();
  }
  if (aimed) {
    context.strokeStyle = ink;
    context.lineWidth = 1.5;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(size.width / 2 + 6 * dx, size.height / 2 + 6 * dy);
      context.lineTo(size.width / 2 + 16 * dx, size.height / 2 + 16 * dy);
    }
    context.stroke();
  }
}
