/** One image to label, and those that come next. */
import { Icon } from "../icons.js";
import { measuredScene } from "../scenes.js";
import { Thumb, thumbsProblem } from "../thumbs.js";
import { html } from "../view.js";

/**
 * @param {{seed: number, queue: number[], label: (kind: "yes"|"no"|"skip") => () => void,
 *   seen: import("../view.js").Signal<number|null>, ranked: boolean}} props
 *   seen: the seed whose image is drawn; only that one can be labelled
 *   ranked: the most uncertain come first
 */
export const Question = ({ seed, queue, label, seen, ranked }) => html`
  ${thumbsProblem.value && html`<p class="problem" role="alert">${thumbsProblem}</p>`}
  <div class="question">
    <${Thumb} scene=${measuredScene(seed)} key=${seed} onDrawn=${() => { seen.value = seed; }} />
    <p class="quiet">Seed ${seed}: does it show the attribute?</p>
  </div>
  <div class="answers" role="group" aria-label="Does this image show the attribute?">
    <button aria-disabled=${seen.value !== seed} onClick=${label("no")}><${Icon} name="close" />No <kbd>N</kbd></button>
    <button aria-disabled=${seen.value !== seed} onClick=${label("skip")}>Skip <kbd>S</kbd></button>
    <button class="main" aria-disabled=${seen.value !== seed} onClick=${label("yes")}><${Icon} name="yes" />Yes <kbd>Y</kbd></button>
  </div>
  <h2 class="small">Next${ranked ? ": the most uncertain first" : ""}</h2>
  <ul class="queue" aria-hidden="true">
    ${queue.map((other) => html`<li key=${other}><${Thumb} scene=${measuredScene(other)} /></li>`)}</ul>`;
