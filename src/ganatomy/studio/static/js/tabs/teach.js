/** Teach: label images yes or no to learn a direction from them. */
import { tabKeys } from "../keys.js";
import { Icon } from "../icons.js";
import { model } from "../models.js";
import { isTaken } from "../names.js";
import { notice } from "../panes.js";
import { sceneOf } from "../scenes.js";
import { useSheet } from "../sheets.js";
import { change, changeTeach, edit, state } from "../state.js";
import { Labelled } from "../teach/labelled.js";
import { Learnt } from "../teach/learnt.js";
import { Question } from "../teach/question.js";
import { html, useEffect, useRef, useSignal, useState } from "../view.js";

const AHEAD = 12;
const FRAME = 128;
/** Images to label come from the first thousand seeds. */
const FIRST_OFFERED = 900;

export function TeachTab() {
  const { teach } = state.value;
  const { name, yes, no } = teach;
  const [skipped, setSkipped] = useState([]);
  const labelled = [...yes, ...no, ...skipped];
  const answer = useSheet("teach", {
    kind: "teach", yes, no, next: AHEAD,
    scene: sceneOf(edit.value), size: Math.min(FRAME, model.value.resolution),
  });
  const [seed, queue] = useQueue(answer.facts.taught?.next ?? [], labelled);
  /** The last seed whose image was drawn; only that one can be labelled. */
  const seen = useSignal(null);

  // Two keys may be pressed before the page is drawn again; the image was seen only once.
  const once = useRef(null);
  if (!labelled.includes(once.current)) once.current = null;
  const label = (kind) => () => {
    if (seen.value !== seed || once.current === seed) return;
    once.current = seed;
    if (kind === "skip") setSkipped([...skipped, seed]);
    else changeTeach({ [kind]: [...state.value.teach[kind], seed] });
  };
  useEffect(() => {
    const [yes, no, skip] = ["yes", "no", "skip"].map(label);
    tabKeys.current = { y: yes, ArrowRight: yes, n: no, ArrowLeft: no, s: skip };
    return () => { tabKeys.current = {}; };
  });
  const unlabel = (kind, gone) => changeTeach({ [kind]: teach[kind].filter((other) => other !== gone) });
  const keep = () => {
    const taught = { ...edit.value.taught, [name.trim()]: { yes, no } };
    change({ tab: "edit", teach: { name: "", yes: [], no: [] }, edit: { ...edit.value, taught } });
    notice.value = { kind: "info", text: `“${name.trim()}” is added to your sliders, above the others.` };
  };
  const clear = () => {
    setSkipped([]);
    changeTeach({ yes: [], no: [] });
  };
  return html`
    <div class="wide teach">
      <section aria-label="Label images">
        <label class="naming">Name of the attribute
          <input type="text" maxlength="60" placeholder="for example: friendly" value=${name}
            onInput=${(event) => changeTeach({ name: event.currentTarget.value }, { gesture: "teach name" })} /></label>
        <${Question} seed=${seed} queue=${queue} label=${label} seen=${seen} ranked=${yes.length + no.length > 0} />
      </section>
      <section aria-label="Learnt direction">
        <${Learnt} teach=${teach} answer=${answer} taken=${isTaken(name, edit.value)} onKeep=${keep} />
        <${Labelled} kind="yes" seeds=${yes} onRemove=${unlabel} />
        <${Labelled} kind="no" seeds=${no} onRemove=${unlabel} />
        ${labelled.length > 0 && html`
          <p><button class="plain" onClick=${clear}><${Icon} name="reset" />Clear all labels</button></p>`}
      </section>
    </div>`;
}

/**
 * The image to label and those after it: first those that the server proposes, then any.
 * @param {number[]} proposed @param {number[]} labelled @returns {[number, number[]]}
 */
function useQueue(proposed, labelled) {
  const start = useRef(Math.floor(Math.random() * FIRST_OFFERED)).current;
  const others = Array.from({ length: AHEAD + labelled.length }, (_, i) => start + i);
  const queue = [...new Set([...proposed, ...others])].filter((seed) => !labelled.includes(seed)).slice(0, AHEAD);
  // Whatever the server proposes meanwhile, the image that is shown stays until it is labelled.
  const shown = useRef(null);
  const earlier = useRef(labelled);
  const back = earlier.current.filter((seed) => !labelled.includes(seed));
  earlier.current = labelled;
  // One whose label was removed is offered again.
  if (back.length === 1) shown.current = back[0];
  if (shown.current === null || labelled.includes(shown.current)) shown.current = queue[0];
  return [shown.current, queue.filter((seed) => seed !== shown.current)];
}
