/** The title of the window, which names tabs, bookmarks and steps of the history. */
import { model } from "./models.js";
import { seedOf, state } from "./state.js";
import { effect } from "./view.js";
import { signed, titled } from "./words.js";

export function startTitle() {
  effect(() => { document.title = [shown(state.value), model.value?.name, "ganatomy studio"].filter(Boolean).join(" · "); });
}

/** @param {import("./state.js").State} state */
function shown({ tab, edit }) {
  if (tab !== "edit") return tab[0].toUpperCase() + tab.slice(1);
  const seed = seedOf(edit.codes);
  const moved = Object.entries(edit.moves).map(([name, strength]) => `${titled(name)} ${signed(strength)}`);
  return [seed === null ? "Own codes" : `Seed ${seed}`, ...moved].join(", ");
}
