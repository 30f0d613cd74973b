/** Names and numbers as text, as in the report. */

/** An attribute's name as words; it stays recognisable, because the library and the files use the same name. */
export const titled = (name) => name.replaceAll("_", " ");

const trim = (text) => text.replace(/^0(?=\.)/, "");

/** A probability or a change of one, ".31". */
export const share = (value) => trim(Math.abs(value).toFixed(2));

/** With its sign, "+.14" or "−.14". */
export const signed = (value, digits = 2) => {
  const text = trim(Math.abs(value).toFixed(digits));
  return Number(text) === 0 ? text : (value < 0 ? "−" : "+") + text;
};

/** A message of the server as a sentence; errors are clauses, as on the command line. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");

/** A list in words: "a, b and c". */
export const listed = (items) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

/** "1 image", "2 images". */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** On one line with its number. */
export const PERCENT = "\u00a0%";

/** A probability in percent: "93 %". */
export const percent = (value, digits = 0) => `${(100 * value).toFixed(digits)}${PERCENT}`;

/** A change of a probability in percentage points: "+14 %". */
export const points = (value) => {
  const whole = Math.round(100 * Math.abs(value));
  return `${whole === 0 ? "" : value < 0 ? "−" : "+"}${whole}${PERCENT}`;
};
