/** One image to say yes or no to, and those that come next. */
import { Icon } from "../icons.js";
import { measuredScene } from "../scenes.js";
import { Thumb, thumbsProblem } from "../thumbs.js";
import { html } from "../view.js";

/**
 * @param {{seed: number, queue: number[], mark: (kind: "yes"|"no"|"skip") => () => void,
 *   seen: import("../view.js").Signal<number|null>, ranked: boolean}} props
 *   seen: the seed whose image is drawn; until it is, there is nothing to answer
 *   ranked: those that it is least sure of come first
 */
export const Question = ({ seed, queue, mark, seen, ranked }) => html`
  ${thumbsProblem.value && html`<p class="problem" role="alert">${thumbsProblem}</p>`}
  <div class="question">
    <${Thumb} scene=${measuredScene(seed)} key=${seed} onDrawn=${() => { seen.value = seed; }} />
    <p class="quiet">Seed ${seed}: does it have it?</p>
  </div>
  <div class="answers" role="group" aria-label="Does this image have it?">
    <button aria-disabled=${seen.value !== seed} onClick=${mark("no")}><${Icon} name="close" />No <kbd>N</kbd></button>
    <button aria-disabled=${seen.value !== seed} onClick=${mark("skip")}>Skip <kbd>S</kbd></button>
    <button class="main" aria-disabled=${seen.value !== seed} onClick=${mark("yes")}><${Icon} name="yes" />Yes <kbd>Y</kbd></button>
  </div>
  <h2 class="small">Next${ranked ? ": those it is least sure of" : ""}</h2>
  <ul class="queue" aria-hidden="true">
    ${queue.map((other) => html`<li key=${other}><${Thumb} scene=${measuredScene(other)} /></li>`)}</ul>`;
