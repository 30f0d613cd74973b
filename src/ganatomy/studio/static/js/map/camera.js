/**
 * What part of the map is seen: a centre in the map's own units and a scale in pixels for each of them. Cameras are
 * values; each function gives a new one.
 *
 * @typedef {{x: number, y: number, scale: number, fit: number}} Camera   fit: the scale at which the whole map is seen
 * @typedef {{width: number, height: number}} Size
 */

const CLOSEST = 40;
const MARGIN = 1.08;

/** The whole map. @param {{x: number[], y: number[]}} map @param {Size} size @returns {Camera} */
export function whole(map, size) {
  const [left, right] = ends(map.x);
  const [low, high] = ends(map.y);
  const scale = Math.min(size.width / ((right - left || 1) * MARGIN), size.height / ((high - low || 1) * MARGIN));
  return { x: (left + right) / 2, y: (low + high) / 2, scale, fit: scale };
}

/** From the map to the screen; y goes up on a map. */
export const project = (camera, size, x, y) =>
  [size.width / 2 + (x - camera.x) * camera.scale, size.height / 2 - (y - camera.y) * camera.scale];

/** Moved by pixels. */
export const panned = (camera, dx, dy) => ({ ...camera, x: camera.x - dx / camera.scale, y: camera.y + dy / camera.scale });

/** Closer by a factor, with the point under (px, py) staying where it is. */
export function zoomed(camera, size, factor, px = size.width / 2, py = size.height / 2) {
  const scale = Math.min(camera.fit * CLOSEST, Math.max(camera.fit * 0.8, camera.scale * factor));
  const [dx, dy] = [px - size.width / 2, size.height / 2 - py];
  return { ...camera, scale, x: camera.x + dx / camera.scale - dx / scale, y: camera.y + dy / camera.scale - dy / scale };
}

/** The point nearest to a place of the screen, within so many pixels; its index or -1. */
export function nearest(map, camera, size, px, py, within = 24) {
  let [best, least] = [-1, within ** 2];
  for (let i = 0; i < map.x.length; i++) {
    const [x, y] = project(camera, size, map.x[i], map.y[i]);
    const distance = (x - px) ** 2 + (y - py) ** 2;
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}

const ends = (values) => values.reduce(
  ([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
