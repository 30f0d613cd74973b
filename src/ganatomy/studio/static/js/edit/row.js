/** One attribute: its padlock, its slider, how clean it is, and its score before and now. */
import { Icon } from "../icons.js";
import { before } from "../images.js";
import { notice } from "../panes.js";
import { directions, hold, measured, model } from "../models.js";
import { NumberField } from "../numberfield.js";
import { changeEdit, edit, holds, holdsFirmly, moves, setFirm, setMove } from "../state.js";
import { html, useComputed } from "../view.js";
import { signed, titled } from "../words.js";
import { Badge } from "./badge.js";
import { ranges } from "./ranges.js";
import { highlighted, sliderId } from "./reach.js";
import { Score } from "./score.js";
import { focusOn, stationed, Stations } from "./stations.js";

const STEP = 0.05;
const USUAL_LIMIT = 3;
const FARTHEST = 6;
const UNITS = { σ: "standard deviations" };
/** Scores from which on a slider has nothing more to do. */
const [FULL, EMPTY] = [0.99, 0.01];

/**
 * @param {{name: string, all: string[], unit?: string, onTeach?: () => void, onForget?: () => void}} props
 *   all: what padlocks can hold
 */
export function Row({ name, all, unit = "", onTeach, onForget }) {
  const direction = directions.value.get(name);
  const strength = useComputed(() => moves.value[name] ?? 0).value;
  const linked = useComputed(() => highlighted.value === name).value;
  const way = useComputed(() => stationed.value === name).value;
  const track = useTrack(name, direction, strength);
  const id = sliderId(name);
  const move = (event) => setMove(name, event.currentTarget.valueAsNumber, { gesture: `move ${name}`, event });
  const reset = (event) => setMove(name, 0, { event });
  const typed = (event) => {
    const value = event.currentTarget.valueAsNumber;
    if (Math.abs(value) <= FARTHEST) setMove(name, value, { event });
    else notice.value = { kind: "problem", text: `Sliders go from −${FARTHEST} to ${FARTHEST} steps.` };
  };
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
      ${direction ? html`<${Badge} name=${name} />` : html`<span class="badge none"></span>`}
      <input id=${id} type="range" min=${track.low} max=${track.high} step=${STEP} value=${strength} style=${track.style}
        aria-valuetext=${`${signed(strength)} ${UNITS[unit] ?? "steps"}`} title=${track.why}
        onInput=${move} onDblClick=${reset} onKeyDown=${keys} onFocus=${() => focusOn(name)} />
      <${NumberField} class="strength" step="0.1" min=${-FARTHEST} max=${FARTHEST} value=${strength || ""} placeholder="0"
        aria-label=${`${titled(name)}: ${UNITS[unit] ?? "steps"}`} onChange=${typed} />
      ${onForget && !strength
        ? html`<${Small} icon="close" label=${`Forget ${titled(name)}`} onClick=${onForget} />`
        : html`<${Small} icon="reset" label=${`${titled(name)} back to zero`} away=${!strength} onClick=${reset} />`}
      <${Score} name=${name} moved=${strength !== 0} />
      ${way && html`<${Stations} name=${name} low=${track.low} high=${track.high} />`}
    </li>`;
}

/** The ends of the track, its colours, and why they are so. */
function useTrack(name, direction, strength) {
  const limit = direction?.limit ?? USUAL_LIMIT;
  const ends = useComputed(() => (ranges.value[name] ?? []).join()).value.split(",").map(Number);
  const [first, rareLow, rareHigh, last] = ends.length === 4 ? ends : [-limit, -limit, limit, limit];
  const was = useComputed(() => before.scores.value?.[name]).value;
  const [low, high] = [Math.min(round(first), strength), Math.max(round(last), strength)];
  const at = (value) => `${(100 * (Math.min(high, Math.max(low, value)) - low)) / (high - low)}%`;
  const [full, empty] = [was >= FULL, was <= EMPTY];
  return {
    low, high,
    style: {
      "--zero": at(0), "--start": at(Math.min(0, strength)), "--end": at(Math.max(0, strength)),
      "--idle-low": empty ? at(0) : "0%", "--idle-high": full ? at(0) : "100%", "--rare-low": at(rareLow), "--rare-high": at(rareHigh),
    },
    why: `${full ? "It is fully there already. " : empty ? "It is not there at all. " : ""}${
      last < limit || first > -limit ? `The track ends where ${model.value.has_critic
        ? "codes of this model get rare, or images look unreal to its critic" : "codes of this model get rare"}. ` : ""}Double click: back to zero.`,
  };
}

// By a division, whose result is the nearest number to the decimal: browsers count steps from the track's start.
const round = (value) => Math.round(value / STEP) / (1 / STEP);

const Small = ({ icon, label, away = false, onClick }) => html`
  <button class=${`plain reset ${away ? "away" : ""}`} aria-label=${label} title=${label} disabled=${away} onClick=${onClick}>
    <${Icon} name=${icon} /></button>`;

/** An attribute that is scored and has no slider. */
export const Scored = ({ name }) => html`
  <li class="row scored"><span></span><span class="name">${titled(name)}</span>
    <${Score} name=${name} moved=${false} /></li>`;

const PADLOCKS = {
  unlocked: "Free to move along; press to hold it",
  locked: "Held while other sliders move; press to hold it before all others",
  firm: "Held before all others; press to let it free",
};

/** Free, held, held before all others, and free again. */
function Padlock({ name, all }) {
  const held = useComputed(() => holds(hold.value, name)).value;
  const firm = useComputed(() => holdsFirmly(edit.value, name)).value;
  const state = firm ? "firm" : held ? "locked" : "unlocked";
  const toggle = () => {
    if (held && !firm) return setFirm(name, true);
    if (firm && !held) return setFirm(name, false);
    const { every, except } = hold.value;
    const next = except.includes(name) ? except.filter((other) => other !== name) : [...except, name];
    // Each padlock opened by itself is nothing held, and each closed by itself is everything.
    const turned = all.every((other) => next.includes(other));
    return setFirm(name, false, { hold: turned ? { every: !every, except: [] } : { every, except: next } });
  };
  return html`
    <button class=${`padlock ${state}`} aria-pressed=${held || firm} onClick=${toggle} title=${PADLOCKS[state]}
      aria-label=${`Hold ${titled(name)}${firm ? " firmly" : ""}`}><${Icon} name=${state} /></button>`;
}
