/** Faces that were kept: favourites to come back to, and all with the same edit, to compare and to take away. */
import * as api from "../api.js";
import { Icon } from "../icons.js";
import { request } from "../live.js";
import { modelName } from "../models.js";
import { sceneOf } from "../scenes.js";
import { change, edit, MOST_FACES, moves, onFace, seedOf, state, withoutSpare, withSliders } from "../state.js";
import { Thumb } from "../thumbs.js";
import { html, useSignal } from "../view.js";
import { goals, refined, Ring } from "./refine.js";

const same = (a, b) => JSON.stringify([a.codes, a.psi, a.label]) === JSON.stringify([b.codes, b.psi, b.label]);
const put = (tray) => change({ tray });
export const isKept = () => state.value.tray.some((one) => same(one, edit.value));

/** Keeps the face with its sliders, or lets it go. */
export const keepFace = () => put(isKept() ? state.value.tray.filter((one) => !same(one, edit.value))
  : [...state.value.tray, withoutSpare(edit.value)].slice(-MOST_FACES));

export function Tray() {
  const { tray } = state.value;
  const share = useSignal(null), all = useSignal(true), before = useSignal(false), problem = useSignal(""), busy = useSignal("");
  if (tray.length === 0) return null;
  const edited = (one) => (all.value ? onFace(one, withoutSpare(edit.value)) : one);
  const shown = (one) => sceneOf(before.value ? { ...one, moves: {} } : edited(one));
  const take = (what) => async () => {
    busy.value = what;
    problem.value = "";
    try {
      api.save(await api.faces(modelName.value, what, tray.map((one) => sceneOf(edited(one)))));
    } catch (failed) {
      problem.value = failed.message;
    }
    busy.value = "";
  };
  const refineAll = () => {
    const to = goals();
    share.value = 0;
    request("tray", { kind: "refine", scenes: tray.map((one) => sceneOf(edited(one))), to }, {
      facts: (message) => {
        if (message.kind !== "refined") share.value = message.done / message.total;
        else {
          share.value = all.value = null;
          put(tray.map((one, i) => (message.directions[i] ? refined(edited(one), to, message.name, message.directions[i]) : edited(one))));
        }
      },
      failed: (message) => { share.value = null; problem.value = message; },
    });
  };
  const toggle = (signal, word, title) => html`
    <button class="plain" aria-pressed=${signal} title=${title} onClick=${() => { signal.value = !signal.value; }}>${word}</button>`;
  return html`
    <section class="tray" aria-label="Kept faces">
      <h2 class="small">Kept faces: ${tray.length} of ${MOST_FACES}</h2>
      <ul>${tray.map((one, i) => html`
        <li key=${JSON.stringify([one.codes, one.psi])}>
          <button class="cell" aria-label=${`Open kept face ${i + 1}`} aria-current=${same(one, edit.value) ? "true" : undefined}
            onClick=${() => change({ edit: withSliders(edited(one), edit.value) })}>
            <${Thumb} scene=${shown(one)} /><span>${seedOf(one.codes) ?? "own"}</span></button>
          <button class="remove" aria-label=${`Let face ${i + 1} go`} onClick=${() => put(tray.filter((_, k) => k !== i))}><${Icon} name="close" /></button>
        </li>`)}</ul>
      <p class="acts">
        ${Object.keys(moves.value).length > 0 && toggle(all, "Same edit on all", "All kept faces with the sliders as they are now")}
        ${toggle(before, "Before", "All without their sliders")}
        ${Object.keys(goals()).length > 0 && html`
          <button class="plain" disabled=${share.value !== null} onClick=${refineAll} title="Each face to the scores of the image above">
            ${share.value === null ? html`<${Icon} name="refine" />` : html`<${Ring} share=${share.value} />`}Refine all</button>`}
        ${["sheet", "zip"].map((what) => html`
          <button class="plain" disabled=${busy.value !== ""} onClick=${take(what)}><${Icon} name="export" />${busy.value === what ? "Making …"
            : what === "zip" ? "ZIP" : "Sheet"}</button>`)}
      </p>
      ${problem.value && html`<p class="problem" role="alert">${problem}</p>`}
    </section>`;
}
