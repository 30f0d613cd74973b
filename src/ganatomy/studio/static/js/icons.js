/** Line drawings of 24 units; each stands beside words or in a button that has a label. */
import { html } from "./view.js";

const PATHS = {
  edit: "M4 7h9M19 7h1M4 17h3M13 17h7M13 7a3 3 0 1 0 6 0 3 3 0 1 0-6 0M7 17a3 3 0 1 0 6 0 3 3 0 1 0-6 0",
  explore: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z",
  walk: "M5 18c5 0 3-12 8-12h6M5 18m-2 0a2 2 0 1 0 4 0 2 2 0 1 0-4 0M19 6m-2 0a2 2 0 1 0 4 0 2 2 0 1 0-4 0",
  mix: "M9 12m-6 0a6 6 0 1 0 12 0 6 6 0 1 0-12 0M15 12m-6 0a6 6 0 1 0 12 0 6 6 0 1 0-12 0",
  teach: "M4 13l4 4 8-10M14 17l6-8M20 17l-6-8",
  evidence: "M4 20V4M4 20h16M8 20v-6M12 20V8M16 20v-9",
  locked: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
  firm: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3M12 14v3",
  unlocked: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 5.7-1.3",
  photograph: "M4 8h4l2-3h4l2 3h4v11H4zM12 13m-3.5 0a3.5 3.5 0 1 0 7 0 3.5 3.5 0 1 0-7 0",
  undo: "M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "M15 14l5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",
  export: "M12 4v11M7 11l5 5 5-5M5 20h14",
  open: "M12 16V5M7 9l5-5 5 5M5 20h14",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  light: "M12 12m-4 0a4 4 0 1 0 8 0 4 4 0 1 0-8 0M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2",
  dark: "M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10z",
  auto: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  keys: "M9 9a3 3 0 1 1 4 3c-1 .6-1 1.2-1 2.5M12 18v.01",
  dice: "M3 7h3c5 0 6 10 11 10h4M3 17h3c5 0 6-10 11-10h4M18 4l3 3-3 3M18 14l3 3-3 3",
  previous: "M14 6l-6 6 6 6",
  next: "M10 6l6 6-6 6",
  reset: "M5 12a7 7 0 1 0 2-5M5 4v4h4",
  close: "M6 6l12 12M18 6L6 18",
  add: "M12 5v14M5 12h14",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  star: "M12 4l2.5 5.2 5.5.8-4 4 1 5.6-5-2.7-5 2.7 1-5.6-4-4 5.5-.8z",
  refine: "M5 19L15 9M12 6l6 6M17 3v3M21 7h-3M20 11l1 1",
  heat: "M4 4h7v7H4zM13 4h7M13 8h7M4 13v7M8 13v7M13 13h7v7h-7z",
  yes: "M5 13l4 4L19 7",
  swipe: "M9 7l-5 5 5 5M15 7l5 5-5 5",
};

export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
