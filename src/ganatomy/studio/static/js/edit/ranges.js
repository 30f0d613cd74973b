/** How far sliders go from the image at hand: beyond, codes stop being likely. */
import { request } from "../live.js";
import { connected, prepared } from "../models.js";
import { sceneText } from "../scenes.js";
import { effect, signal } from "../view.js";

/** Milliseconds without a change before the ends are asked for. */
const REST = 300;

/** [first, rare from, rare from, last] in steps, by name. @type {import("../view.js").Signal<Object<string, number[]>>} */
export const ranges = signal({});
let timer = null;

export function followRanges() {
  effect(() => { connected.value; ranges.value = {}; });
  effect(() => {
    const scene = sceneText.value;
    clearTimeout(timer);
    if (!connected.value || !prepared.value) return;
    timer = setTimeout(() => request("ranges", { kind: "ranges", scene: JSON.parse(scene) }, {
      facts: (found) => { ranges.value = found.ranges; },
    }), REST);
  });
}
