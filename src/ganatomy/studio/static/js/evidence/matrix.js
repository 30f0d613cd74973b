/** The matrix of changes as a table whose cells are colours; whoever points at one, or goes there by keys, reads it in words. */
import { goToSlider } from "../edit/reach.js";
import { html, useMemo, useRef, useState } from "../view.js";
import { signed, titled } from "../words.js";

const WAYS = { held: "everything else held", alone: "nothing held" };

export function Matrix({ panel }) {
  const [way, setWay] = useState("held");
  const [at, setAt] = useState(null);
  const table = useRef(null);
  const rows = panel.directions.map(({ name }) => name);
  const columns = useMemo(() => {
    // Columns in the order of the rows, so that a clean panel shows as a diagonal.
    const own = rows.filter((name) => panel.attributes.includes(name));
    return [...own, ...panel.attributes.filter((name) => !own.includes(name))];
  }, [panel]);
  const places = useMemo(() => columns.map((name) => panel.attributes.indexOf(name)), [columns]);
  const values = panel.changes[way];
  const top = panel.target_change;
  const value = (i, j) => values[i]?.[places[j]] ?? 0;

  const show = (event) => {
    const cell = event.target.closest?.("td[data-at]");
    if (cell) setAt(cell.dataset.at.split(",").map(Number));
  };
  const keys = (event) => {
    const by = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!by) return;
    event.preventDefault();
    const [i, j] = at ?? [0, 0];
    const next = [Math.min(rows.length - 1, Math.max(0, i + by[0])), Math.min(columns.length - 1, Math.max(0, j + by[1]))];
    table.current.querySelector(`[data-at="${next}"]`)?.focus();
  };
  return html`
    <section class="matrix">
      <h2>What one step changes</h2>
      <div class="toolbar">
        <div class="holding" role="group" aria-label="How it was moved">${Object.entries(WAYS).map(([name, words]) => html`
          <button class="plain" aria-pressed=${way === name} onClick=${() => setWay(name)}>${words}</button>`)}</div>
        <span class="scale" aria-hidden="true">${signed(-top)} <span>${[-4, -3, -2, -1, 0, 1, 2, 3, 4].map((k) => html`<i class=${shade(k * top / 4, top)}></i>`)}</span> ${signed(top)}</span>
      </div>
      <p class="reading">${at ? html`One step of <b>${titled(rows[at[0]])}</b> changes <b>${titled(columns[at[1]])}</b> by <b>${signed(value(...at))}</b>, with ${WAYS[way]}.`
        : html`Each row is a slider, each column an attribute; red is more, blue is less. A clean slider has colour on the diagonal only. Point at a cell, or go there with the arrow keys.`}</p>
      <div class="scroll">
        <table ref=${table} role="grid" aria-label=${`Mean change of each attribute by one step of each slider, ${WAYS[way]}`} onPointerOver=${show} onFocusIn=${show} onKeyDown=${keys}>
          <thead><tr><td></td>${columns.map((name) => html`<th scope="col" role="columnheader"><span>${titled(name)}</span></th>`)}</tr></thead>
          <${Body} key=${way} rows=${rows} columns=${columns} value=${value} top=${top} way=${way} />
        </table>
      </div>
    </section>`;
}

/** Kept as it is while somebody points at cells: a thousand of them need not be drawn again. */
function Body({ rows, columns, value, top, way }) {
  return useMemo(() => html`
    <tbody>${rows.map((row, i) => html`
      <tr><th scope="row" role="rowheader"><a href="#edit" onClick=${(event) => { event.preventDefault(); goToSlider(row); }}>${titled(row)}</a></th>
        ${columns.map((column, j) => html`<td role="gridcell" tabindex=${i || j ? -1 : 0} data-at=${`${i},${j}`} class=${`${shade(value(i, j), top)} ${row === column ? "own" : ""}`}><span class="unseen">${signed(value(i, j))}</span></td>`)}</tr>`)}</tbody>`, [rows.join(), columns, way]);
}

/** One of nine steps of colour, "less4" to "more4"; the eye tells no more of them apart in a cell. */
function shade(value, top) {
  const step = Math.max(-4, Math.min(4, Math.round((4 * value) / top)));
  return step === 0 ? "shade none" : `shade ${step < 0 ? "less" : "more"}${Math.abs(step)}`;
}
