/** Files that are dropped on the page or opened: a picture of ours comes back, a photograph has to wait. */
import { restore } from "./api.js";
import { modelName, models } from "./models.js";
import { notice } from "./panes.js";
import { editOf } from "./scenes.js";
import { change } from "./state.js";
import { signal } from "./view.js";

export const dragging = signal(false);
const LARGEST = 32 * 2 ** 20;
const PHOTOGRAPH = "This photograph cannot be edited yet: finding the codes of a photograph (inversion) is still to come. "
  + "Drop a picture that ganatomy made, or its recipe, and it comes back as it was.";

/** @param {File} file */
export async function openFile(file) {
  if (file.size > LARGEST) {
    notice.value = { kind: "problem", text: `${file.name} has more than 32 MB; pictures and recipes of ganatomy are smaller.` };
    return;
  }
  notice.value = { kind: "said", text: `Reading ${file.name} …` };
  try {
    const { model, scene } = await restore(modelName.value, file);
    if (!models.value.some(({ name }) => name === model)) {
      notice.value = { kind: "problem", text: `${file.name} was made with ${model}, which this studio does not serve.` };
      return;
    }
    change({ tab: "edit", model, edit: editOf(scene) });
    notice.value = { kind: "said", text: `${file.name} is back as it was made.` };
  } catch (problem) {
    notice.value = { kind: "problem", text: problem.details?.photograph ? PHOTOGRAPH : `${file.name}: ${problem.message}` };
  }
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
