/**
 * Small images, wherever the page shows some: they are requested in sheets, kept, and drawn when they come. Only one
 * sheet is under way, and the next holds whatever is on the page by then.
 */
import { request } from "./live.js";
import { connected, model, prepared } from "./models.js";
import { effect, html, signal, useEffect, useRef } from "./view.js";

/** In one sheet; few enough that the first appear soon. */
const AT_ONCE = 24;
/** Kept in memory; about 50 kB each. */
const MOST_KEPT = 400;
const COLUMNS = 6;
const LARGEST = 112;

/** @type {Map<string, ImageBitmap>} oldest first */
const kept = new Map();
/** @type {Map<string, Set<(bitmap: ImageBitmap|null) => void>>} the callbacks for each scene; null where there is no image */
const watchers = new Map();
/** @type {Map<string, string>} scenes that have no image, and why */
const refused = new Map();
/** Of a sheet that failed: requested one by one, since a single bad scene spoils a sheet. */
const doubtful = new Set();
let busy = false;
let generation = 0;

export const thumbsProblem = signal("");
export const thumbSize = () => Math.min(LARGEST, model.value?.resolution ?? LARGEST);

/** Another model, other images. */
export function followThumbs() {
  effect(() => {
    connected.value;
    for (const bitmap of kept.values()) bitmap.close();
    kept.clear();
    generation += 1;
    busy = false;
  });
  // Scenes that failed without the panel are requested again when it comes.
  effect(() => {
    connected.value;
    prepared.value;
    refused.clear();
    doubtful.clear();
    queueMicrotask(fetchSome);
  });
}

/** Calls back with the small image of a scene, now or when it is there. @returns {() => void} stops it */
function watch(scene, show) {
  const key = JSON.stringify(scene);
  const others = watchers.get(key) ?? new Set();
  watchers.set(key, others.add(show));
  const bitmap = kept.get(key);
  if (bitmap) {
    kept.delete(key);
    kept.set(key, bitmap);
    show(bitmap);
  } else if (refused.has(key)) show(null);
  queueMicrotask(fetchSome);
  return () => {
    others.delete(show);
    if (others.size === 0) watchers.delete(key);
    queueMicrotask(showProblem);
  };
}

/** Why one of those on the page is missing. */
function showProblem() {
  thumbsProblem.value = [...watchers.keys()].map((key) => refused.get(key)).find(Boolean) ?? "";
}

function fetchSome() {
  showProblem();
  const missing = [...watchers.keys()].filter((key) => !kept.has(key) && !refused.has(key));
  const trusted = missing.filter((key) => !doubtful.has(key));
  const keys = trusted.length > 0 ? trusted.slice(0, AT_ONCE) : missing.slice(0, 1);
  if (busy || keys.length === 0 || !connected.value) return;
  busy = true;
  const started = generation;
  const finish = () => {
    if (started !== generation) return;
    busy = false;
    fetchSome();
  };
  const scenes = keys.map((key) => JSON.parse(key));
  request("sheet", { kind: "sheet", scenes, columns: COLUMNS, size: thumbSize(), scores: false }, {
    image: async (sheet, { columns, ...whole }) => {
      const [width, height] = [whole.width / columns, whole.height / Math.ceil(keys.length / columns)];
      const cells = await Promise.all(keys.map((_, i) =>
        createImageBitmap(sheet, (i % columns) * width, Math.floor(i / columns) * height, width, height)));
      sheet.close();
      if (started !== generation) return cells.forEach((cell) => cell.close());
      cells.forEach((cell, i) => keep(keys[i], cell));
      finish();
    },
    failed: (message) => {
      if (keys.length > 1) keys.forEach((key) => doubtful.add(key));
      else refuse(keys[0], message);
      finish();
    },
  });
}

function refuse(key, message) {
  refused.set(key, message);
  watchers.get(key)?.forEach((show) => show(null));
}

function keep(key, bitmap) {
  doubtful.delete(key);
  kept.get(key)?.close();
  kept.set(key, bitmap);
  watchers.get(key)?.forEach((show) => show(bitmap));
  for (const old of [...kept.keys()].slice(0, Math.max(0, kept.size - MOST_KEPT))) {
    if (watchers.has(old)) continue;
    kept.get(old).close();
    kept.delete(old);
  }
}

/**
 * A small image; the element around it has the label.
 * @param {{scene: object, onDrawn?: () => void}} props
 */
export function Thumb({ scene, onDrawn }) {
  const canvas = useRef(null);
  const key = JSON.stringify(scene);
  useEffect(() => watch(scene, (bitmap) => {
    if (!canvas.current) return;
    draw(canvas.current, bitmap);
    if (bitmap) onDrawn?.();
  }), [key, connected.value]);
  return html`<canvas ref=${canvas} class="thumb" width=${thumbSize()} height=${thumbSize()} aria-hidden="true"></canvas>`;
}

function draw(canvas, bitmap) {
  canvas.classList.toggle("missing", !bitmap);
  if (!bitmap) return;
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  canvas.classList.add("drawn");
}
