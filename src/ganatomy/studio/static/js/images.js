/** The two images that the page is about, before and now, with their scores: they follow the state. */
import { connection, request } from "./live.js";
import { connected, prepared } from "./models.js";
import { beforeText, sceneText } from "./scenes.js";
import { cause } from "./state.js";
import { batch, computed, effect, signal } from "./view.js";

/**
 * @typedef {{bitmap: import("./decode.js").Image, width: number, height: number, cause: number|null}} Shown
 *   cause: when the event happened that led to it
 */
/**
 * @returns a place for an image, with its scores and what became of the last request
 *   moves: of the image that the scores belong to; whatever is said of them is said of that image
 *   drawnClass: of the image of a seed, where the model has classes
 *   due: whether a newer image, or its scores, are still to come
 */
const view = () => ({
  shown: signal(null), scores: signal(null), moves: signal({}), drawnClass: signal(null), problem: signal(""), waiting: signal(true), due: signal(true), requested: 0,
});

export const now = view();
export const before = view();

/** The least change of a score that is put into words. */
export const NOTICEABLE = 0.1;

/** Scores that changed, most first: [name, change]. */
export const changed = computed(() => {
  const [was, is] = [before.scores.value, now.scores.value];
  if (!was || !is) return [];
  return Object.keys(is).map((name) => [name, is[name] - was[name]])
    .filter(([, by]) => Math.abs(by) >= NOTICEABLE).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
});

export function followScene() {
  effect(() => {
    connected.value;
    for (const view of [now, before]) clear(view);
  });
  effect(() => follow(now, "edit", sceneText.value, connected.value, prepared.value));
  effect(() => follow(before, "before", beforeText.value, connected.value, prepared.value));
  effect(() => {
    if (connection.value !== "open") for (const { due, scores } of [now, before]) if (due.peek()) scores.value = null;
  });
}

function clear(view) {
  batch(() => {
    view.shown.peek()?.bitmap.close();
    view.shown.value = null;
    view.scores.value = null;
    view.problem.value = "";
  });
}

function follow(view, slot, text, model) {
  if (!model) return;
  const began = cause.at;
  const number = ++view.requested;
  // Images that come while a newer one is due are shown, but do not end the waiting.
  const done = () => { if (number === view.requested) view.waiting.value = false; };
  const scene = JSON.parse(text);
  batch(() => { view.waiting.value = view.due.value = true; });
  if (connection.peek() !== "open") view.scores.value = null;
  request(slot, { kind: "image", scene, scores: true }, {
    image: (bitmap, { width, height }) => batch(() => {
      view.shown.peek()?.bitmap.close();
      view.shown.value = { bitmap, width, height, cause: began };
      view.problem.value = "";
      done();
    }),
    facts: ({ scores, class: drawnClass }) => batch(() => {
      view.scores.value = scores ?? null;
      view.drawnClass.value = drawnClass ?? null;
      view.moves.value = scene.moves;
      if (number === view.requested) view.due.value = false;
    }),
    failed: (message) => batch(() => {
      view.problem.value = message;
      view.scores.value = null;
      done();
    }),
  });
}
