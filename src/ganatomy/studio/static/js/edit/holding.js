/** What is held while a slider moves: by default what was measured to be cleaner, with a line that says why. */
import { Icon } from "../icons.js";
import { directions, hold, panel } from "../models.js";
import { changeEdit, edit, HOLD_EVERY, HOLD_NOTHING, holdsEvery, moves } from "../state.js";
import { html } from "../view.js";
import { listed, titled } from "../words.js";
import { times } from "./badge.js";

/** Why a step is in doubt, which comes before how clean it is. */
const BECAUSE = { short: "it changes too little", unconfirmed: "the judge does not confirm it", unusual: "codes get rare" };

export function Holding() {
  const own = edit.value.hold;
  const nothing = own && !own.every && own.except.length === 0;
  const choice = (name, title, icon, pressed, next) => html`
    <button class="plain" aria-pressed=${pressed} title=${title} onClick=${() => changeEdit({ hold: next, firm: [] })}>
      ${icon && html`<${Icon} name=${icon} />`}${name}</button>`;
  return html`
    <div class="hold">
      <div class="holding" role="group" aria-label="Hold">
        ${choice("Hold what helps", "For each slider what was measured to be cleaner", null, own === null, null)}
        ${choice("Everything", "Hold all attributes that are not moved (L)", "locked", Boolean(own) && holdsEvery(own), HOLD_EVERY)}
        ${choice("Nothing", "Hold nothing (L)", "unlocked", Boolean(nothing), HOLD_NOTHING)}
      </div>
      <p class="quiet">${[why(), firmly()].filter(Boolean).join(" ")}</p>
    </div>`;
}

const firmly = () => edit.value.firm.length > 0 && `Before all others: ${listed(edit.value.firm.map(titled))}.`;

function why() {
  const name = Object.keys(moves.value).findLast((one) => directions.value.has(one));
  if (!name) return edit.value.hold === null ? "" : "A closed padlock holds its attribute.";
  const { measured, best } = directions.value.get(name);
  const { held, alone } = measured;
  if (held.value == null || alone.value == null) return "";
  const [holding, better, other, others] = best === "held" ? ["holding", held, alone, "nothing held"]
    : ["holding nothing", alone, held, "all others held"];
  const reason = panel.value.exclusive ? "nothing is held by default, because an image has one of these classes"
    : better.value >= other.value ? `${holding} is cleaner in this model (${times(held.value)} with all others held, ${
      times(alone.value)} with nothing held)`
      : `${holding} is better in this model: with ${others} ${BECAUSE[other.doubt]}`;
  const given = edit.value.hold === null || (hold.value.every === (best === "held"));
  return `${titled(name)}: ${reason}${given ? "." : "; you chose otherwise."}`;
}
