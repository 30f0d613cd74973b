/** Answers of many pictures in one, for as long as a part of the page shows them. */
import { ask, forget } from "./live.js";
import { connected } from "./models.js";
import { html, useEffect, useRef, useState } from "./view.js";

/**
 * Asks again whenever the question changes; the last sheet stays until the next is there.
 * @param {string} slot
 * @param {object|null} question   null asks nothing
 * @param {number} [patience]      milliseconds that a question must last, so that typing does not ask at each letter
 * @returns {{sheet: {bitmap: ImageBitmap, width: number, height: number, columns: number, count: number}|null,
 *   told: Object<string, object>, problem: string, waiting: boolean}}
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
      picture: (found, header) => {
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
  }, [text, connected.value]);
  useEffect(() => () => { forget(slot); keep(null); }, []);
  return answer;
}

/** One picture of a sheet. */
export function SheetCell({ sheet, index }) {
  const canvas = useRef(null);
  const [width, height] = [sheet.width / sheet.columns, sheet.height / Math.ceil(sheet.count / sheet.columns)];
  useEffect(() => {
    canvas.current.getContext("2d").drawImage(sheet.bitmap, (index % sheet.columns) * width, Math.floor(index / sheet.columns) * height,
      width, height, 0, 0, width, height);
  }, [sheet, index]);
  return html`<canvas ref=${canvas} class="thumb drawn" width=${width} height=${height} aria-hidden="true"></canvas>`;
}
