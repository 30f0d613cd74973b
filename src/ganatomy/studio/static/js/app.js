/** The frame around the tabs: name, model, tabs, tools. */
import { ExportDialog } from "./dialogs/export.js";
import { HelpDialog } from "./dialogs/help.js";
import { PhotographDialog } from "./dialogs/photograph.js";
import { dragging } from "./files.js";
import { canRedo, canUndo, redo, undo } from "./history.js";
import { Icon } from "./icons.js";
import { Messages } from "./messages.js";
import { OpenFile } from "./openfile.js";
import { model, modelName, models, studioProblem } from "./models.js";
import { exportOpen, helpOpen } from "./panes.js";
import { nextScheme, scheme } from "./scheme.js";
import { change, freshState, state, tab, TABS } from "./state.js";
import { EditTab } from "./tabs/edit.js";
import { later } from "./tabs/later.js";
import { encode } from "./url.js";
import { html, useLayoutEffect } from "./view.js";

const SHOWN = {
  edit: ["Edit", EditTab],
  explore: ["Explore", later(async () => (await import("./tabs/explore.js")).ExploreTab)],
  walk: ["Walk", later(async () => (await import("./tabs/walk.js")).WalkTab)],
  mix: ["Mix", later(async () => (await import("./tabs/mix.js")).MixTab)],
  teach: ["Teach", later(async () => (await import("./tabs/teach.js")).TeachTab)],
  evidence: ["Evidence", later(async () => (await import("./tabs/evidence.js")).EvidenceTab)],
};
/** What was done on each model, to come back to. @type {Map<string, import("./state.js").State>} */
const remembered = new Map();
const SCHEMES = { auto: "system setting", light: "light", dark: "dark" };

export function App() {
  useLayoutEffect(() => scrollTo(0, 0), [tab.value]);
  if (studioProblem.value) return html`<${Alone}><p class="problem" role="alert">${studioProblem}</p><//>`;
  if (!model.value) return html`<${Alone}><p role="status">Opening …</p><//>`;
  const [title, Tab] = SHOWN[tab.value];
  document.documentElement.style.setProperty("--image", model.value.ratio);
  return html`
    <a class="skip" href="#content" onClick=${skip}>Skip to ${title}</a>
    <header class="bar">
      <p class="wordmark">ganatomy <span>studio</span></p>
      <${ModelChoice} />
      <${Tabs} />
      <${Tools} />
    </header>
    <${Messages} />
    <main id="content" tabindex="-1">
      <h1 class="unseen">${title}</h1>
      <${Tab} key=${modelName.value} />
    </main>
    <${ExportDialog} />
    <${HelpDialog} />
    <${PhotographDialog} />
    ${dragging.value && html`
      <div class="dropzone"><p>Drop a photograph to edit it, or an image or recipe that ganatomy made to restore its sliders.</p></div>`}`;
}

const Alone = ({ children }) => html`<main class="alone"><h1>ganatomy studio</h1>${children}</main>`;

// The address belongs to the state, so this link only moves the focus.
function skip(event) {
  event.preventDefault();
  document.getElementById("content").focus();
}

function Tabs() {
  const link = encode(state.value);
  const rest = link.slice(link.indexOf("&"));
  const open = (event, name) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    change({ tab: name });
  };
  return html`
    <nav class="tabs" aria-label="Tabs">
      ${TABS.map((name) => html`
        <a href=${`#${name}${rest}`} aria-current=${tab.value === name ? "page" : undefined}
          onClick=${(event) => open(event, name)}>
          <${Icon} name=${name} />${SHOWN[name][0]}</a>`)}
    </nav>`;
}

function ModelChoice() {
  const { name, architecture, pixels } = model.value;
  const facts = `${architecture} · ${pixels}`;
  const choose = (event) => {
    remembered.set(modelName.value, state.value);
    const next = event.currentTarget.value;
    change({ ...(remembered.get(next) ?? freshState(next)), tab: tab.value });
  };
  if (models.value.length === 1) return html`<p class="model">${name} <span class="quiet">${facts}</span></p>`;
  return html`
    <label class="model"><span class="unseen">Model</span>
      <select value=${modelName.value} title=${facts} onChange=${choose}>
        ${models.value.map((one) => html`<option value=${one.name}>${one.name}</option>`)}
      </select>
    </label>`;
}

function Tools() {
  const colors = `Colours: ${SCHEMES[scheme.value]}`;
  const tool = (name, title, icon, act, able = true, spare = "") => html`
    <button class=${`plain ${spare}`} aria-label=${name} title=${title} disabled=${!able} onClick=${act}><${Icon} name=${icon} /></button>`;
  return html`
    <div class="tools">
      <${OpenFile} kind="plain open" />
      ${tool("Undo", "Undo (Z)", "undo", undo, canUndo.value)}
      ${tool("Redo", "Redo (Shift Z)", "redo", redo, canRedo.value)}
      ${tool(colors, colors, scheme.value, nextScheme, true, "spare")}
      ${tool("Keys and terms", "Keys and terms (?)", "keys", () => { helpOpen.value = true; })}
      <button class="main" aria-label="Export" title="Export (7)" onClick=${() => { exportOpen.value = true; }}>
        <${Icon} name="export" /><span>Export</span></button>
    </div>`;
}
