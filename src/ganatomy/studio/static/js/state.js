/**
 * The one state of the page. Everything that a link must bring back is in it; images, scores and panels are not, for
 * they follow from it. It is replaced, never changed in place.
 *
 * @typedef {{seeds: number[], space?: string} | {values: object, space: string} | {sum: object[]}} Codes
 *   where an image starts from; seeds are drawn in the space of the directions unless they name another one
 * @typedef {{yes: number[], no: number[]}} Labels
 * @typedef {{every: boolean, except: string[]}} Hold   every attribute but these, or none but these
 * @typedef {Object} Edit
 * @property {Codes} codes
 * @property {number|null} psi         truncation psi; null is the default of the model
 * @property {number|null} label       class of a conditional model
 * @property {Object<string, number>} moves   in steps
 * @property {Hold|null} hold          padlocks; null is for each slider what was measured to be cleaner
 * @property {string[]} firm          attributes that are held before all others
 * @property {[number, number]|null} layers   half-open range of layers that moves act on
 * @property {Object<string, Labels>} taught
 * @property {Object<string, object>} own     directions by value, from restored files
 *
 * @typedef {"edit"|"explore"|"walk"|"mix"|"teach"|"evidence"} Tab
 * @typedef {Object} State
 * @property {Tab} tab
 * @property {string|null} model
 * @property {Edit} edit
 * @property {{view: "sheet"|"map", from: number, order: string, color: string}} explore
 *   order: "" in the order of seeds, "+Smiling" most first, "-Smiling" least first
 * @property {{keys: Edit[], method: "lerp"|"slerp"|"spline", frames: number, closed: boolean}} walk
 * @property {{view: "styles"|"sums", rows: number[], columns: number[], layers: [number, number]|null,
 *   baskets: number[][]|null}} mix    null: an example that works
 * @property {{name: string, yes: number[], no: number[]}} teach
 * @property {Edit[]} tray               faces that were kept, at most `MOST_FACES`
 * @property {{at: "A"|"B", other: Edit|null}} variants   the edit that is not shown of two that are compared
 */
import { computed, signal } from "./view.js";

/** @type {Tab[]} */
export const TABS = ["edit", "explore", "walk", "mix", "teach", "evidence"];
export const MOST_SEED = 2 ** 31 - 1;
/** Rows, and columns, of a style mix. */
export const MOST_MIXED = 6;
export const MOST_FACES = 12;

export const HOLD_EVERY = { every: true, except: [] };
export const HOLD_NOTHING = { every: false, except: [] };

export const holds = (hold, name) => hold.every !== hold.except.includes(name);
export const holdsFirmly = ({ firm }, name) => firm.includes(name);
export const holdsEvery = (hold) => hold.every && hold.except.length === 0;

/** The seed of the first image of a model: one in which the first sliders have something to do. */
export const start = { of: () => 0 };

/** @returns {Edit} */
export const freshEdit = (seed = start.of(null)) => ({
  codes: { seeds: [seed] }, psi: null, label: null, moves: {}, hold: null, firm: [], layers: null, taught: {}, own: {},
});

/** @returns {State} */
export const freshState = (model = null) => ({
  tab: "edit",
  model,
  edit: freshEdit(start.of(model)),
  explore: { view: "sheet", from: 0, order: "", color: "" },
  walk: { keys: [], method: "lerp", frames: 48, closed: true },
  mix: {
    view: "styles", rows: [1, 2, 3], columns: [4, 5, 6], layers: null, baskets: null,
  },
  teach: { name: "", yes: [], no: [] },
  tray: [],
  variants: { at: "A", other: null },
});

/** @type {import("@preact/signals").Signal<State>} */
export const state = signal(freshState());

export const tab = computed(() => state.value.tab);
export const edit = computed(() => state.value.edit);
export const moves = computed(() => state.value.edit.moves);

/** When the event happened that caused the last change, to measure the time to its image. */
export const cause = { at: null };

let listener = () => {};
/** Called after each change, with the gesture that it belongs to; history listens. */
export const onChange = (heard) => { listener = heard; };

/**
 * Changes parts of the state.
 * @param {Partial<State>} patch
 * @param {{gesture?: string, event?: Event}} [why] changes of one gesture become one step of the history
 */
export function change(patch, { gesture, event } = {}) {
  cause.at = event?.timeStamp ?? null;
  state.value = { ...state.value, ...patch };
  listener(gesture);
}

const changer = (part) => (patch, why) => change({ [part]: { ...state.value[part], ...patch } }, why);
/** Change one part of the state: the image, or the settings of a tab. */
export const changeEdit = changer("edit");
export const changeExplore = changer("explore");
export const changeWalk = changer("walk");
export const changeMix = changer("mix");
export const changeTeach = changer("teach");

/** Sets one slider; at zero it is gone. */
export function setMove(name, strength, why) {
  const { [name]: _, ...rest } = state.value.edit.moves;
  const rounded = Math.round(strength * 100) / 100;
  changeEdit({ moves: rounded === 0 ? rest : { ...rest, [name]: rounded } }, why);
}

/** Holds one attribute before all others, or no more than them. */
export function setFirm(name, firmly, patch = {}) {
  const rest = state.value.edit.firm.filter((other) => other !== name);
  changeEdit({ ...patch, firm: firmly ? [...rest, name] : rest });
}

/** Another image, with the sliders that were taught or opened from files here besides its own. @returns {Edit} */
export const withSliders = (edit, { taught, own }) =>
  ({ ...edit, taught: { ...taught, ...edit.taught }, own: { ...own, ...edit.own } });

/** Goes to another image; the sliders stay where they are, unless the patch says otherwise. */
export const goTo = (codes, patch = {}) => change({ tab: "edit", edit: { ...state.value.edit, codes, ...patch } });

/** An edit keeps only the directions that it uses, so that links stay short. */
export function withoutSpare(edit) {
  const used = (things) => Object.fromEntries(Object.entries(things).filter(([name]) => name in edit.moves));
  return { ...edit, taught: used(edit.taught), own: used(edit.own) };
}

/** The face of one edit with the sliders of another. @returns {Edit} */
export const onFace = ({ codes, psi, label }, edit) => ({ ...edit, codes, psi, label });

export const randomSeed = () => Math.floor(Math.random() * 1e6);

/** The seed of the image, or null where it is a mix, a sum or a restored code. */
export const seedOf = (codes) => (codes.seeds?.length === 1 ? codes.seeds[0] : null);
