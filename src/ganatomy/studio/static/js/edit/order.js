/** The order of sliders: in groups of one meaning, cleanest first, or by name; those that are moved stand above. */
import { directions, howMeasured, panel } from "../models.js";
import { titled } from "../words.js";

export const ORDERS = { group: "By group", clean: "Cleanest first", name: "A to Z" };

const low = (direction) => direction.measured?.[howMeasured(direction)]?.low ?? 0;

/**
 * @param {string} order @param {string[]} moved
 * @returns {[string, string[]][]}   titles and names; the last, "", does hardly anything in this model
 */
export function arranged(order, moved, fits) {
  const all = [...directions.value.values()].filter(({ name }) => fits(name));
  const rest = all.filter(({ name, works }) => works && !moved.includes(name));
  const weak = all.filter(({ name, works }) => !works && !moved.includes(name)).map(({ name }) => name);
  const sorted = rest.toSorted((a, b) => (order === "name" ? titled(a.name).localeCompare(titled(b.name)) : low(b) - low(a)));
  const parts = order === "group" && panel.value.groups ? panel.value.groups : [""];
  const groups = parts.map((title) => [title, sorted.filter(({ group }) => !title || group === title)]);
  const named = (ones) => ones.map(({ name }) => name);
  return [
    ["Moved", named(all.filter(({ name }) => moved.includes(name)))],
    ...groups.map(([title, ones]) => [title || ORDERS[order === "group" ? "clean" : order], named(ones)]),
    ["", weak],
  ];
}
