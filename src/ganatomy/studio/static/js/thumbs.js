/**
 * Small pictures, wherever the page shows some: they are asked for in sheets, kept, and drawn when they come. Only one
 * sheet is under way, and the next holds whatever is on the page by then.
 */
import { ask } from "./live.js";
import { connected, model } from "./models.js";
import { effect, html, signal, useEffect, useRef } from "./view.js";

/** In one sheet; few enough that the first appear soon. */
const AT_ONCE = 24;
/** Kept in memory; about 50 kB each. */
const MOST_KEPT = 400;
const COLUMNS = 6;
const LARGEST = 112;

/** @type {Map<string, ImageBitmap>} oldest first */
const kept = new Map();
/** @type {Map<string, Set<(bitmap: ImageBitmap) => void>>} who looks at which scene */
const watchers = new Map();
const refused = new Set();
let busy = false;
let generation = 0;

export const thumbsProblem = signal("");
export const thumbSize = () => Math.min(LARGEST, model.value?.resolution ?? LARGEST);

/** Another model, other pictures. */
export function followThumbs() {
  effect(() => {
    connected.value;
    for (const bitmap of kept.values()) bitmap.close();
    kept.clear();
    refused.clear();
    generation += 1;
    busy = false;
    thumbsProblem.value = "";
    queueMicrotask(fetchSome);
  });
}

/** Calls back with the small picture of a scene, now or when it is there. @returns {() => void} stops it */
function watch(scene, show) {
  const key = JSON.stringify(scene);
  const others = watchers.get(key) ?? new Set();
  watchers.set(key, others.add(show));
  const bitmap = kept.get(key);
  if (bitmap) {
    kept.delete(key);
    kept.set(key, bitmap);
    show(bitmap);
  } else queueMicrotask(fetchSome);
  return () => {
    others.delete(show);
    if (others.size === 0) watchers.delete(key);
  };
}

function fetchSome() {
  const keys = [...watchers.keys()].filter((key) => !kept.has(key) && !refused.has(key)).slice(0, AT_ONCE);
  if (busy || keys.length === 0 || !connected.value) return;
  busy = true;
  const started = generation;
  const finish = () => {
    if (started !== generation) return;
    busy = false;
    fetchSome();
  };
  const scenes = keys.map((key) => JSON.parse(key));
  ask("sheet", { kind: "sheet", scenes, columns: COLUMNS, size: thumbSize(), scores: false }, {
    picture: async (sheet, { columns, ...whole }) => {
      const [width, height] = [whole.width / columns, whole.height / Math.ceil(keys.length / columns)];
      const cells = await Promise.all(keys.map((_, i) =>
        createImageBitmap(sheet, (i % columns) * width, Math.floor(i / columns) * height, width, height)));
      sheet.close();
      if (started !== generation) return cells.forEach((cell) => cell.close());
      cells.forEach((cell, i) => keep(keys[i], cell));
      thumbsProblem.value = "";
      finish();
    },
    failed: (message) => {
      keys.forEach((key) => refused.add(key));
      thumbsProblem.value = message;
      finish();
    },
  });
}

function keep(key, bitmap) {
  kept.get(key)?.close();
  kept.set(key, bitmap);
  watchers.get(key)?.forEach((show) => show(bitmap));
  for (const old of [...kept.keys()].slice(0, Math.max(0, kept.size - MOST_KEPT))) {
    if (watchers.has(old)) continue;
    kept.get(old).close();
    kept.delete(old);
  }
}

/** A small picture; its meaning is told by whatever it stands in. */
export function Thumb({ scene }) {
  const canvas = useRef(null);
  const key = JSON.stringify(scene);
  useEffect(() => watch(scene, (bitmap) => draw(canvas.current, bitmap)), [key, connected.value]);
  return html`<canvas ref=${canvas} class="thumb" width=${thumbSize()} height=${thumbSize()} aria-hidden="true"></canvas>`;
}

function draw(canvas, bitmap) {
  if (!canvas) return;
  if (canvas.width !== bitmap.width) [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  canvas.classList.add("drawn");
}
