/** In words: what was moved, and what else moved with it. */
import { Icon } from "../icons.js";
import { hold, measured, panel } from "../models.js";
import { before, changed, now } from "../images.js";
import { swiped } from "../panes.js";
import { edit, holdsEvery, moves } from "../state.js";
import { html, useEffect, useState } from "../view.js";
import { listed, share, signed, titled } from "../words.js";

/** Named in the sentence; the bars say the rest. */
const NAMED = 3;
/** Said aloud only when the hand rests. */
const REST = 700;
const AS_FAR = "Held as far as this model allows; smaller steps move them less.";

export function Verdict() {
  const moved = Object.keys(moves.value);
  const others = changed.value.filter(([name]) => !moved.includes(name));
  const scored = Boolean(panel.value?.scorer);
  const judged = scored && now.scores.value && before.scores.value;
  const words = moved.map((name) => `${titled(name)} ${outcome(name)}`).join(", ");
  return html`
    <div class="verdict">
      ${moved.length === 0 ? html`<p class="quiet">${advice()}</p>` : html`
        <p class="done">
          ${moved.map((name) => html`<span><b>${titled(name)}</b> ${outcome(name)}</span> `)}
          <${BeforeButton} />
        </p>
        ${judged && html`<p class=${others.length ? "also" : "clean"}>${sentence(others)}</p>`}
        ${judged && others.length > 0 && holdsEvery(hold.value) && measured.value && html`<p class="quiet as-far">${AS_FAR}</p>`}
        ${scored && !now.scores.value && html`<p class="quiet">Its scores are still to come.</p>`}`}
    </div>
    <${Aloud} text=${moved.length ? `${words}. ${judged ? sentence(others) : ""}` : ""} />`;
}

function BeforeButton() {
  const shown = swiped.value > 50;
  return html`
    <button class="plain" aria-pressed=${shown} title="Before and now in turn (B)" onClick=${() => { swiped.value = shown ? 0 : 100; }}>
      <${Icon} name="swipe" />Before</button>`;
}

function advice() {
  if (!panel.value) return "Look around with the seeds until the sliders are there.";
  if (!measured.value) return "Move a slider, and look at what changes: nothing scores the images of this model.";
  return holdsEvery(hold.value)
    ? "Move a slider. Every other attribute is held, and whatever moves all the same is named here."
    : "Move a slider: whatever else moves is named here. A closed padlock holds an attribute.";
}

function outcome(name) {
  const [was, is] = [before.scores.value?.[name], now.scores.value?.[name]];
  return was === undefined || is === undefined ? signed(moves.value[name]) + (name in { ...edit.value.taught, ...edit.value.own } ? " σ" : " steps") : `${share(was)} → ${share(is)}`;
}

function sentence(others) {
  if (others.length === 0) return "Nothing else moved by .10 or more.";
  const named = others.slice(0, NAMED).map(([name, by]) => `${titled(name)} ${signed(by)}`);
  const rest = others.length - named.length;
  return `Also moved: ${listed(rest ? [...named, `${rest} more`] : named)}.`;
}

function Aloud({ text }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(text), REST);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<p class="unseen" role="status">${said}</p>`;
}
