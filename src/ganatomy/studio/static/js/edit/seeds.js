/** Chooses the image: its seed, the next ones, a random one. */
import { Icon } from "../icons.js";
import { besides } from "../keys.js";
import { notice, photographOpen } from "../panes.js";
import { changeEdit, edit, MOST_SEED, randomSeed, seedOf } from "../state.js";
import { html } from "../view.js";
import { isKept, keepFace } from "./tray.js";

const WHOLE = `A seed is a whole number from 0 to ${MOST_SEED}.`;
const NO_SEED = "This image was not drawn from a seed; entering one shows another image.";

export function SeedBar() {
  const { codes } = edit.value;
  const seed = seedOf(codes);
  const set = (event) => {
    const value = event.currentTarget.valueAsNumber;
    if (!Number.isInteger(value) || value < 0 || value > MOST_SEED) return;
    changeEdit({ codes: { seeds: [value] } }, { gesture: "seed", event });
    if (notice.value?.text === WHOLE) notice.value = null;
  };
  // The field keeps valid seeds only.
  const leave = (event) => {
    const { value, validity } = event.currentTarget;
    if ((value || validity.badInput) && Number(value) !== seedOf(edit.value.codes)) notice.value = { kind: "problem", text: WHOLE };
    event.currentTarget.value = seedOf(edit.value.codes) ?? "";
  };
  const random = () => changeEdit({ codes: { seeds: [randomSeed()] } });
  const photo = () => { photographOpen.value = true; };
  return html`
    <div class="seeds" role="group" aria-label="Which image">
      <button class="earlier" aria-label="Previous seed" title="Previous seed ([)" disabled=${seed === 0} onClick=${() => besides(-1)}>
        <${Icon} name="previous" /></button>
      <label><span>Seed</span>
        <input type="number" min="0" max=${MOST_SEED} value=${seed ?? ""} placeholder=${origin(codes)}
          inputmode="numeric" title=${seed === null ? NO_SEED : WHOLE} onInput=${set} onBlur=${leave} /></label>
      <button aria-label="Next seed" title="Next seed (])" onClick=${() => besides(1)}><${Icon} name="next" /></button>
      <button class="keep" aria-label="Keep this face" aria-pressed=${isKept()} title="Keep this face with its sliders" onClick=${keepFace}><${Icon} name="star" /></button>
      <button aria-label="Photograph" title="Edit a photograph" onClick=${photo}><${Icon} name="photograph" /><span>Photograph</span></button>
      <button aria-label="Random" title="A random image (R)" onClick=${random}><${Icon} name="dice" /><span>Random</span></button>
    </div>`;
}

/** Where the code of an image without a seed comes from. */
const origin = (codes) => (codes.sum ? "a sum" : codes.photographs ? "photo" : codes.values ? "none" : "several");
