/** The key images of a walk, in their order. */
import { Icon } from "../icons.js";
import { sceneOf } from "../scenes.js";
import { change, changeWalk, freshEdit, randomSeed, seedOf, state, withoutSpare, withSliders } from "../state.js";
import { Thumb } from "../thumbs.js";
import { html } from "../view.js";

const MOST_KEYS = 12;

/** @param {{keys: import("../state.js").Edit[]}} props */
export function Strip({ keys }) {
  const set = (next) => changeWalk({ keys: next });
  const swap = (i, j) => set(keys.map((key, k) => (k === i ? keys[j] : k === j ? keys[i] : key)));
  const drop = (event, to) => {
    const from = Number.parseInt(event.dataTransfer.getData("text/plain"), 10);
    if (!(from in keys)) return;
    event.preventDefault();
    set(keys.toSpliced(from, 1).toSpliced(to, 0, keys[from]));
  };
  const full = keys.length >= MOST_KEYS;
  const { edit } = state.value;
  const random = () => ({ ...freshEdit(randomSeed()), psi: edit.psi, label: edit.label });
  return html`
    <ol class="strip" aria-label="Key images">
      ${keys.map((key, i) => html`
        <li key=${`${i} ${JSON.stringify(key)}`} draggable="true" onDragStart=${(event) => event.dataTransfer.setData("text/plain", i)}
          onDragOver=${(event) => event.preventDefault()} onDrop=${(event) => drop(event, i)}>
          <button class="cell" aria-label=${`Edit ${nameOf(key)}`}
            onClick=${() => change({ tab: "edit", edit: withSliders(key, edit) })}>
            <${Thumb} scene=${sceneOf(key)} /><span>${nameOf(key)}</span></button>
          <span class="order">
            ${small("previous", `Image ${i + 1} earlier`, i > 0, () => swap(i, i - 1))}
            ${small("close", `Remove image ${i + 1}`, true, () => set(keys.filter((_, k) => k !== i)))}
            ${small("next", `Image ${i + 1} later`, i < keys.length - 1, () => swap(i, i + 1))}
          </span>
        </li>`)}
      <li class="adding">
        <button disabled=${full} onClick=${() => set([...keys, withoutSpare(edit)])}><${Icon} name="add" />Add current</button>
        <button disabled=${full} onClick=${() => set([...keys, random()])}><${Icon} name="dice" />Add random</button>
      </li>
    </ol>`;
}

const small = (icon, label, able, act) => html`
  <button class="plain" aria-label=${label} disabled=${!able} onClick=${act}><${Icon} name=${icon} /></button>`;

export function nameOf(key) {
  const seed = seedOf(key.codes);
  const moved = Object.keys(key.moves).length;
  return `${seed === null ? "own codes" : `seed ${seed}`}${moved ? `, ${moved} moved` : ""}`;
}
