/** One picture to say yes or no to, and those that come next. */
import { Icon } from "../icons.js";
import { sceneOfSeed } from "../scenes.js";
import { Thumb, thumbsProblem } from "../thumbs.js";
import { html } from "../view.js";

/**
 * @param {{seed: number, queue: number[], mark: (kind: "yes"|"no"|"skip") => () => void, ranked: boolean}} props
 *   ranked: those that it is least sure of come first
 */
export const Question = ({ seed, queue, mark, ranked }) => html`
  ${thumbsProblem.value && html`<p class="problem" role="alert">${thumbsProblem}</p>`}
  <div class="question">
    <${Thumb} scene=${sceneOfSeed(seed)} key=${seed} />
    <p class="quiet">Seed ${seed}: does it have it?</p>
  </div>
  <div class="answers" role="group" aria-label="Does this picture have it?">
    <button onClick=${mark("no")}><${Icon} name="close" />No <kbd>N</kbd></button>
    <button onClick=${mark("skip")}>Skip <kbd>S</kbd></button>
    <button class="main" onClick=${mark("yes")}><${Icon} name="yes" />Yes <kbd>Y</kbd></button>
  </div>
  <h2 class="small">Next${ranked ? ": those it is least sure of" : ""}</h2>
  <ul class="queue" aria-hidden="true">
    ${queue.map((other) => html`<li key=${other}><${Thumb} scene=${sceneOfSeed(other)} /></li>`)}</ul>`;
