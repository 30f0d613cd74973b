/** Messages for the whole page: the connection, the measuring, what has just been done. */
import { Icon } from "./icons.js";
import { connection, farewell } from "./live.js";
import { panelProblem, preparing } from "./models.js";
import { notice } from "./panes.js";
import { html, useEffect, useState } from "./view.js";

const AWAY = "The studio's server does not answer. The page keeps your image, and reconnects by itself.";
/** Milliseconds; a shorter loss of the connection is not reported. */
const MOMENT = 1000;

/** The stages of measuring a model. */
const STAGES = {
  survey: "scoring images", gradients: "computing gradients", directions: "finding directions", measuring: "measuring edits",
  gallery: "making the map",
};

export function Messages() {
  const away = useLasting(connection.value !== "open" || farewell.value !== "");
  return html`
    <div class="messages">
      ${preparing.value && html`<${Preparing} ...${preparing.value} />`}
      <div role="status">
        ${away && html`<p class="problem">${farewell.value || (connection.value === "away" ? AWAY : "Connecting …")}</p>`}
        ${panelProblem.value && html`<p class="problem">${panelProblem}</p>`}
        ${notice.value && html`
          <p class=${notice.value.kind}>${notice.value.text}
            <button class="plain" aria-label="Close this message" onClick=${() => { notice.value = null; }}>
              <${Icon} name="close" /></button></p>`}
      </div>
    </div>`;
}

const Preparing = ({ stage, done, total }) => html`
  <p class="preparing"><span>Preparing the sliders: ${STAGES[stage] ?? stage}</span>
    <progress aria-label="Measuring the directions" value=${done} max=${Math.max(total, 1)}></progress>
    <span class="quiet">Images, walks, mixes and sums work meanwhile.</span></p>`;

/** True once something has been so for a moment. */
function useLasting(so) {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!so) {
      setLasting(false);
      return undefined;
    }
    const timer = setTimeout(() => setLasting(true), MOMENT);
    return () => clearTimeout(timer);
  }, [so]);
  return lasting;
}
