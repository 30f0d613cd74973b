/** The matrix of changes as files: a table with intervals, and an image. */
import { titled } from "../words.js";

/** Pixels of a cell, and of the letters beside it. */
const [CELL, LETTERS] = [22, 12];
/** Pixels to each of the page's, so that an image can be printed. */
const FINE = 2;

const quoted = (cell) => (/[",]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : cell);

/**
 * One line for each cell: what one step of the slider changes, and the ends of the 95 % interval.
 * @param {{rows: string[], columns: string[]}} names
 */
export function asTable({ rows, columns }, values, margins) {
  const lines = rows.flatMap((row, i) => columns.map((column, j) => {
    const [value, margin] = [values[i][j], margins[i][j]];
    const ends = margin === null ? ["", ""] : [value - margin, value + margin].map((end) => end.toFixed(3));
    return [row, column, value, ...ends];
  }));
  const text = [["slider", "attribute", "change", "low", "high"], ...lines].map((line) => line.map(quoted).join(",")).join("\n");
  return new Blob([text], { type: "text/csv" });
}

/**
 * The table as it is seen, with its colours.
 * @param {HTMLTableElement} table @param {{rows: string[], columns: string[]}} names
 */
export async function asImage(table, { rows, columns }) {
  const look = getComputedStyle(table);
  const font = `${LETTERS}px ${look.fontFamily}`;
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  pen.font = font;
  const room = (names) => Math.ceil(Math.max(...names.map((name) => pen.measureText(titled(name)).width))) + 12;
  const [left, top] = [room(rows), room(columns)];
  const [width, height] = [left + CELL * columns.length + 8, top + CELL * rows.length + 8];
  Object.assign(canvas, { width: FINE * width, height: FINE * height });
  pen.scale(FINE, FINE);
  pen.fillStyle = getComputedStyle(document.body).backgroundColor;
  pen.fillRect(0, 0, width, height);
  Object.assign(pen, { font, textBaseline: "middle", fillStyle: look.color, textAlign: "right" });
  rows.forEach((name, i) => pen.fillText(titled(name), left - 6, top + (i + 0.5) * CELL));
  pen.textAlign = "left";
  columns.forEach((name, j) => {
    pen.save();
    pen.translate(left + (j + 0.5) * CELL, top - 6);
    pen.rotate(-Math.PI / 2);
    pen.fillText(titled(name), 0, 0);
    pen.restore();
  });
  for (const cell of table.querySelectorAll("td[data-at]")) {
    const [i, j] = cell.dataset.at.split(",").map(Number);
    const [x, y] = [left + j * CELL, top + i * CELL];
    pen.fillStyle = getComputedStyle(cell).backgroundColor;
    pen.fillRect(x + 0.5, y + 0.5, CELL - 1, CELL - 1);
    if (rows[i] !== columns[j]) continue;
    pen.strokeStyle = look.color;
    pen.strokeRect(x + 1, y + 1, CELL - 2, CELL - 2);
  }
  return new Promise((made) => { canvas.toBlob(made); });
}
