/** Teach: say yes or no to images, and a direction of your own appears. */
import { tabKeys } from "../keys.js";
import { Icon } from "../icons.js";
import { model } from "../models.js";
import { isTaken } from "../names.js";
import { notice } from "../panes.js";
import { sceneOf } from "../scenes.js";
import { useSheet } from "../sheets.js";
import { change, changeTeach, edit, state } from "../state.js";
import { Learnt } from "../teach/learnt.js";
import { Marked } from "../teach/marked.js";
import { Question } from "../teach/question.js";
import { html, useEffect, useRef, useSignal, useState } from "../view.js";

const AHEAD = 12;
const FRAME = 128;
/** Images are asked about from among the first thousand seeds. */
const FIRST_ASKED = 900;

export function TeachTab() {
  const { teach } = state.value;
  const { name, yes, no } = teach;
  const [skipped, setSkipped] = useState([]);
  const marked = [...yes, ...no, ...skipped];
  const answer = useSheet("teach", {
    kind: "teach", yes, no, next: AHEAD,
    scene: sceneOf(edit.value), size: Math.min(FRAME, model.value.resolution),
  });
  const [seed, queue] = useQueue(answer.told.taught?.next ?? [], marked);
  /** The last seed whose image was drawn: nobody can judge one that is still to come. */
  const seen = useSignal(null);

  // Two keys may be pressed before the page is drawn again; the image was seen only once.
  const once = useRef(null);
  if (!marked.includes(once.current)) once.current = null;
  const mark = (kind) => () => {
    if (seen.value !== seed || once.current === seed) return;
    once.current = seed;
    if (kind === "skip") setSkipped([...skipped, seed]);
    else changeTeach({ [kind]: [...state.value.teach[kind], seed] });
  };
  useEffect(() => {
    const [yes, no, skip] = ["yes", "no", "skip"].map(mark);
    tabKeys.current = { y: yes, ArrowRight: yes, n: no, ArrowLeft: no, s: skip };
    return () => { tabKeys.current = {}; };
  });
  const unmark = (kind, gone) => changeTeach({ [kind]: teach[kind].filter((other) => other !== gone) });
  const keep = () => {
    const taught = { ...edit.value.taught, [name.trim()]: { yes, no } };
    change({ tab: "edit", teach: { name: "", yes: [], no: [] }, edit: { ...edit.value, taught } });
    notice.value = { kind: "said", text: `“${name.trim()}” is a slider now, above the others.` };
  };
  const beginAgain = () => {
    setSkipped([]);
    changeTeach({ yes: [], no: [] });
  };
  return html`
    <div class="wide teach">
      <section aria-label="Mark images">
        <label class="naming">What do you look for?
          <input type="text" maxlength="60" placeholder="for example: a friendly look" value=${name}
            onInput=${(event) => changeTeach({ name: event.currentTarget.value }, { gesture: "teach name" })} /></label>
        <${Question} seed=${seed} queue=${queue} mark=${mark} seen=${seen} ranked=${yes.length + no.length > 0} />
      </section>
      <section aria-label="What it has learnt">
        <${Learnt} teach=${teach} answer=${answer} taken=${isTaken(name, edit.value)} onKeep=${keep} />
        <${Marked} kind="yes" seeds=${yes} onRemove=${unmark} />
        <${Marked} kind="no" seeds=${no} onRemove=${unmark} />
        ${marked.length > 0 && html`
          <p><button class="plain" onClick=${beginAgain}><${Icon} name="reset" />Begin again</button></p>`}
      </section>
    </div>`;
}

/**
 * The image to ask about and those after it: first those that the server asks for, then any.
 * @param {number[]} asked @param {number[]} marked @returns {[number, number[]]}
 */
function useQueue(asked, marked) {
  const start = useRef(Math.floor(Math.random() * FIRST_ASKED)).current;
  const others = Array.from({ length: AHEAD + marked.length }, (_, i) => start + i);
  const queue = [...new Set([...asked, ...others])].filter((seed) => !marked.includes(seed)).slice(0, AHEAD);
  // Whatever the server asks for meanwhile, the image under the visitor's eyes stays until it is answered.
  const looked = useRef(null);
  const earlier = useRef(marked);
  const back = earlier.current.filter((seed) => !marked.includes(seed));
  earlier.current = marked;
  // Whose mark was taken back is asked about again.
  if (back.length === 1) looked.current = back[0];
  if (looked.current === null || marked.includes(looked.current)) looked.current = queue[0];
  return [looked.current, queue.filter((seed) => seed !== looked.current)];
}
