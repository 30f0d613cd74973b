/** Teach: say yes or no to pictures, and a direction of your own appears. */
import { Icon } from "../icons.js";
import { tabKeys } from "../keys.js";
import { model } from "../models.js";
import { notice } from "../panes.js";
import { sceneOf, sceneOfSeed } from "../scenes.js";
import { useSheet } from "../sheets.js";
import { change, edit, state } from "../state.js";
import { Learnt } from "../teach/learnt.js";
import { Thumb, thumbsProblem } from "../thumbs.js";
import { html, useEffect, useRef, useState } from "../view.js";
import { counted } from "../words.js";

/** Marks of each kind before a direction can be told from chance. */
export const ENOUGH = 5;
const AHEAD = 12;
const FRAME = 128;
/** Pictures are asked about from among the first thousand seeds. */
const FIRST_ASKED = 900;

const changeTeach = (patch) => change({ teach: { ...state.value.teach, ...patch } });

export function TeachTab() {
  const { teach } = state.value;
  const [skipped, setSkipped] = useState([]);
  const start = useRef(Math.floor(Math.random() * FIRST_ASKED)).current;
  const marked = [...teach.yes, ...teach.no, ...skipped];
  const answer = useSheet("teach", {
    kind: "teach", name: teach.name.trim() || "mine", yes: teach.yes, no: teach.no, next: AHEAD,
    scene: sceneOf(edit.value), size: Math.min(FRAME, model.value.resolution),
  });
  const asked = answer.told.taught?.next ?? [];
  // Until the server asks for certain ones, any seeds do.
  const others = Array.from({ length: AHEAD + marked.length }, (_, i) => start + i);
  const queue = [...new Set([...asked, ...others])].filter((seed) => !marked.includes(seed)).slice(0, AHEAD);
  // Whatever the server asks for meanwhile, the picture under the visitor's eyes stays until it is answered.
  const looked = useRef(null);
  if (looked.current === null || marked.includes(looked.current)) looked.current = queue[0];
  const seed = looked.current;

  const mark = (kind) => {
    if (kind === "skip") setSkipped([...skipped, seed]);
    else changeTeach({ [kind]: [...state.value.teach[kind], seed] });
  };
  useEffect(() => {
    const [yes, no, skip] = ["yes", "no", "skip"].map((kind) => () => mark(kind));
    tabKeys.current = { y: yes, ArrowRight: yes, n: no, ArrowLeft: no, s: skip };
    return () => { tabKeys.current = {}; };
  });
  const unmark = (kind, gone) => changeTeach({ [kind]: teach[kind].filter((other) => other !== gone) });
  const keep = () => {
    const name = teach.name.trim();
    const { yes, no } = teach;
    change({ teach: { name: "", yes: [], no: [] }, edit: { ...edit.value, taught: { ...edit.value.taught, [name]: { yes, no } } }, tab: "edit" });
    notice.value = { kind: "said", text: `“${name}” is a slider now, above the others.` };
  };

  return html`
    <div class="wide teach">
      <section class="asking" aria-label="Mark pictures">
        <label class="naming">What do you look for? <input type="text" maxlength="60" placeholder="for example: a friendly look" value=${teach.name}
          onInput=${(event) => change({ teach: { ...state.value.teach, name: event.currentTarget.value } }, { gesture: "teach name" })} /></label>
        ${thumbsProblem.value && html`<p class="problem" role="alert">${thumbsProblem}</p>`}
        <div class="question"><${Thumb} scene=${sceneOfSeed(seed)} large key=${seed} />
          <p class="quiet">Seed ${seed}: does it have it?</p></div>
        <div class="answers" role="group" aria-label="Does this picture have it?">
          <button onClick=${() => mark("no")}><${Icon} name="close" />No <kbd>N</kbd></button>
          <button onClick=${() => mark("skip")}>Skip <kbd>S</kbd></button>
          <button class="main" onClick=${() => mark("yes")}><${Icon} name="yes" />Yes <kbd>Y</kbd></button>
        </div>
        <h2 class="small">Next ${asked.length > 0 && teach.yes.length + teach.no.length > 0 ? html`<span class="quiet">those it is least sure of come first</span>` : ""}</h2>
        <ul class="queue" aria-hidden="true">${queue.filter((other) => other !== seed).map((other) => html`<li key=${other}><${Thumb} scene=${sceneOfSeed(other)} /></li>`)}</ul>
      </section>
      <section class="learning" aria-label="What it has learnt">
        <${Learnt} teach=${teach} answer=${answer} onKeep=${keep} />
        <${Marked} kind="yes" seeds=${teach.yes} onRemove=${unmark} />
        <${Marked} kind="no" seeds=${teach.no} onRemove=${unmark} />
        ${marked.length > 0 && html`<p><button class="plain" onClick=${() => { setSkipped([]); changeTeach({ yes: [], no: [] }); }}><${Icon} name="reset" />Begin again</button></p>`}
      </section>
    </div>`;
}

const Marked = ({ kind, seeds, onRemove }) => html`
  <div class="marked"><h2 class="small">${kind === "yes" ? "Yes" : "No"} <span class="quiet">${seeds.length < ENOUGH ? `${counted(ENOUGH - seeds.length, "more picture")} to go` : seeds.length}</span></h2>
    ${seeds.length === 0 ? html`<p class="quiet">${kind === "yes" ? "Pictures that have it." : "Pictures that do not."}</p>`
      : html`<ul class="queue">${seeds.map((seed) => html`<li key=${seed}><button class="cell" title="Take this mark back" aria-label=${`Take back ${kind} for seed ${seed}`} onClick=${() => onRemove(kind, seed)}><${Thumb} scene=${sceneOfSeed(seed)} /></button></li>`)}</ul>`}</div>`;
