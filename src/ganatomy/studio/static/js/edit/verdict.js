/** What was moved in the image that is shown, and what else changed, in words; dimmed while a newer image is due. */
import { Icon } from "../icons.js";
import { before, changed, now } from "../images.js";
import { directions, hold, measured, panel } from "../models.js";
import { difference, swiped } from "../panes.js";
import { edit, holdsFirmly, moves, setFirm } from "../state.js";
import { html, useEffect, useState } from "../view.js";
import { listed, percent, points, titled } from "../words.js";
import { Here } from "./badge.js";
import { attributesOf } from "./goals.js";
import { Reading, readingLines } from "./reading.js";
import { RefineButton } from "./refine.js";
import { Variants } from "./variants.js";

/** Attributes that are named. */
const NAMED = 5;
/** Milliseconds without a change before a screen reader reads it. */
const REST = 700;

export function Verdict() {
  const moved = Object.keys(now.moves.value);
  const any = Object.keys(moves.value).length > 0;
  const meant = moved.flatMap(attributesOf);
  const others = changed.value.filter(([name]) => !meant.includes(name));
  const scored = Boolean(panel.value?.scorer);
  const judged = scored && now.scores.value && before.scores.value && moved.length > 0;
  const stale = now.due.value || before.due.value;
  const words = moved.map((name) => `${titled(name)} ${outcome(name)}`).join(", ");
  return html`
    <div class=${`verdict ${any && stale ? "stale" : ""}`}>
      ${!any ? html`<p class="quiet">${advice()}</p>` : html`
        <p class="done">${moved.map((name, i) => html`<span><b>${titled(name)}</b> ${outcome(name)}${i + 1 < moved.length ? "," : ""} </span>`)}
          ${judged && html`<${Here} ...${here(meant)} />`}</p>
        <p class="acts"><${RefineButton} /><${Looks} /><${Variants} /></p>
        ${judged && html`<${Chips} others=${others} />`}
        ${scored && !now.scores.value && html`<p class="quiet">Reading the image …</p>`}
        <${Reading} />`}
    </div>
    <${Aloud} text=${any && judged && !stale ? [`${words}.`, sentence(others), ...readingLines()].join(" ") : ""} />`;
}

/** The least change of what was moved, and those of all others, most first. */
function here(meant) {
  const [was, is] = [before.scores.value, now.scores.value];
  const by = (name) => is[name] - was[name];
  // Of classes, of which an image has one, the one that it had must go.
  const had = panel.value.exclusive && Object.keys(was).reduce((a, b) => (was[b] > was[a] ? b : a));
  const others = Object.keys(is).filter((name) => !meant.includes(name) && name !== had).map((name) => [name, by(name)]);
  return {
    own: Math.min(...meant.filter((name) => name in is).map((name) => Math.abs(by(name)))),
    others: others.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])),
  };
}

/** Ways to look at the change. */
function Looks() {
  const shown = swiped.value > 50;
  return html`
    <button class="plain" aria-pressed=${shown} title="Before and now in turn (B)" onClick=${() => { swiped.value = shown ? 0 : 100; }}>
      <${Icon} name="swipe" />Before</button>
    <button class="plain" aria-pressed=${difference.value} title="Where the image changed (D)"
      onClick=${() => { difference.value = !difference.value; }}><${Icon} name="heat" />Changes</button>`;
}

function Chips({ others }) {
  if (others.length === 0) return html`<p class="clean">Nothing else changed by 10 % or more.</p>`;
  const rest = others.length - NAMED;
  return html`
    <ul class="chips" aria-label="Also changed">
      <li class="quiet">Also changed</li>
      ${others.slice(0, NAMED).map(([name, by]) => html`<${Chip} key=${name} name=${name} by=${by} />`)}
      ${rest > 0 && html`<li class="quiet">and ${rest} more</li>`}
    </ul>`;
}

/** One attribute that changed; where sliders can hold it, a press holds it before all others. */
function Chip({ name, by }) {
  const words = html`${titled(name)} <b>${points(by)}</b>`;
  if (!measured.value || !directions.value.has(name)) return html`<li class="chip">${words}</li>`;
  const firm = holdsFirmly(edit.value, name);
  return html`<li><button class="chip" aria-pressed=${firm} onClick=${() => setFirm(name, !firm)}
    title=${firm ? "Held before all others, as far as this model allows" : "Hold it before all others"}>
    <${Icon} name=${firm ? "firm" : "locked"} />${words}</button></li>`;
}

function advice() {
  if (!panel.value) return "Choose an image while the sliders are being measured.";
  if (!measured.value) return "Move a slider and look at the image: no classifier scores the images of this model.";
  return hold.value.every
    ? "Move a slider. Other attributes are held; those that change all the same are named here."
    : "Move a slider: other attributes that change are named here. A closed padlock holds an attribute.";
}

function outcome(name) {
  const read = attributesOf(name).map((attribute) => [before, now].map(({ scores }) => scores.value?.[attribute]));
  if (read.length === 0 || read.flat().includes(undefined)) {
    const unit = name in { ...edit.value.taught, ...edit.value.own } ? "σ" : "steps";
    return `${now.moves.value[name] > 0 ? "+" : "−"}${Math.abs(now.moves.value[name])} ${unit}`;
  }
  return read.map(([was, is]) => `${percent(was)} → ${percent(is)}`).join(", ");
}

const sentence = (others) => (others.length === 0 ? "Nothing else changed by 10 % or more."
  : `Also changed: ${listed(others.slice(0, NAMED).map(([name, by]) => `${titled(name)} ${points(by)}`))}.`);

function Aloud({ text }) {
  const [shown, setShown] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setShown(text), REST);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<p class="unseen" role="status">${shown}</p>`;
}
