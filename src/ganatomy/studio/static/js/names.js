/** Names of sliders, which must be distinct. */
import { directions } from "./models.js";
import { titled } from "./words.js";

const written = (name) => titled(name).trim().toLowerCase();

/** Whether a slider of the panel, a taught one or one from a file is called so. @param {import("./state.js").Edit} edit */
export const isTaken = (name, { taught, own }) =>
  [...directions.value.keys(), ...Object.keys(taught), ...Object.keys(own)].some((other) => written(other) === written(name));
