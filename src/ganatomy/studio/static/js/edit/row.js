/** One attribute: its padlock, its slider, its selectivity, and its score before and now. */
import { Icon } from "../icons.js";
import { directions, hold, measured } from "../models.js";
import { changeEdit, holds, moves, setMove } from "../state.js";
import { html, useComputed } from "../view.js";
import { signed, titled } from "../words.js";
import { highlighted, sliderId } from "./reach.js";
import { Score } from "./score.js";
import { Selectivity } from "./selectivity.js";

const STEP = 0.05;
const USUAL_LIMIT = 3;
const UNITS = { σ: "standard deviations" };

/**
 * @param {{name: string, all: string[], unit?: string, onTeach?: () => void, onForget?: () => void}} props
 *   all: what padlocks can hold
 */
export function Row({ name, all, unit = "", onTeach, onForget }) {
  const direction = directions.value.get(name);
  const strength = useComputed(() => moves.value[name] ?? 0).value;
  const linked = useComputed(() => highlighted.value === name).value;
  const limit = Math.max(direction?.limit ?? USUAL_LIMIT, Math.abs(strength));
  const middle = 50 + (50 * strength) / limit;
  const id = sliderId(name);
  const move = (event) => setMove(name, event.currentTarget.valueAsNumber, { gesture: `move ${name}`, event });
  const reset = (event) => setMove(name, 0, { event });
  const keys = (event) => {
    if (event.key !== "Delete" && event.key !== "Backspace") return;
    event.preventDefault();
    reset(event);
  };
  return html`
    <li class=${`row ${strength ? "moved" : ""} ${linked ? "highlighted" : ""}`}>
      ${direction && measured.value ? html`<${Padlock} name=${name} all=${all} />`
        : onTeach ? html`<${Small} icon="teach" label=${`Teach ${titled(name)} more`} onClick=${onTeach} />` : html`<span></span>`}
      <label class="name" for=${id}>${titled(name)}</label>
      <${Selectivity} direction=${direction} />
      <input id=${id} type="range" min=${-limit} max=${limit} step=${STEP} value=${strength}
        style=${{ "--from": `${Math.min(50, middle)}%`, "--to": `${Math.max(50, middle)}%` }}
        aria-valuetext=${`${signed(strength)} ${UNITS[unit] ?? "steps"}`} title="Double click puts it back to zero"
        onInput=${move} onDblClick=${reset} onKeyDown=${keys} />
      <output class="strength" for=${id}>${strength ? signed(strength) + unit : ""}</output>
      ${onForget && !strength
        ? html`<${Small} icon="close" label=${`Forget ${titled(name)}`} onClick=${onForget} />`
        : html`<${Small} icon="reset" label=${`${titled(name)} back to zero`} away=${!strength} onClick=${reset} />`}
      <${Score} name=${name} moved=${strength !== 0} />
    </li>`;
}

const Small = ({ icon, label, away = false, onClick }) => html`
  <button class=${`plain reset ${away ? "away" : ""}`} aria-label=${label} title=${label} disabled=${away} onClick=${onClick}>
    <${Icon} name=${icon} /></button>`;

/** An attribute that is scored and has no slider. */
export const Scored = ({ name }) => html`
  <li class="row scored"><span></span><span class="name">${titled(name)}</span>
    <${Score} name=${name} moved=${false} /></li>`;

function Padlock({ name, all }) {
  const held = useComputed(() => holds(hold.value, name)).value;
  const toggle = () => {
    const { every, except } = hold.value;
    const next = except.includes(name) ? except.filter((other) => other !== name) : [...except, name];
    // Each padlock opened by itself is nothing held, and each closed by itself is everything.
    const turned = all.every((other) => next.includes(other));
    changeEdit({ hold: turned ? { every: !every, except: [] } : { every, except: next } });
  };
  return html`
    <button class="padlock" aria-pressed=${held} aria-label=${`Hold ${titled(name)}`} onClick=${toggle}
      title=${held ? "Held while other sliders move" : "Free to move along"}>
      <${Icon} name=${held ? "locked" : "unlocked"} /></button>`;
}
