/**
 * Answers of many images in one, for as long as a part of the page shows them.
 *
 * @typedef {{bitmap: import("./decode.js").Image, width: number, height: number, columns: number, count: number}} Sheet
 */
import { forget, request } from "./live.js";
import { connected, prepared } from "./models.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./view.js";

/**
 * Sends the query whenever it changes; the last sheet stays until the next is there.
 * @param {string} slot
 * @param {object|null} query   null sends nothing
 * @param {number} [patience]      milliseconds that a query must stay the same, so that typing does not send one for each letter
 * @returns {{sheet: Sheet|null, facts: Object<string, object>, problem: string, waiting: boolean}}
 */
export function useSheet(slot, query, patience = 0) {
  const text = query && JSON.stringify(query);
  const [answer, setAnswer] = useState({ sheet: null, facts: {}, problem: "", waiting: query !== null });
  const bitmap = useRef(null);
  const keep = (next) => {
    bitmap.current?.close();
    bitmap.current = next;
  };
  useEffect(() => {
    if (!text) return undefined;
    setAnswer((old) => ({ ...old, waiting: true }));
    const facts = {};
    const timer = setTimeout(() => request(slot, JSON.parse(text), {
      image: (found, header) => {
        keep(found);
        setAnswer((old) => ({ ...old, sheet: { ...header, bitmap: found }, facts: { ...facts }, problem: "", waiting: false }));
      },
      facts: (message) => {
        facts[message.kind] = message;
        setAnswer((old) => ({ ...old, facts: { ...facts }, problem: "" }));
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

/** One image of a sheet; the element around it has the label. */
export function SheetCell({ sheet, index }) {
  const canvas = useRef(null);
  // At once, for the sheet is closed when the next one comes.
  useLayoutEffect(() => drawCell(canvas.current, sheet, index), [sheet, index]);
  return html`<canvas ref=${canvas} class="thumb drawn" aria-hidden="true"></canvas>`;
}
