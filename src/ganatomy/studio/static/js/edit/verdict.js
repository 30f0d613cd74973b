/** What was moved, and what else changed, in words. */
import { Icon } from "../icons.js";
import { hold, measured, panel } from "../models.js";
import { before, changed, now } from "../images.js";
import { swiped } from "../panes.js";
import { edit, holdsEvery, moves } from "../state.js";
import { html, useEffect, useState } from "../view.js";
import { listed, share, signed, titled } from "../words.js";
import { attributeOf } from "./goal.js";
import { Reading, readingLines } from "./reading.js";

/** Attributes that the sentence names. */
const NAMED = 3;
/** Milliseconds without a change before a screen reader reads it. */
const REST = 700;
const AS_FAR = "They are held as far as this model allows; smaller steps change them less.";

export function Verdict() {
  const moved = Object.keys(moves.value);
  const meant = moved.map(attributeOf);
  const others = changed.value.filter(([name]) => !meant.includes(name));
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
        <${Reading} />
        ${judged && html`<p class=${others.length ? "also" : "clean"}>${sentence(others)}</p>`}
        ${judged && others.length > 0 && holdsEvery(hold.value) && measured.value && html`<p class="quiet as-far">${AS_FAR}</p>`}
        ${scored && !now.scores.value && html`<p class="quiet">Computing its scores …</p>`}`}
    </div>
    <${Aloud} text=${moved.length ? `${words}. ${[...(judged ? [sentence(others)] : []), ...readingLines()].join(" ")}` : ""} />`;
}

function BeforeButton() {
  const shown = swiped.value > 50;
  return html`
    <button class="plain" aria-pressed=${shown} title="Before and now in turn (B)" onClick=${() => { swiped.value = shown ? 0 : 100; }}>
      <${Icon} name="swipe" />Before</button>`;
}

function advice() {
  if (!panel.value) return "Choose a seed while the sliders are being measured.";
  if (!measured.value) return "Move a slider and look at the image: no classifier scores the images of this model.";
  return holdsEvery(hold.value)
    ? "Move a slider. All other attributes are held; those that change nevertheless are named here."
    : "Move a slider: other attributes that change are named here. A closed padlock holds an attribute.";
}

function outcome(name) {
  const [was, is] = [before, now].map(({ scores }) => scores.value?.[attributeOf(name)]);
  return was === undefined || is === undefined ? signed(moves.value[name]) + (name in { ...edit.value.taught, ...edit.value.own } ? " σ" : " steps") : `${share(was)} → ${share(is)}`;
}

function sentence(others) {
  if (others.length === 0) return "Nothing else changed by .10 or more.";
  const named = others.slice(0, NAMED).map(([name, by]) => `${titled(name)} ${signed(by)}`);
  const rest = others.length - named.length;
  return `Also changed: ${listed(rest ? [...named, `${rest} more`] : named)}.`;
}

function Aloud({ text }) {
  const [shown, setShown] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setShown(text), REST);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<p class="unseen" role="status">${shown}</p>`;
}
