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
 *   due: the scores shown are those of an earlier request; late: they have been so for too long
 */
const view = () => ({
  shown: signal(null), scores: signal(null), problem: signal(""), waiting: signal(true), requested: 0, due: false, late: false, timer: null,
});

export const now = view();
export const before = view();

/** The least change of a score that is put into words. */
export const NOTICEABLE = 0.1;
/** Milliseconds that scores stand for an image that they do not belong to: a slider that is dragged leaves no gaps. */
const LATE = 1500;

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
    if (connection.value !== "open") [now, before].filter(({ due }) => due).forEach(dropScores);
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

/** The scores of an old image do not describe a new one. */
function dropScores(view) {
  view.scores.value = null;
  view.late = true;
}

function follow(view, slot, text, model) {
  if (!model) return;
  const began = cause.at;
  const number = ++view.requested;
  // Images that come while a newer one is due are shown, but do not end the waiting.
  const done = () => { if (number === view.requested) view.waiting.value = false; };
  view.waiting.value = true;
  view.due = true;
  view.late = false;
  clearTimeout(view.timer);
  view.timer = setTimeout(() => dropScores(view), LATE);
  if (connection.peek() !== "open") dropScores(view);
  request(slot, { kind: "image", scene: JSON.parse(text), scores: true }, {
    image: (bitmap, { width, height }) => batch(() => {
      view.shown.peek()?.bitmap.close();
      view.shown.value = { bitmap, width, height, cause: began };
      view.problem.value = "";
      done();
    }),
    facts: ({ scores }) => {
      if (number === view.requested) {
        clearTimeout(view.timer);
        view.due = false;
      } else if (view.late) return;
      view.scores.value = scores ?? null;
    },
    failed: (message) => batch(() => {
      view.problem.value = message;
      dropScores(view);
      done();
    }),
  });
}
