/** What is open on this screen; it is not part of a link. */
import { signal } from "./view.js";

export const exportOpen = signal(false);
export const helpOpen = signal(false);
export const photographOpen = signal(false);
/** How much of the image before is shown, in percent from the left. */
export const swiped = signal(0);
/** Whether the image shows where it changed. */
export const difference = signal(false);
/** One line about what has just been done: {text, kind: "info"|"problem"} or null. */
export const notice = signal(null);
