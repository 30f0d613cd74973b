/** The order of sliders: in groups of one meaning, cleanest first, or by name; those that are moved stand above. */
import { directions, howMeasured, panel } from "../models.js";
import { listed, percent, titled } from "../words.js";

export const ORDERS = { group: "By group", clean: "Cleanest first", name: "A to Z" };

const low = (direction) => direction.measured?.[howMeasured(direction)]?.low ?? 0;

/**
 * @param {string} order @param {string[]} moved
 * @returns {[string, string[]][]}   titles and names
 */
export function arranged(order, moved, fits) {
  const all = [...directions.value.values()].filter(({ name }) => fits(name));
  const rest = all.filter(({ name, works }) => works && !moved.includes(name));
  const sorted = rest.toSorted((a, b) => (order === "name" ? titled(a.name).localeCompare(titled(b.name)) : low(b) - low(a)));
  const parts = order === "group" && panel.value.groups ? panel.value.groups : [""];
  const groups = parts.map((title) => [title, sorted.filter(({ group }) => !title || group === title)]);
  const named = (ones) => ones.map(({ name }) => name);
  return [
    ["Moved", named(all.filter(({ name }) => moved.includes(name)))],
    ...groups.map(([title, ones]) => [title || ORDERS[order === "group" ? "clean" : order], named(ones)]),
  ];
}

/**
 * The sliders that are folded away, by what is wrong with them.
 * @returns {[string, string, string[]][]}   titles, reasons and names
 */
export function folded(moved, fits) {
  const all = [...directions.value.values()].filter(({ name, works }) => !works && !moved.includes(name) && fits(name));
  const [weak, wrong] = [false, true].map((at) => all.filter(({ wrong_at_ends: share }) => (share != null) === at));
  const shares = wrong.map(({ name, wrong_at_ends: share }) => `${titled(name)} in ${percent(share)}`);
  const named = (ones) => ones.map(({ name }) => name);
  return [
    ["Barely separable in this model", "Measured: they change what they are named after too little, or other attributes as much.", named(weak)],
    ["Not to be trusted at the ends of their tracks", `Measured: there they move their own score the wrong way in some images, ${
      listed(shares)}. One step is as clean as the badge says.`, named(wrong)],
  ].filter(([, , names]) => names.length > 0);
}
