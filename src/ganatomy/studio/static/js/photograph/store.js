/**
 * The photograph of this visitor: the studio keeps it in memory, cuts a square out of it, and finds its codes, which then
 * are an image as any other.
 *
 * @typedef {{x: number, y: number, size: number, turn: number}} Square   centre, side and degrees, in its pixels
 * @typedef {{id: string, sha256: string, name: string, width: number, height: number, preview: string, squares: Square[],
 *   notes: string[]}} Photograph
 */
import * as api from "../api.js";
import { connection, forget as leave, request } from "../live.js";
import { modelName } from "../models.js";
import { notice, photographOpen } from "../panes.js";
import { goTo } from "../state.js";
import { batch, effect, signal } from "../view.js";

const SLOT = "photograph";
/** Where the keys of photographs outlive a reload of this tab. */
const KEYS = "ganatomy-photographs";
const LOST = "The connection was lost while the codes were computed; find them again.";

/** @type {import("../view.js").Signal<Photograph|null>} */
export const photograph = signal(null);
/** @type {import("../view.js").Signal<Square|null>} */
export const square = signal(null);
export const budget = signal("balanced");
/** {stage, done, total} while codes come, else null. */
export const progress = signal(null);
export const problem = signal("");
/** What the model makes of the codes so far. */
export const coming = signal(null);
const keys = signal(recalled());

/** The key of a photograph by its hash, or null where the studio does not keep it. */
export const keyOf = (sha256) => keys.value[`${modelName.value} ${sha256}`] ?? null;

/** Shows a photograph with its square. @param {File} file */
export async function openPhotograph(file) {
  const model = modelName.value;
  const found = await api.photograph(model, file);
  if (model !== modelName.value) return;
  stop();
  batch(() => {
    photograph.value = { ...found, name: file.name };
    square.value = found.squares[0];
    problem.value = "";
    photographOpen.value = true;
  });
}

/** Looks for codes whose image is the square. */
export function findCodes() {
  const { id, sha256 } = photograph.value;
  batch(() => {
    problem.value = "";
    progress.value = { stage: "inversion", done: 0, total: 1 };
  });
  request(SLOT, { kind: "invert", photograph: id, square: square.value, budget: budget.value }, {
    image: (bitmap) => show(bitmap),
    facts: (found) => (found.kind === "progress" ? report(found) : found.kind === "found" && arrive(found, id, sha256)),
    failed: (message) => end(message),
  });
}

/** Ends the search, here and in the studio. */
export function stop() {
  if (progress.value) request(SLOT, { kind: "stop" }, {});
  end();
}

/** The studio keeps it no more; the codes that were found stay. */
export async function forget() {
  const { id, sha256 } = photograph.value;
  stop();
  batch(() => {
    keep(sha256, null);
    photograph.value = square.value = null;
    problem.value = "";
  });
  try {
    await api.forgetPhotograph(modelName.value, id);
    notice.value = { kind: "info", text: "The photograph is forgotten. Its codes stay in the image until you choose another one." };
  } catch (failed) {
    notice.value = { kind: "problem", text: failed.message };
  }
}

const report = ({ stage, done, total }) => { if (progress.value) progress.value = { stage, done, total }; };

function arrive({ codes, sentence, fits }, id, sha256) {
  if (!progress.value) return;
  batch(() => {
    end();
    keep(sha256, id);
    photographOpen.value = false;
    goTo(codes, { psi: null, label: null });
    notice.value = { kind: fits ? "info" : "problem", text: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.` };
  });
}

function end(message = "") {
  progress.value = null;
  problem.value = message;
  show(null);
}

function show(bitmap) {
  coming.peek()?.close();
  coming.value = bitmap;
}

function keep(sha256, id) {
  const { [`${modelName.value} ${sha256}`]: _, ...rest } = keys.value;
  keys.value = id ? { ...rest, [`${modelName.value} ${sha256}`]: id } : rest;
  try {
    sessionStorage.setItem(KEYS, JSON.stringify(keys.value));
  } catch {
    // A browser may keep nothing; then a reload forgets the photograph.
  }
}

function recalled() {
  try {
    return JSON.parse(sessionStorage.getItem(KEYS)) ?? {};
  } catch {
    return {};
  }
}

/** What belongs to one model is of no use to another. */
export function followPhotograph() {
  effect(() => {
    modelName.value;
    leave(SLOT);
    batch(() => {
      end();
      photograph.value = square.value = null;
      photographOpen.value = false;
    });
  });
  effect(() => { if (connection.value !== "open" && progress.peek()) end(LOST); });
}
