/** From the state to queries: a scene names one image. */
import { directions, space, defaultPsi } from "./models.js";
import { edit, HOLD_EVERY, HOLD_NOTHING, holds, holdsEvery } from "./state.js";
import { computed } from "./view.js";

const UNMOVED = { moves: {}, hold: HOLD_NOTHING, firm: [], layers: null, taught: {}, own: {} };

/** The space that an image is drawn in, where it is drawn. @param {import("./state.js").Codes} codes */
const spaceOf = (codes) => codes.space ?? space.value;
/** Only what passes through the mapped space can be truncated. @param {import("./state.js").Codes} codes */
export const isTruncated = (codes) => Boolean(codes.seeds) && spaceOf(codes) !== "z";

/** Codes as the server knows them. @param {import("./state.js").Codes} codes */
export function codesOf(codes, psi, label = null) {
  if (!codes.seeds) return codes;
  const truncation_psi = isTruncated(codes) ? psi ?? defaultPsi.value : 1;
  return { seeds: codes.seeds, space: spaceOf(codes), truncation_psi, label };
}

/** @param {import("./state.js").Edit} edit */
export const sceneOf = ({ codes, psi, label, moves, hold, firm, layers, taught, own }) => ({
  codes: codesOf(codes, psi, label),
  moves,
  hold: hold === null ? "best" : held(hold),
  firm,
  layers,
  // Only what a move names has to travel.
  taught: picked(taught, moves),
  own: picked(own, moves),
});

/** The image of a seed as it is drawn, with the truncation and the class of the current image. */
export const sceneOfSeed = (seed) =>
  sceneOf({ ...UNMOVED, codes: { seeds: [seed] }, psi: edit.value.psi, label: edit.value.label });

/** The images that were scored, mapped, and are offered for labelling have the default truncation and any class. */
export const AS_MEASURED = { psi: null, label: null };
export const measuredScene = (seed) => sceneOf({ ...UNMOVED, ...AS_MEASURED, codes: { seeds: [seed] } });

/**
 * A scene back into the state.
 * @param {{space: string, truncation_psi: number}} model   of the scene; its defaults are left out
 * @returns {import("./state.js").Edit}
 */
export function editOf(scene, model) {
  const { codes } = scene;
  const { seeds, space, truncation_psi: psi = 1 } = codes;
  return {
    codes: !seeds ? codes : space === model.space ? { seeds } : { seeds, space },
    psi: !seeds || space === "z" || psi === model.truncation_psi ? null : psi,
    label: codes.label ?? null,
    moves: scene.moves ?? {},
    hold: padlocksOf(scene.hold ?? "all"),
    firm: scene.firm ?? [],
    layers: scene.layers ?? null,
    taught: scene.taught ?? {},
    own: scene.own ?? {},
  };
}

const padlocksOf = (hold) => (hold === "best" ? null : hold === "all" ? HOLD_EVERY : { every: false, except: hold });

// As texts, so that their followers run only when a scene changes.
export const sceneText = computed(() => JSON.stringify(sceneOf(edit.value)));
export const beforeText = computed(() => JSON.stringify(sceneOf({ ...edit.value, ...UNMOVED })));

const held = (hold) => (holdsEvery(hold) ? "all" : hold.every ? [...directions.value.keys()].filter((name) => holds(hold, name)) : hold.except);
const picked = (things, moves) => Object.fromEntries(Object.entries(things).filter(([name]) => name in moves));
