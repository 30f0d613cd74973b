/** From the state to what the server is asked for: a scene names one picture. */
import { directions, space, usualPsi } from "./models.js";
import { edit, HOLD_EVERY, HOLD_NOTHING, holds, holdsEvery } from "./state.js";
import { computed } from "./view.js";

const UNMOVED = { moves: {}, hold: HOLD_NOTHING, layers: null, taught: {}, own: {} };

/** Codes as the server knows them. @param {import("./state.js").Codes} codes */
export const codesOf = (codes, psi, label = null) =>
  codes.seeds ? { seeds: codes.seeds, space: space.value, truncation_psi: psi ?? usualPsi.value, label } : codes;

/** @param {import("./state.js").Edit} edit */
export const sceneOf = ({ codes, psi, label, moves, hold, layers, taught, own }) => ({
  codes: codesOf(codes, psi, label),
  moves,
  hold: holdsEvery(hold) ? "all" : held(hold),
  layers,
  // Only what a move names has to travel.
  taught: picked(taught, moves),
  own: picked(own, moves),
});

/** The picture of a seed as it is drawn, with the truncation of the current picture. */
export const sceneOfSeed = (seed) => plainScene({ seeds: [seed] });

export const plainScene = (codes) =>
  sceneOf({ ...UNMOVED, codes, psi: edit.value.psi, label: edit.value.label });

/** A scene back into the state. @returns {import("./state.js").Edit} */
export function editOf(scene) {
  const { codes } = scene;
  return {
    codes: codes.seeds ? { seeds: codes.seeds } : codes,
    psi: psiOf(codes),
    label: codes.label ?? null,
    moves: scene.moves ?? {},
    hold: Array.isArray(scene.hold) ? { every: false, except: scene.hold } : HOLD_EVERY,
    layers: scene.layers ?? null,
    taught: scene.taught ?? {},
    own: scene.own ?? {},
  };
}

const psiOf = ({ seeds, truncation_psi: psi = 1 }) => (!seeds || psi === usualPsi.value ? null : psi);

// As texts, so that who follows a scene is woken only by what changes it.
export const sceneText = computed(() => JSON.stringify(sceneOf(edit.value)));
export const beforeText = computed(() => JSON.stringify(sceneOf({ ...edit.value, ...UNMOVED })));

const held = (hold) => (hold.every ? [...directions.value.keys()].filter((name) => holds(hold, name)) : hold.except);
const picked = (things, moves) => Object.fromEntries(Object.entries(things).filter(([name]) => name in moves));
