/**
 * The models of this studio and the panel of the current one: its directions, what each changes, its map. A panel may
 * still be measured when the page opens; until it is there, everything that needs no directions works.
 */
import * as api from "./api.js";
import { connect } from "./live.js";
import { notice } from "./panes.js";
import { HOLD_EVERY, HOLD_NOTHING, holdsEvery, start, state } from "./state.js";
import { batch, computed, effect, signal } from "./view.js";
import { listed, sentence, titled } from "./words.js";

/** @type {import("./view.js").Signal<object[]>} */
export const models = signal([]);
export const panel = signal(null);
/** Requests that failed without the panel are sent again when it is there. */
export const prepared = computed(() => panel.value !== null);
/** How far the panel is: {stage, done, total}, or null. */
export const preparing = signal(null);
/** Why there is no panel, or no studio at all. */
export const panelProblem = signal("");
export const studioProblem = signal("");

export const modelName = computed(() => state.value.model);
/** The model that the socket is connected to, which images follow. */
export const connected = signal(null);
export const model = computed(() => models.value.find(({ name }) => name === modelName.value) ?? null);
/** The space that seeds are drawn in: that of the directions. */
export const space = computed(() => panel.value?.space ?? model.value?.space ?? "z");
export const defaultPsi = computed(() => model.value?.truncation_psi ?? 1);
/** @type {import("./view.js").Signal<Map<string, object>>} */
export const directions = computed(() => new Map((panel.value?.directions ?? []).map((one) => [one.name, one])));

/** Whether the effects of the directions were measured; without a classifier nothing can be held. */
export const measured = computed(() => Boolean(panel.value?.changes));

/** Whether the sliders that are moved, or else most of them, are cleaner with all others held, by what was measured. */
const bestHolds = computed(() => {
  const all = [...directions.value.values()];
  const moved = all.filter(({ name }) => name in state.value.edit.moves);
  const held = (moved.length ? moved : all).filter(({ best }) => best === "held");
  return 2 * held.length > (moved.length || all.length);
});
/** The padlocks in force. */
export const hold = computed(() => state.value.edit.hold ?? (bestHolds.value ? HOLD_EVERY : HOLD_NOTHING));
/** "held" or "alone": how the figures of a slider were measured that fit the padlocks. */
export const howMeasured = (direction) =>
  (state.value.edit.hold === null ? direction.best : holdsEvery(hold.value) ? "held" : "alone");

const AGAIN = 1000;

const measuring = async (name) => (await api.models()).find((one) => one.name === name);

/** A link may move sliders that this model does not have: they are named, and left out. */
function dropUnknown() {
  const { edit } = state.peek();
  const [known, unknown] = [true, false].map((is) => Object.entries(edit.moves)
    .filter(([name]) => (directions.peek().has(name) || name in edit.taught || name in edit.own) === is));
  if (unknown.length === 0) return;
  state.value = { ...state.peek(), edit: { ...edit, moves: Object.fromEntries(known) } };
  notice.value = { kind: "problem", text: `${modelName.peek()} has no slider ${listed(unknown.map(([name]) => `“${titled(name)}”`))}; the rest of the link is shown.` };
}

/** Fetches the list of models. */
export async function findModels() {
  try {
    models.value = await api.models();
    start.of = (name) => (models.value.find((one) => one.name === name) ?? models.value[0])?.start ?? 0;
    studioProblem.value = models.value.length ? "" : "No model is open: start the studio with `ganatomy studio faces`.";
  } catch (problem) {
    studioProblem.value = problem.message;
  }
}

/** Connects to each model that is chosen, and waits for its panel. */
export function followModel() {
  effect(() => {
    const name = modelName.value;
    if (!name) return undefined;
    let left = false;
    panel.value = null;
    preparing.value = null;
    panelProblem.value = "";
    connect(name);
    connected.value = name;
    const again = (round) => setTimeout(() => left || look(round + 1), AGAIN);
    const look = async (round) => {
      try {
        const about = round === 0 ? model.peek() : await measuring(name);
        if (left) return;
        // The browser's console shows failed requests as errors, so the panel is requested only when it is there.
        if (!about.ready) {
          const { failed } = about.preparing;
          preparing.value = failed ? null : about.preparing;
          panelProblem.value = failed ? sentence(failed) : "";
          if (!failed) again(round);
          return;
        }
        const found = await api.panel(name);
        if (!left) batch(() => { panel.value = found; preparing.value = null; panelProblem.value = ""; dropUnknown(); });
      } catch (problem) {
        if (left) return;
        preparing.value = problem.details?.preparing ?? null;
        panelProblem.value = preparing.value ? "" : problem.message;
        if (problem.status === 409 || problem.status === 0) again(round);
      }
    };
    look(0);
    return () => { left = true; };
  });
}
