/**
 * Answers of many images in one, for as long as a part of the page shows them.
 *
 * @typedef {{bitmap: import("./decode.js").Image, width: number, height: number, columns: number, count: number}} Sheet
 */
import { ask, forget } from "./live.js";
import { connected, prepared } from "./models.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./view.js";

/**
 * Asks again whenever the question changes; the last sheet stays until the next is there.
 * @param {string} slot
 * @param {object|null} question   null asks nothing
 * @param {number} [patience]      milliseconds that a question must last, so that typing does not ask at each letter
 * @returns {{sheet: Sheet|null, told: Object<string, object>, problem: string, waiting: boolean}}
 */
export function useSheet(slot, question, patience = 0) {
  const text = question && JSON.stringify(question);
  const [answer, setAnswer] = useState({ sheet: null, told: {}, problem: "", waiting: question !== null });
  const bitmap = useRef(null);
  const keep = (next) => {
    bitmap.current?.close();
    bitmap.current = next;
  };
  useEffect(() => {
    if (!text) return undefined;
    setAnswer((old) => ({ ...old, waiting: true }));
    const told = {};
    const timer = setTimeout(() => ask(slot, JSON.parse(text), {
      image: (found, header) => {
        keep(found);
        setAnswer((old) => ({ ...old, sheet: { ...header, bitmap: found }, told: { ...told }, problem: "", waiting: false }));
      },
      told: (message) => {
        told[message.kind] = message;
        setAnswer((old) => ({ ...old, told: { ...told }, problem: "" }));
      },
      failed: (problem) => setAnswer((old) => ({ ...old, problem, waiting: false })),
    }), patience);
    return () => clearTimeout(timer);
  }, [text, connected.value, prepared.value]);
  useEffect(() => () => { forget(slot); keep(null); }, []);
  return answer;
}

/** One image of a sheet, into a canvas. @param {Sheet} sheet */
export function drawCell(canvas, sheet, index) {
  const [width, height] = [sheet.width / sheet.columns, sheet.height / Math.ceil(sheet.count / sheet.columns)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const [x, y] = [(index % sheet.columns) * width, Math.floor(index / sheet.columns) * height];
  canvas.getContext("2d").drawImage(sheet.bitmap, x, y, width, height, 0, 0, width, height);
}

/** One image of a sheet; its meaning is told by whatever it stands in. */
export function SheetCell({ sheet, index }) {
  const canvas = useRef(null);
  // At once, for the sheet is closed when the next one comes.
  useLayoutEffect(() => drawCell(canvas.current, sheet, index), [sheet, index]);
  return html`<canvas ref=${canvas} class="thumb drawn" aria-hidden="true"></canvas>`;
}
