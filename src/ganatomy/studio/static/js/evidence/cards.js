/** A card for each direction: how clean it is, what else it changes, and a link to its slider. */
import { Badge } from "../edit/badge.js";
import { goToSlider } from "../edit/reach.js";
import { Icon } from "../icons.js";
import { howMeasured, measured } from "../models.js";
import { html } from "../view.js";
import { listed, percent, points, share, titled } from "../words.js";

/** Where there is no room for all, figures open at a press. */
const narrow = matchMedia("(max-width: 40rem)");

export const Cards = ({ directions }) => html`
  <section>
    <h2>The directions${measured.value && ", cleanest first"}</h2>
    <ul class="cards">${directions.map((direction) => html`<${Card} key=${direction.name} direction=${direction} />`)}</ul>
  </section>`;

function Card({ direction }) {
  const { name, measured: effects, auc, prevalence, works, wrong_at_ends: wrong } = direction;
  const also = effects?.[howMeasured(direction)].also ?? [];
  return html`
    <li class="card">
      <header>
        <h3>${titled(name)}</h3>
        <button class="plain" aria-label=${`Slider of ${titled(name)}`} onClick=${() => goToSlider(name)}>
          <${Icon} name="edit" />Slider</button>
      </header>
      <${Badge} name=${name} />
      <details class="figures" open=${!narrow.matches}><summary>Figures</summary>
      <dl class="facts">
        ${effects && html`
          <div><dt>Own change over others, held</dt><dd>${figure(effects.held)}</dd></div>
          <div><dt>with nothing held</dt><dd>${figure(effects.alone)}</dd></div>`}
        ${auc != null && html`<div><dt>AUC</dt><dd>${share(auc)}</dd></div>`}
        ${prevalence != null && html`<div><dt>In images of the model</dt><dd>${percent(prevalence)}</dd></div>`}
      </dl>
      ${also.length > 0 && html`<p class="quiet">One step also changes ${listed(also.map((one) => `${titled(one.name)} ${points(one.change)}`))}.</p>`}
      ${!works && html`<p class="quiet">${wrong == null ? "Barely separable in this model."
        : `At the ends of its track it goes the wrong way in ${percent(wrong)} of images.`}</p>`}
      </details>
    </li>`;
}

/** Where nothing else changed at all, a figure is not finite and comes as null. */
const figure = ({ value, low, high }) => (value == null ? "not measured" : html`
  <b>${value.toFixed(1)}×</b> ${low != null && high != null && html`<small>${low.toFixed(1)} to ${high.toFixed(1)}</small>`}`);
