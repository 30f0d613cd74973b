/** Explore: many images at once, on a sheet of seeds or on a map of their codes. */
import { Sheet } from "../explore/sheet.js";
import { MapView } from "../map/view.js";
import { panel, preparing } from "../models.js";
import { changeExplore, state } from "../state.js";
import { html } from "../view.js";
import { titled } from "../words.js";

const VIEWS = { sheet: "Sheet", map: "Map" };

export function ExploreTab() {
  const { view } = state.value.explore;
  return html`
    <div class="wide">
      <div class="toolbar">
        <div class="holding" role="group" aria-label="View">
          ${Object.entries(VIEWS).map(([name, title]) => html`
            <button class="plain" aria-pressed=${view === name} onClick=${() => changeExplore({ view: name })}>${title}</button>`)}
        </div>
        ${view === "sheet" && html`<${Order} />`}
      </div>
      ${view === "sheet" ? html`<${Sheet} />` : html`<${MapPlace} />`}
    </div>`;
}

const MapPlace = () => (panel.value?.map ? html`<${MapView} map=${panel.value.map} />` : html`
  <div class="empty">
    <h2>No map yet</h2>
    <p>${preparing.value || !panel.value ? "The map is being made, and appears here when it is ready."
      : "This model has no map."} The sheet works meanwhile.</p>
  </div>`);

/** Seeds in their order, or those of the map with the highest or lowest score of an attribute. */
function Order() {
  const scored = Object.keys(panel.value?.map?.scores ?? {});
  const choose = (event) => changeExplore({ order: event.currentTarget.value, from: 0 });
  return html`
    <label class="field-inline">Show
      <select value=${state.value.explore.order} onChange=${choose} disabled=${scored.length === 0}>
        <option value="">seeds in order</option>
        ${scored.length > 0 && ["most", "least"].map((word) => html`
          <optgroup label=${word === "most" ? "Most" : "Least"}>
            ${scored.map((name) => html`<option value=${(word === "most" ? "+" : "-") + name}>${word} ${titled(name)}</option>`)}
          </optgroup>`)}
      </select></label>`;
}
