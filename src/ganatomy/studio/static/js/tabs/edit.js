/** Edit: one image, large, and a slider for each direction beside what it moved. */
import { Compare } from "../edit/compare.js";
import { Finer } from "../edit/finer.js";
import { Goal } from "../edit/goal.js";
import { SeedBar } from "../edit/seeds.js";
import { Sliders } from "../edit/sliders.js";
import { Verdict } from "../edit/verdict.js";
import { html } from "../view.js";

export const EditTab = () => html`
  <div class="edit">
    <section class="stage" aria-label="Image">
      <${Compare} />
      <div class="under">
        <${SeedBar} />
        <${Verdict} />
      </div>
    </section>
    <section class="panel" aria-label="Sliders">
      <${Sliders} />
      <${Goal} />
      <${Finer} />
    </section>
  </div>`;
