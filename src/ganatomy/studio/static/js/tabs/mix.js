/** Mix: one image from several, by mixing styles or by adding codes. */
import { Styles } from "../mix/styles.js";
import { Sums } from "../mix/sums.js";
import { changeMix, state } from "../state.js";
import { thumbsProblem } from "../thumbs.js";
import { html } from "../view.js";

const VIEWS = { styles: "Mix two", sums: "Add and subtract" };

export function MixTab() {
  const { view } = state.value.mix;
  return html`
    <div class="wide">
      <div class="toolbar"><div class="holding" role="group" aria-label="View">
        ${Object.entries(VIEWS).map(([name, words]) => html`
          <button class="plain" aria-pressed=${view === name} onClick=${() => changeMix({ view: name })}>${words}</button>`)}
      </div></div>
      ${thumbsProblem.value && html`<p class="problem" role="alert">${thumbsProblem}</p>`}
      ${view === "styles" ? html`<${Styles} />` : html`<${Sums} />`}
    </div>`;
}
