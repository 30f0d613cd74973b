/** Files that are dropped on the page or opened: what is our own is restored, other images are photographs. */
import { restore } from "./api.js";
import { modelName, models } from "./models.js";
import { notice, photographOpen } from "./panes.js";
import { openPhotograph } from "./photograph/store.js";
import { editOf } from "./scenes.js";
import { change, freshState, state, withSliders } from "./state.js";
import { signal } from "./view.js";
import { listed, titled } from "./words.js";

export const dragging = signal(false);
/** Bytes; the server takes no more. */
const LARGEST = 24 * 2 ** 20;
/** Of a walk on the page; a film may have more. */
const MOST_FRAMES = 120;

/** @param {File} file */
export async function openFile(file) {
  if (file.size > LARGEST) {
    notice.value = { kind: "problem", text: `${file.name} has more than 24 MB; make it smaller.` };
    return;
  }
  notice.value = { kind: "info", text: `Reading ${file.name} …` };
  try {
    const { kind, model: name, ...found } = await restore(modelName.value, file);
    if (kind === "photograph") {
      await openPhotograph(file);
      notice.value = null;
      return;
    }
    const model = models.value.find((one) => one.name === name);
    if (!model) {
      notice.value = { kind: "problem", text: `${file.name} was made with ${name}, which is not open in this studio.` };
      return;
    }
    photographOpen.value = false;
    const old = name === modelName.value ? state.value : freshState(name);
    notice.value = { kind: "info", text: (RESTORED[kind] ?? RESTORED.image)(old, found, model, file.name) };
  } catch (problem) {
    notice.value = { kind: "problem", text: `${file.name}: ${problem.message}` };
  }
}

/** Restores each kind of file; returns the message. */
const RESTORED = {
  image(old, { scene, read = [] }, model, file) {
    change({ ...old, tab: "edit", edit: withSliders(editOf(scene, model), old.edit) });
    return `${file} is restored.${read.length ? ` When it was made: ${read.join("; ")}.` : ""}`;
  },
  directions(old, { scene }) {
    const own = Object.fromEntries(Object.entries(scene.own).map(([name, direction]) =>
      [freeName(name, direction, old.edit), direction]));
    change({ ...old, tab: "edit", edit: { ...old.edit, own: { ...old.edit.own, ...own } } });
    const names = Object.keys(own).map((name) => `“${titled(name)}”`);
    return `${listed(names)} ${names.length > 1 ? "are" : "is"} added to your sliders, above the others.`;
  },
  walk(old, { keys, method, frames, closed }, model, file) {
    const walk = { keys: keys.map((key) => editOf(key, model)), method, frames: Math.min(MOST_FRAMES, frames), closed };
    change({ ...old, tab: "walk", walk });
    return `${file} is restored as a walk.`;
  },
};

/** The name of a direction of a file, or another one where a slider is called so; the same direction twice is one. */
function freeName(name, direction, { taught, own }) {
  const same = JSON.stringify(own[name]) === JSON.stringify(direction);
  return same || !(name in own || name in taught) ? name : freeName(`${name} (from the file)`, direction, { taught, own });
}

export function startFiles() {
  let inside = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragenter", (event) => { if (hasFiles(event)) dragging.value = ++inside > 0; });
  addEventListener("dragleave", (event) => { if (hasFiles(event)) dragging.value = --inside > 0; });
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    inside = 0;
    dragging.value = false;
    if (event.dataTransfer.files[0]) openFile(event.dataTransfer.files[0]);
  });
}
