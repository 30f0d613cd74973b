/**
 * The state in the address bar, so that every image is a link and the back button is undo. A drag of a slider is one
 * step however many changes it makes: its first change adds an entry, the others rewrite it.
 */
import { onChange, state } from "./state.js";
import { decode, encode } from "./url.js";
import { computed, signal } from "./view.js";

/** Key presses on one slider belong together until the hand rests this long. */
const REST = 1000;
/** Browsers refuse to rewrite the address more often than about a hundred times in thirty seconds. */
const BETWEEN_WRITES = 400;
/** Browsers keep this many entries and drop the oldest. */
const MOST_ENTRIES = 50;
/** Where it is remembered over a reload which entries there are. */
const KEY = "ganatomy-history";

/** Of the entry that is shown, of the oldest that is left, and of the newest. */
const index = signal(0);
const first = signal(0);
const last = signal(0);
export const canUndo = computed(() => index.value > first.value);
export const canRedo = computed(() => index.value < last.value);
/** Undo and redo stay in the tab that is open; the browser's own buttons go wherever one was. */
const stay = (go) => { staying = true; go(); };
export const undo = () => canUndo.value && stay(() => history.back());
export const redo = () => canRedo.value && stay(() => history.forward());

let gesture = null;
let gestureAt = -Infinity;
let pressed = false;
let timer = null;
/** What a running gesture has come to, until it is written. */
let unwritten = null;
let staying = false;
let shownTab = "";

/** Reads the address and keeps it true from now on. @param {(state: State) => State} complete fills in what a link left out */
export function startHistory(complete) {
  const arrive = () => {
    const found = complete(decode(location.hash));
    state.value = staying ? { ...found, tab: state.value.tab } : found;
    staying = false;
    shownTab = state.value.tab;
    gesture = null;
  };
  arrive();
  index.value = first.value = last.value = history.state?.index ?? 0;
  recall();
  write("replaceState", encode(state.value));
  onChange(record);

  addEventListener("popstate", (event) => {
    forget();
    arrive();
    // An address that the visitor typed or clicked has no number yet.
    index.value = event.state?.index ?? index.value + 1;
    reach(event.state ? Math.max(last.value, index.value) : index.value);
    write("replaceState", encode(state.value));
  });
  addEventListener("pointerdown", () => { pressed = true; }, true);
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, () => { pressed = false; flush(); setTimeout(() => { gesture = null; }); }, true);
  }
  addEventListener("pagehide", flush);
}

function record(name) {
  const now = performance.now();
  const goesOn = name && name === gesture && (pressed || now - gestureAt < REST);
  gesture = name ?? null;
  gestureAt = now;
  const link = encode(state.value);
  if (goesOn) {
    unwritten = link;
    timer ??= setTimeout(flush, BETWEEN_WRITES);
    return;
  }
  flush();
  if (link === location.hash) return;
  // A tab alone is nothing that could be undone.
  const turned = state.value.tab !== shownTab && rest(link) === rest(location.hash);
  shownTab = state.value.tab;
  if (turned) {
    write("replaceState", link);
    return;
  }
  index.value += 1;
  reach(index.value);
  write("pushState", link);
}

const rest = (link) => link.slice(`${link}&`.indexOf("&"));

/** The newest entry is another one now. */
function reach(newest) {
  last.value = newest;
  first.value = Math.max(first.value, newest - MOST_ENTRIES + 1);
  try {
    sessionStorage.setItem(KEY, JSON.stringify([first.value, last.value]));
  } catch {
    // A browser may keep nothing; then a reload forgets what could be done again.
  }
}

/** After a reload the entries are those that were there; after a link from elsewhere that is unknown. */
function recall() {
  const reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
  try {
    const [oldest, newest] = JSON.parse(sessionStorage.getItem(KEY));
    if (reloaded && oldest <= index.value && index.value <= newest) [first.value, last.value] = [oldest, newest];
  } catch {
    // Nothing was kept, or it cannot be read.
  }
  reach(last.value);
}

function flush() {
  if (unwritten !== null) write("replaceState", unwritten);
  forget();
}

function forget() {
  clearTimeout(timer);
  timer = null;
  unwritten = null;
}

function write(how, link) {
  try {
    history[how]({ index: index.value }, "", link);
  } catch {
    // Browsers limit how often this can be done; the next change writes the address again.
  }
}
