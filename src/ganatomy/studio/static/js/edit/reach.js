/** How other tabs reach a slider. */
import { change } from "../state.js";

export const sliderId = (name) => `slider-${name.replaceAll(/[^\w-]/g, "_")}`;

/** Opens Edit with the focus on a slider. */
export function goToSlider(name) {
  change({ tab: "edit" });
  requestAnimationFrame(() => {
    const slider = document.getElementById(sliderId(name));
    slider?.focus();
    slider?.scrollIntoView({ block: "center" });
  });
}
