/** The matrix of changes as a table of colours; the cell under the pointer or the focus is read in words. */
import { save } from "../api.js";
import { goToSlider } from "../edit/reach.js";
import { Icon } from "../icons.js";
import { measuredScene } from "../scenes.js";
import { Thumb } from "../thumbs.js";
import { html, useMemo, useRef, useState } from "../view.js";
import { points, titled } from "../words.js";
import { asImage, asTable } from "./matrixfiles.js";

const HELD = { held: "everything else held", alone: "nothing held" };
const ARROWS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
/** Steps of colour to either side; more could not be distinguished in a cell. */
const SHADES = 4;
/** Seeds of example images. */
const EXAMPLES = [3, 11, 24, 42];

export function Matrix({ panel }) {
  const [how, setHow] = useState(panel.directions.some(({ best }) => best === "held") ? "held" : "alone");
  const [at, setAt] = useState(null);
  const [shown, setShown] = useState("");
  const table = useRef(null);
  const rows = useMemo(() => panel.directions.map(({ name }) => name), [panel]);
  // Columns in the order of the rows, so that selective sliders show as a diagonal.
  const columns = useMemo(() => {
    const own = rows.filter((name) => panel.attributes.includes(name));
    return [...own, ...panel.attributes.filter((name) => !own.includes(name))];
  }, [panel]);
  const [values, margins] = useMemo(() => {
    const places = columns.map((name) => panel.attributes.indexOf(name));
    return [panel.changes, panel.margins].map((all) => all[how].map((row) => places.map((place) => row[place])));
  }, [panel, how]);
  const names = { rows, columns };
  const file = (ending) => `${panel.model}-changes-${how}.${ending}`;
  const image = async () => save({ blob: await asImage(table.current, names), name: file("png") });
  const top = panel.target_change;

  const show = (event) => {
    const cell = event.target.closest?.("td[data-at]");
    if (cell) setAt(cell.dataset.at.split(",").map(Number));
  };
  const keys = (event) => {
    if (!ARROWS[event.key]) return;
    event.preventDefault();
    const [i, j] = [0, 1].map((axis) => Math.max(0, (at ?? [0, 0])[axis] + ARROWS[event.key][axis]));
    table.current.querySelector(`[data-at="${Math.min(i, rows.length - 1)},${Math.min(j, columns.length - 1)}"]`)?.focus();
  };
  return html`
    <section class="matrix">
      <h2>What one step changes</h2>
      <div class="toolbar">
        <div class="holding" role="group" aria-label="What is held">
          ${Object.entries(HELD).map(([name, words]) => html`
            <button class="plain" aria-pressed=${how === name} onClick=${() => setHow(name)}>${words}</button>`)}
        </div>
        <${Scale} top=${top} />
        <span class="takes">
          <button class="plain" onClick=${() => save({ blob: asTable(names, values, margins), name: file("csv") })}><${Icon} name="export" />CSV</button>
          <button class="plain" onClick=${image}><${Icon} name="export" />PNG</button>
        </span>
      </div>
      <p class="reading">${at ? html`
        One step of <b>${titled(rows[at[0]])}</b> changes <b>${titled(columns[at[1]])}</b> by
        ${" "}<b>${points(values[at[0]][at[1]])}</b>${between(values, margins, at)}, with ${HELD[how]}.` : html`
        Each row is a slider, each column an attribute; red is more, blue is less. A selective slider has colour on the
        diagonal only. Point at a cell, or go there with the arrow keys; a click shows examples.`}</p>
      ${shown && html`<${Examples} name=${shown} how=${how} />`}
      <div class="scroll">
        <table ref=${table} role="grid" aria-label=${`Mean change of each attribute by one step of each slider, ${HELD[how]}`}
          onClick=${(event) => { const cell = event.target.closest?.("td[data-at]"); if (cell) setShown(rows[cell.dataset.at.split(",")[0]]); }}
          onPointerOver=${show} onFocusIn=${show} onKeyDown=${keys}>
          <thead><tr><td></td>${columns.map((name) => html`
            <th scope="col" role="columnheader"><span>${titled(name)}</span></th>`)}</tr></thead>
          <${Body} rows=${rows} columns=${columns} values=${values} top=${top} />
        </table>
      </div>
    </section>`;
}

/** The interval of a cell in words; attributes that too few images have were not measured that closely. */
function between(values, margins, [i, j]) {
  if (margins[i][j] === null) return "";
  const [low, high] = [-1, 1].map((side) => points(values[i][j] + side * margins[i][j]));
  return ` (95 % interval ${low} to ${high})`;
}

/** One step of a slider in some images. */
const Examples = ({ name, how }) => html`
  <ul class="examples" aria-label=${`One step of ${titled(name)} in ${EXAMPLES.length} images`}>${EXAMPLES.map((seed) => {
    const start = measuredScene(seed);
    return html`<li key=${`${seed} ${name} ${how}`}><${Thumb} scene=${start} /><${Thumb} scene=${{ ...start, moves: { [name]: 1 }, hold: how === "held" ? "all" : [] }} /></li>`;
  })}</ul>`;

/** Not drawn again while the pointer moves over its cells. */
const Body = ({ rows, columns, values, top }) => useMemo(() => html`
  <tbody>${rows.map((row, i) => html`
    <tr>
      <th scope="row" role="rowheader"><button class="plain" onClick=${() => goToSlider(row)}>${titled(row)}</button></th>
      ${columns.map((column, j) => html`
        <td role="gridcell" tabindex=${i || j ? -1 : 0} data-at=${`${i},${j}`}
          class=${`shade ${shade(values[i][j], top)} ${row === column ? "own" : ""}`}>
          <span class="unseen">${points(values[i][j])}</span></td>`)}
    </tr>`)}</tbody>`, [rows, columns, values]);

const Scale = ({ top }) => html`
  <span class="scale" aria-hidden="true">${points(-top)}
    <span>${Array.from({ length: 2 * SHADES + 1 }, (_, k) => html`
      <i class=${`shade ${shade(((k - SHADES) / SHADES) * top, top)}`}></i>`)}</span>
    ${points(top)}</span>`;

/** "less4" to "more4", or "none". */
function shade(value, top) {
  const step = Math.max(-SHADES, Math.min(SHADES, Math.round((SHADES * value) / top)));
  return step === 0 ? "none" : `${step < 0 ? "less" : "more"}${Math.abs(step)}`;
}
