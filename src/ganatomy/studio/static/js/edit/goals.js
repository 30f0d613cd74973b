/** Guided edits to scores, which become sliders of their own. */
import { edit } from "../state.js";

const GUIDED = "guided";
const BETWEEN = " to ";

/** The attributes that a slider is about: those of a guided edit stand before their goals. @returns {string[]} */
export const attributesOf = (name) => (edit.value.own[name]?.method !== GUIDED ? [name]
  : name.split(", ").map((part) => part.slice(0, part.lastIndexOf(BETWEEN))));
