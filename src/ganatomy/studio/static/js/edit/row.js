/** One attribute: its padlock, its slider, how clean it is, and its score before and now. */
import { Icon } from "../icons.js";
import { directions } from "../models.js";
import { before, NOTICEABLE, now } from "../pictures.js";
import { changeEdit, hold, holds, holdsEvery, moves, setMove } from "../state.js";
import { html, useComputed } from "../view.js";
import { share, signed, titled } from "../words.js";
import { sliderId } from "./reach.js";

const STEP = 0.05;
/** Selectivity at which its small bar is full. */
const CLEANEST = 20;

/** @param {{name: string, all: string[], unit?: string, onForget?: () => void}} props all: what a padlock can hold */
export function Row({ name, all, unit = "", onForget }) {
  const direction = directions.value.get(name);
  const strength = useComputed(() => moves.value[name] ?? 0).value;
  const limit = Math.max(direction?.limit ?? 3, Math.abs(strength));
  const id = sliderId(name);
  const move = (event) => setMove(name, event.currentTarget.valueAsNumber, { gesture: `move ${name}`, event });
  const reset = (event) => setMove(name, 0, { event });
  const keys = (event) => {
    if (event.key !== "Delete" && event.key !== "Backspace") return;
    event.preventDefault();
    reset(event);
  };
  const middle = 50 + (50 * strength) / limit;
  return html`
    <li class=${`row ${strength ? "moved" : ""}`}>
      ${direction ? html`<${Padlock} name=${name} all=${all} />` : html`<span></span>`}
      <label class="name" for=${id}>${titled(name)}</label>
      <${Cleanness} direction=${direction} />
      <input id=${id} type="range" min=${-limit} max=${limit} step=${STEP} value=${strength}
        style=${{ "--from": `${Math.min(50, middle)}%`, "--to": `${Math.max(50, middle)}%` }}
        aria-valuetext=${`${signed(strength)} ${unit === "σ" ? "standard deviations" : "steps"}`}
        title="Double click puts it back to zero" onInput=${move} onDblClick=${reset} onKeyDown=${keys} />
      <output class="strength" for=${id}>${strength ? signed(strength) + unit : ""}</output>
      ${onForget && !strength ? html`<button class="plain reset" aria-label=${`Forget ${titled(name)}`} title="Forget" onClick=${onForget}><${Icon} name="close" /></button>`
        : html`<button class=${`plain reset ${strength ? "" : "away"}`} aria-label=${`${titled(name)} back to zero`} title="Back to zero" disabled=${!strength} onClick=${reset}><${Icon} name="reset" /></button>`}
      <${Score} name=${name} moved=${strength !== 0} />
    </li>`;
}

/** An attribute that the scorer sees and no direction moves. */
export const Watched = ({ name }) => html`
  <li class="row watched"><span></span><span class="name">${titled(name)}</span><${Score} name=${name} moved=${false} /></li>`;

function Padlock({ name, all }) {
  const held = useComputed(() => holds(hold.value, name)).value;
  const toggle = () => {
    const { every, except } = hold.value;
    const next = except.includes(name) ? except.filter((other) => other !== name) : [...except, name];
    // Each padlock opened by itself is nothing held, and each closed by itself is everything.
    const turned = all.every((other) => next.includes(other));
    changeEdit({ hold: turned ? { every: !every, except: [] } : { every, except: next } });
  };
  return html`<button class="padlock" aria-pressed=${held} aria-label=${`Hold ${titled(name)}`} onClick=${toggle}
    title=${held ? "Held while other sliders move" : "Free to move along"}><${Icon} name=${held ? "locked" : "unlocked"} /></button>`;
}

/** How many times as much as others a slider moves its own attribute, held or alone as the padlocks are. */
function Cleanness({ direction }) {
  const how = holdsEvery(hold.value) ? "held" : "alone";
  const measured = direction?.selectivity?.[how];
  if (!measured) return html`<span class="clean-badge"></span>`;
  const [value, low, high] = measured;
  const words = `Moves its own attribute ${value.toFixed(1)} times as much as the others (95 % interval ${low.toFixed(1)} to ${high.toFixed(1)}), `
    + (how === "held" ? "when everything else is held." : "when nothing is held.")
    + (direction.reached === false ? " It did not reach its full change: one step is as far as was measured." : "");
  const full = Math.min(1, Math.log(Math.max(1, value)) / Math.log(CLEANEST));
  return html`<span class=${`clean-badge ${direction.reached === false ? "weak" : ""}`} title=${words}>
    <span class="gauge" aria-hidden="true"><i style=${{ width: `${100 * full}%` }}></i></span>
    <span aria-hidden="true">×${value < 9.95 ? value.toFixed(1) : Math.round(value)}</span><span class="unseen">${words}</span></span>`;
}

function Score({ name, moved }) {
  const is = now.scores.value?.[name];
  if (is === undefined) return html`<span class="score"></span>`;
  const was = before.scores.value?.[name] ?? is;
  const by = is - was;
  const noticed = !moved && Math.abs(by) >= NOTICEABLE;
  return html`
    <span class=${`score ${noticed ? "noticed" : ""}`}>
      <span class="track" aria-hidden="true"><i class="level" style=${{ width: `${100 * is}%` }}></i><i class="was" style=${{ left: `${100 * was}%` }}></i></span>
      <span class="number"><span class="unseen">${titled(name)} was ${share(was)}, is </span>${share(is)}</span>
      <span class="by">${Math.abs(by) >= 0.005 ? signed(by) : ""}</span>
    </span>`;
}
