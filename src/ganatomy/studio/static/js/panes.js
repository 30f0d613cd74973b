/** What is open or shown on this screen, and no part of a link. */
import { signal } from "./view.js";

export const takeOpen = signal(false);
export const helpOpen = signal(false);
/** How much of the image before is shown, in percent from the left. */
export const swiped = signal(0);
/** One line for the visitor, about what has just been done: {text, kind: "said"|"problem"} or null. */
export const notice = signal(null);
