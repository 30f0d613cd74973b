/**
 * Refining: the image is optimised to the scores that the sliders reach, with the padlocks held, which changes the other
 * attributes less. Without a moved slider a score is chosen.
 */
import { Icon } from "../icons.js";
import { before, now } from "../images.js";
import { forget, request } from "../live.js";
import { connected, measured, panel } from "../models.js";
import { sceneOf, sceneText } from "../scenes.js";
import { changeEdit, edit, moves } from "../state.js";
import { SheetCell } from "../sheets.js";
import { Thumb } from "../thumbs.js";
import { effect, html, signal, useSignal } from "../view.js";
import { percent, titled } from "../words.js";
import { attributesOf } from "./goals.js";

const SLOT = "refine";
/** Probabilities that can be reached. */
const [LEAST, MOST] = [0.02, 0.98];

/** {base, share, sheet, found, problem, to}: what is refined, how far it is, and what came of it. */
export const refining = signal(null);

/** Another image, or other sliders, make the comparison old. */
export function followRefine() {
  effect(() => { sceneText.value; connected.value; drop(); });
}

export function drop() {
  if (!refining.peek()) return;
  if (!refining.peek().found) request(SLOT, { kind: "stop" }, {});
  refining.peek().sheet?.bitmap.close();
  refining.value = null;
  forget(SLOT);
}

/** Refines the image; @param {Object<string, number>} to   probability by attribute */
export function refine(to) {
  drop();
  const patch = (more) => { if (refining.peek()) refining.value = { ...refining.peek(), ...more }; };
  refining.value = { share: 0, to, sheet: null, found: null, problem: "" };
  request(SLOT, { kind: "refine", scenes: [JSON.parse(sceneText.peek())], to }, {
    image: (bitmap, header) => {
      if (!refining.peek()) return bitmap.close();
      const old = refining.peek().sheet;
      patch({ sheet: { ...header, bitmap } });
      old?.bitmap.close();
    },
    facts: (message) => patch(message.kind === "refined" ? { found: message, share: 1 } : { share: message.done / message.total }),
    failed: (problem) => patch({ problem, share: 1 }),
  });
}

/** The scores that the sliders reach, for attributes that are scored. */
export const goals = () => Object.fromEntries(Object.keys(moves.value).flatMap(attributesOf)
  .filter((name) => now.scores.value?.[name] !== undefined)
  .map((name) => [name, Math.round(100 * Math.min(MOST, Math.max(LEAST, now.scores.value[name]))) / 100]));

/** The edit with a guided slider in the place of those that it replaces. */
export function refined(edit, to, name, direction) {
  const left = Object.entries(edit.moves).filter(([moved]) => !attributesOf(moved).some((one) => one in to));
  return { ...edit, own: { ...edit.own, [name]: direction }, moves: { ...Object.fromEntries(left), [name]: 1 } };
}

export function RefineButton() {
  const to = goals();
  if (!measured.value || Object.keys(to).length === 0) return null;
  const running = refining.value && !refining.value.found && !refining.value.problem;
  return html`
    <button class="plain refine" disabled=${now.due.value && !running} onClick=${() => (running ? drop() : refine(to))}
      title="Reach the same scores by an edit that changes the other attributes less; it takes some seconds">
      ${running ? html`<${Ring} share=${refining.value.share} />Stop` : html`<${Icon} name="refine" />Refine`}</button>`;
}

export const Ring = ({ share }) => html`
  <svg class="ring" viewBox="0 0 20 20" role="progressbar" aria-label="Refining" aria-valuemin="0" aria-valuemax="100"
    aria-valuenow=${Math.round(100 * share)}><circle cx="10" cy="10" r="8" /><circle cx="10" cy="10" r="8" pathLength="100"
    stroke-dasharray=${`${Math.max(4, 100 * share)} 100`} /></svg>`;

/** Before, slider and refined, side by side. */
export function Refined() {
  const { sheet, found, problem, to } = refining.value ?? {};
  if (!refining.value) return null;
  const direction = found?.directions[0];
  const use = () => changeEdit(refined(edit.value, to, found.name, direction));
  const moved = Object.keys(moves.value).length > 0;
  // The search follows the classifier, and the judge may see nothing of what it gains.
  const better = !moved || (found && found.refined.others < found.slider.others);
  return html`
    <section class="refined" aria-label="Refined edit">
      <ul>
        <${Third} title="Before" own=${found?.before}><${Thumb} scene=${sceneOf({ ...edit.value, moves: {} })} /><//>
        ${moved && html`
          <${Third} title="Slider" own=${found?.slider.own} others=${found?.slider.others}><${Thumb} scene=${JSON.parse(sceneText.value)} /><//>`}
        <${Third} title="Refined" own=${found?.refined.own} others=${found?.refined.others}>
          ${sheet ? html`<${SheetCell} sheet=${sheet} index=${0} />` : html`<span class="thumb"></span>`}<//>
      </ul>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${found && !direction && html`<p class="quiet">The image is there already, or no edit brings it nearer.</p>`}
      ${direction && !better && html`<p class="quiet">The sliders are as clean here.</p>`}
      <p class="acts">${direction && html`<button class=${better ? "main" : ""} onClick=${use}>Use refined</button>`}
        <button class="plain" onClick=${drop}>${found || problem ? "Keep the sliders" : "Stop"}</button></p>
      ${found && html`<p class="quiet" role="status">Scores by the ${found.reader}; below, by how much the other attributes changed on average.</p>`}
    </section>`;
}

const Third = ({ title, own, others, children }) => html`
  <li>${children}<b>${title}</b>
    ${own && Object.entries(own).map(([name, score]) => html`<span>${titled(name)} ${percent(score)}</span>`)}
    ${others !== undefined && html`<span class="quiet">others ${percent(others, 1)}</span>`}</li>`;

/** A score to reach without a slider. */
export function Goal() {
  const name = useSignal(""), to = useSignal(0.9);
  if (!measured.value) return null;
  const chosen = name.value || panel.value.attributes[0];
  const is = before.scores.value?.[chosen];
  return html`
    <details class="finer">
      <summary>More: reach a score</summary>
      <div class="field goal">
        <label for="goal-of">Attribute</label>
        <select id="goal-of" value=${chosen} onChange=${(event) => { name.value = event.currentTarget.value; }}>
          ${panel.value.attributes.map((one) => html`<option value=${one}>${titled(one)}</option>`)}</select>
        <label for="goal-to">Score</label>
        <input id="goal-to" type="range" min=${LEAST} max=${MOST} step="0.02" value=${to.value}
          onInput=${(event) => { to.value = event.currentTarget.valueAsNumber; }} />
        <output for="goal-to">${percent(to.value)}</output>
        <button onClick=${() => refine({ [chosen]: to.value })}>Reach it</button>
        <p class="quiet">The image is optimised, with the padlocks held${is === undefined ? "" : `; it is at ${percent(is)} now`}.</p>
      </div>
    </details>`;
}
