/** Keys that work everywhere. Arrows and letters go to a text field that has the focus. */
import { redo, undo } from "./history.js";
import { hold, measured } from "./models.js";
import { difference, exportOpen, helpOpen, swiped } from "./panes.js";
import { change, changeEdit, HOLD_EVERY, HOLD_NOTHING, holdsEvery, randomSeed, state, TABS } from "./state.js";

/** For the help: keys and what they do. */
export const KEYS = [
  [["1", "…", "6"], "Edit, Explore, Walk, Mix, Teach, Evidence"],
  [["7"], "Export: image, recipe, directions, script"],
  [["Tab"], "to the next slider, padlock or button"],
  [["←", "→"], "move the slider that has the focus; Page Up and Page Down in larger steps, Home and End to its ends"],
  [["Delete"], "put the slider that has the focus back to zero"],
  [["B"], "switch between before and now"],
  [["Z"], "undo; Ctrl Z and ⌘ Z do the same"],
  [["Shift", "Z"], "redo"],
  [["R"], "a random image"],
  [["[", "]"], "the image of the previous or next seed"],
  [["D"], "where the image changed"],
  [["L"], "hold everything, or nothing"],
  [["0"], "put all sliders back to zero"],
  [["Y", "N", "S"], "in Teach: yes, no, skip; the arrows → and ← do the same; yes and no in Evidence as well"],
  [["?"], "this list"],
];

/** Keys of the open tab: key → action. */
export const tabKeys = { current: {} };

const ACTIONS = {
  b: () => { swiped.value = swiped.value > 50 ? 0 : 100; },
  d: () => { difference.value = !difference.value; },
  z: undo,
  Z: redo,
  r: () => changeEdit({ codes: { seeds: [randomSeed()] } }),
  "[": () => besides(-1),
  "]": () => besides(1),
  l: () => measured.value && changeEdit({ hold: holdsEvery(hold.value) ? HOLD_NOTHING : HOLD_EVERY, firm: [] }),
  0: () => changeEdit({ moves: {} }),
  7: () => { exportOpen.value = true; },
  "?": () => { helpOpen.value = true; },
};

/** Another image with the same moves. */
export function besides(by) {
  const { seeds } = state.value.edit.codes;
  changeEdit({ codes: { seeds: [Math.max(0, (seeds?.[0] ?? 0) + by)] } });
}

export function startKeys() {
  addEventListener("keydown", (event) => {
    if (event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || isTypedIn(event.target)) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z") return;
      (event.shiftKey ? redo : undo)();
      event.preventDefault();
      return;
    }
    const tab = TABS[Number(event.key) - 1];
    const inTab = tabKeys.current[event.key];
    if (inTab && !usesArrows(event)) inTab();
    else if (tab) change({ tab });
    else if (ACTIONS[event.key]) ACTIONS[event.key]();
    else return;
    event.preventDefault();
  });
}

const isTypedIn = (target) => target.matches?.("input:not([type=range], [type=checkbox], [type=radio]), textarea, select");
const usesArrows = ({ key, target }) => key.startsWith("Arrow") && target.matches?.("input, [role=grid] *, canvas[tabindex]");
