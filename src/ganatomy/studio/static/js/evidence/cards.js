/** A card for each direction: its figures with their intervals, what it moves besides, and the way to its slider. */
import { goToSlider } from "../edit/reach.js";
import { Icon } from "../icons.js";
import { measured, panel } from "../models.js";
import { html } from "../view.js";
import { listed, share, signed, titled } from "../words.js";

/** How many of the attributes that move along are named. */
const NAMED = 3;

export const Cards = ({ directions }) => html`
  <section>
    <h2>The directions${measured.value && ", cleanest first"}</h2>
    <ul class="cards">${directions.map((direction) => html`<${Card} key=${direction.name} direction=${direction} />`)}</ul>
  </section>`;

function Card({ direction: { name, selectivity, auc, prevalence, reached, also } }) {
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
        ${auc != null && html`<div><dt>Told apart (AUC)</dt><dd>${share(auc)}</dd></div>`}
        ${prevalence != null && html`<div><dt>Images that have it</dt><dd>${Math.round(100 * prevalence)} %</dd></div>`}
      </dl>
      ${along.length > 0 && html`<p class="quiet">${panel.value.usual === "held" ? "A held step" : "A step"} also moves ${listed(along)}.</p>`}
      ${reached === false && html`
        <p class="quiet">It does not reach its full change: its step is the farthest that was tried.</p>`}
    </li>`;
}

/** Where nothing else moved at all, a figure is not finite and comes as null. */
const figure = ([value, low, high]) => (value == null ? "not to be told" : html`
  <b>×${value.toFixed(1)}</b> ${low != null && high != null && html`<small>${low.toFixed(1)} to ${high.toFixed(1)}</small>`}`);
