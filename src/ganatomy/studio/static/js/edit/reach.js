/** Links from other tabs to a slider. */
import { change } from "../state.js";
import { signal } from "../view.js";

/** The slider that a link has just led to; browsers do not show the focus after a click. */
export const highlighted = signal(null);
/** Milliseconds. */
const HIGHLIGHT = 2000;
let timer = null;

export const sliderId = (name) => `slider-${encodeURIComponent(name)}`;

/** Opens Edit with the focus on a slider. */
export function goToSlider(name) {
  change({ tab: "edit" });
  highlighted.value = name;
  clearTimeout(timer);
  timer = setTimeout(() => { highlighted.value = null; }, HIGHLIGHT);
  requestAnimationFrame(() => {
    const slider = document.getElementById(sliderId(name));
    slider?.closest("details")?.setAttribute("open", "");
    slider?.focus();
    slider?.scrollIntoView({ block: "center" });
  });
}
