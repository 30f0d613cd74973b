/** A card for each direction: its figures with their intervals, what else it changes, and a link to its slider. */
import { goToSlider } from "../edit/reach.js";
import { DOUBTS } from "../edit/selectivity.js";
import { Icon } from "../icons.js";
import { measured, panel } from "../models.js";
import { html } from "../view.js";
import { listed, share, signed, titled } from "../words.js";

/** Other attributes that are named. */
const NAMED = 3;

export const Cards = ({ directions }) => html`
  <section>
    <h2>The directions${measured.value && ", most selective first"}</h2>
    <ul class="cards">${directions.map((direction) => html`<${Card} key=${direction.name} direction=${direction} />`)}</ul>
  </section>`;

function Card({ direction: { name, selectivity, auc, prevalence, doubt, also } }) {
  const along = (also ?? []).slice(0, NAMED).map((one) => `${titled(one.name)} ${signed(one.change)}`);
  return html`
    <li class="card">
      <header>
        <h3>${titled(name)}</h3>
        <button class="plain" aria-label=${`Slider of ${titled(name)}`} onClick=${() => goToSlider(name)}>
          <${Icon} name="edit" />Slider</button>
      </header>
      <dl class="facts">
        ${selectivity && html`
          <div><dt>Selectivity, held</dt><dd>${figure(selectivity.held)}</dd></div>
          <div><dt>alone</dt><dd>${figure(selectivity.alone)}</dd></div>`}
        ${auc != null && html`<div><dt>AUC</dt><dd>${share(auc)}</dd></div>`}
        ${prevalence != null && html`<div><dt>Prevalence</dt><dd>${Math.round(100 * prevalence)} %</dd></div>`}
      </dl>
      ${along.length > 0 && html`<p class="quiet">One step${panel.value.holds_by_default ? ", with all others held," : ""} also changes ${listed(along)}.</p>`}
      ${doubt && html`<p class="quiet">${DOUBTS[doubt]}</p>`}
    </li>`;
}

/** Where nothing else changed at all, a figure is not finite and comes as null. */
const figure = ({ value, low, high }) => (value == null ? "not measured" : html`
  <b>×${value.toFixed(1)}</b> ${low != null && high != null && html`<small>${low.toFixed(1)} to ${high.toFixed(1)}</small>`}`);
