/** The frame around the tabs: name, model, tabs, what is always at hand. */
import { HelpDialog } from "./dialogs/help.js";
import { TakeDialog } from "./dialogs/take.js";
import { dragging } from "./files.js";
import { canRedo, canUndo, redo, undo } from "./history.js";
import { Icon } from "./icons.js";
import { connection, farewell } from "./live.js";
import { model, models, modelName, panelProblem, preparing, studioProblem } from "./models.js";
import { helpOpen, notice, takeOpen } from "./panes.js";
import { nextScheme, scheme } from "./scheme.js";
import { change, freshState, state, tab, TABS } from "./state.js";
import { EditTab } from "./tabs/edit.js";
import { EvidenceTab } from "./tabs/evidence.js";
import { ExploreTab } from "./tabs/explore.js";
import { MixTab } from "./tabs/mix.js";
import { TeachTab } from "./tabs/teach.js";
import { WalkTab } from "./tabs/walk.js";
import { encode } from "./url.js";
import { html, useEffect, useState } from "./view.js";

const SHOWN = {
  edit: ["Edit", EditTab], explore: ["Explore", ExploreTab], walk: ["Walk", WalkTab],
  mix: ["Mix", MixTab], teach: ["Teach", TeachTab], evidence: ["Evidence", EvidenceTab],
};

export function App() {
  if (studioProblem.value) return html`<main class="alone"><h1>ganatomy studio</h1><p class="problem" role="alert">${studioProblem}</p></main>`;
  if (!model.value) return html`<main class="alone"><h1>ganatomy studio</h1><p role="status">Opening …</p></main>`;
  const [title, Tab] = SHOWN[tab.value];
  return html`
    <a class="skip" href="#content" onClick=${skip}>Skip to ${title}</a>
    <header class="bar">
      <p class="wordmark">ganatomy <span>studio</span></p>
      <${ModelChoice} />
      <${Tabs} />
      <${Tools} />
    </header>
    <${Messages} />
    <main id="content" tabindex="-1" class=${`tab-${tab.value}`}>
      <h1 class="unseen">${title}</h1>
      <${Tab} key=${modelName.value} />
    </main>
    <${TakeDialog} />
    <${HelpDialog} />
    ${dragging.value && html`<div class="dropzone"><p>Drop a picture or recipe of ganatomy: it comes back as it was made.</p></div>`}`;
}

// The address belongs to the state, so this link only moves the focus.
function skip(event) {
  event.preventDefault();
  document.getElementById("content").focus();
}

function Tabs() {
  const link = encode(state.value);
  const rest = link.slice(link.indexOf("&"));
  return html`
    <nav class="tabs" aria-label="Tabs">
      ${TABS.map((name) => html`
        <a href=${`#${name}${rest}`} aria-current=${tab.value === name ? "page" : undefined}
          onClick=${(event) => { if (!event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); change({ tab: name }); } }}>
          <${Icon} name=${name} />${SHOWN[name][0]}
        </a>`)}
    </nav>`;
}

function ModelChoice() {
  const facts = `${model.value.architecture} · ${model.value.resolution} px`;
  const choose = (event) => change({ ...freshState(event.currentTarget.value), tab: tab.value });
  if (models.value.length === 1) return html`<p class="model">${model.value.title} <span class="quiet">${facts}</span></p>`;
  return html`
    <label class="model"><span class="unseen">Model</span>
      <select value=${modelName.value} onChange=${choose} title=${facts}>
        ${models.value.map(({ name, title }) => html`<option value=${name}>${title || name}</option>`)}
      </select>
    </label>`;
}

function Tools() {
  const words = { auto: "as the system is", light: "light", dark: "dark" }[scheme.value];
  return html`
    <div class="tools">
      <button class="plain" aria-label="Undo" title="Undo (Z)" disabled=${!canUndo.value} onClick=${undo}><${Icon} name="undo" /></button>
      <button class="plain" aria-label="Redo" title="Redo (Shift Z)" disabled=${!canRedo.value} onClick=${redo}><${Icon} name="redo" /></button>
      <button class="plain scheme" aria-label=${`Colours: ${words}`} title=${`Colours: ${words}`} onClick=${nextScheme}><${Icon} name=${scheme.value} /></button>
      <button class="plain" aria-label="Keys and help" title="Keys and help (?)" onClick=${() => { helpOpen.value = true; }}><${Icon} name="keys" /></button>
      <button class="main" title="Take away (7)" onClick=${() => { takeOpen.value = true; }}><${Icon} name="take" /><span>Take away</span></button>
    </div>`;
}

/** Lines that concern the whole page. */
function Messages() {
  const slow = useSlow(connection.value !== "open");
  return html`
    <div class="messages">
    ${preparing.value && html`<${Preparing} ...${preparing.value} />`}
    <div role="status">
      ${slow && html`<p class="problem">${farewell.value || (connection.value === "away"
        ? "The studio's server does not answer. Your picture is safe in this page; it goes on as soon as the server is back."
        : "Connecting …")}</p>`}
      ${panelProblem.value && html`<p class="problem">${panelProblem}</p>`}
      ${notice.value && html`<p class=${notice.value.kind}>${notice.value.text}
        <button class="plain" aria-label="Close this message" onClick=${() => { notice.value = null; }}><${Icon} name="close" /></button></p>`}
    </div></div>`;
}

const Preparing = ({ stage, done, total }) => html`
  <p class="preparing"><span>Measuring the directions: ${stage}</span>
    <progress aria-label="Measuring the directions" value=${done} max=${Math.max(total, 1)}></progress>
    <span class="quiet">Pictures, walks, mixes and sums work meanwhile.</span></p>`;

/** True once something has been so for a moment: a quick reconnection need not be told. */
function useSlow(so) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!so) return setSlow(false);
    const timer = setTimeout(() => setSlow(true), 1000);
    return () => clearTimeout(timer);
  }, [so]);
  return slow;
}
