/** How other tabs reach a slider. */
import { change } from "../state.js";
import { signal } from "../view.js";

/** The slider that has just been reached, for eyes that look for it; the focus alone is not seen after a click. */
export const reached = signal(null);
/** Milliseconds that it stays marked. */
const MARKED = 2000;
let timer = null;

export const sliderId = (name) => `slider-${encodeURIComponent(name)}`;

/** Opens Edit with the focus on a slider. */
export function goToSlider(name) {
  change({ tab: "edit" });
  reached.value = name;
  clearTimeout(timer);
  timer = setTimeout(() => { reached.value = null; }, MARKED);
  requestAnimationFrame(() => {
    const slider = document.getElementById(sliderId(name));
    slider?.focus();
    slider?.scrollIntoView({ block: "center" });
  });
}
