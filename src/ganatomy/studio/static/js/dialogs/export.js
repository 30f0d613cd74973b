/** What can be taken away: image, film, page and link; and files for code. */
import * as api from "../api.js";
import { Icon } from "../icons.js";
import { OpenFile } from "../openfile.js";
import { modelName } from "../models.js";
import { keyOf } from "../photograph/store.js";
import { exportOpen } from "../panes.js";
import { beforeText, sceneText } from "../scenes.js";
import { edit } from "../state.js";
import { html, useEffect, useState } from "../view.js";
import { Dialog } from "./dialog.js";

const PNG = "It carries its recipe: drop it on this page to restore the sliders.";
const CODE = {
  recipe: ["Recipe", "JSON that names this image exactly; `ganatomy render` draws it again."],
  directions: ["Directions", "The sliders that were moved, and all that you taught or opened, with their steps."],
  latents: ["Codes", "The latent code of this image."],
};
const UNMOVED = "Move a slider or teach one to export its direction.";
const NOTHING = "Move a slider first.";
const PASTED = "PNG of the whole photograph, at its own size: only the face changes.";
const FRAMES = 48;
const HOME = ["127.0.0.1", "localhost", "[::1]"];
const SIZES = { "": "readable size", 1: "own size", 2: "2 times", 4: "4 times", "4p": "4 times, whole pixels" };

function exportFile(what, size = "") {
  const scene = JSON.parse(sceneText.value);
  const { taught, own } = edit.value;
  const enlarged = size ? { scale: Number(size[0]), pixels: size.endsWith("p") } : {};
  // An image needs only the directions of the sliders that were moved.
  return api.exportScene(modelName.value, what, what === "directions" ? { ...scene, taught, own } : scene, enlarged);
}

/** The command that makes the image now from the file of directions. */
function command() {
  const { codes: { seeds, truncation_psi: psi, label }, moves } = JSON.parse(sceneText.value);
  const from = seeds?.length === 1 ? [`--seed ${seeds[0]}`, psi !== 1 && `--truncation-psi ${psi}`, label !== null && `--label ${label}`] : ["CODES"];
  const moved = Object.entries(moves).map(([name, steps]) => `--move ${quoted(`${name}=${steps}`)}`);
  return ["ganatomy edit", quoted(modelName.value), ...from, "--directions FILE", ...moved, "-o edited.png"].filter(Boolean).join(" ");
}

/** For a shell. */
const quoted = (word) => (/^[\w.=/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** From before to now and back. */
const filmFile = (what) => api.film(modelName.value, {
  what, keys: [JSON.parse(beforeText.value), JSON.parse(sceneText.value)], method: "lerp", frames: FRAMES, closed: true,
});

const pasteFile = () =>
  api.paste(modelName.value, keyOf(edit.value.codes.photographs[0]), JSON.parse(sceneText.value));

export const ExportDialog = () => html`
  <${Dialog} open=${exportOpen} title="Export"><${Offers} /><p class="again"><${OpenFile} words="Open an image, recipe or photograph" />
    <span class="quiet">or drop it anywhere on the page.</span></p><//>`;

function Offers() {
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState("");
  const [copied, setCopied] = useState("");
  const [size, setSize] = useState("");
  const { moves, taught, own } = edit.value;
  const unmoved = Object.keys(moves).length === 0;
  const undirected = unmoved && Object.keys({ ...taught, ...own }).length === 0;
  const get = async (what, make = () => exportFile(what)) => {
    setBusy(what);
    setProblem("");
    try {
      api.save(await make());
    } catch (failed) {
      setProblem(failed.message);
    }
    setBusy("");
  };
  const button = (what, name, { able = true, make, label = name } = {}) => html`
    <button disabled=${!able || busy !== ""} aria-label=${label} onClick=${() => get(what, make)}>
      <${Icon} name="export" />${busy === what ? "Making …" : name}</button>`;
  return html`
    <ul class="offers">
      <${Offer} name="Image" about=${PNG}>
        <label><span class="unseen">Size of the image</span><select value=${size} onChange=${(event) => setSize(event.currentTarget.value)}>
          ${Object.entries(SIZES).map(([value, words]) => html`<option value=${value}>${words}</option>`)}</select></label>
        ${button("png", "PNG", { make: () => exportFile("png", size), label: "Image" })}<//>
      <${Offer} name="Before and after" about=${unmoved ? NOTHING : "One PNG with both images, or a film from one to the other and back."}>
        ${button("pair", "PNG", { able: !unmoved, make: () => exportFile("pair", size), label: "Before and after" })}
        ${["mp4", "gif"].map((what) => button(what, what.toUpperCase(), { able: !unmoved, make: () => filmFile(what), label: `Film of this edit, ${what.toUpperCase()}` }))}<//>
      <${Offer} name="Page with a slider" about=${unmoved ? NOTHING : "One HTML file under 3 MB that shows the edit to anybody, without ganatomy."}>
        ${button("page", "HTML", { able: !unmoved, label: "Page with a slider" })}<//>
      <${Pasted} busy=${busy} onGet=${() => get("paste", pasteFile)} />
      <${Offer} name="Link" about=${copied || linkReach()}>
        <button onClick=${async () => setCopied(await copy(location.href))}><${Icon} name="link" />Copy link</button><//>
    </ul>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <details class="finer"><summary>For code: recipe, directions, codes, script</summary>
      <ul class="offers">${Object.entries(CODE).map(([what, [name, about]]) => html`
        <${Offer} name=${name} about=${what !== "directions" ? about : undirected ? UNMOVED : html`${about}${
          !unmoved && html` The same edit: <code>${command()}</code>`}`}>
          ${button(what, name, { able: what !== "directions" || !undirected })}<//>`)}</ul>
      <${Script} />
    </details>`;
}

/** For whom a link of this page works. */
const linkReach = () => (HOME.includes(location.hostname)
  ? "It works in browsers on this machine while the studio runs; for colleagues start it with --host and --token."
  : "It works for everybody who has opened this studio with its token.");

/** The edit in the photograph that the image began with. */
function Pasted({ busy, onGet }) {
  const { photographs } = edit.value.codes;
  if (!photographs) return null;
  const kept = keyOf(photographs[0]) !== null;
  return html`
    <${Offer} name="Photograph" about=${kept ? PASTED : "Open the photograph again, and find its codes, to paste the edit into it."}>
      <button disabled=${!kept || busy !== ""} onClick=${onGet}>
        <${Icon} name="photograph" />${busy === "paste" ? "Pasting …" : "Paste into the photograph"}</button><//>`;
}

const Offer = ({ name, about, children }) => html`
  <li><div><h3>${name}</h3><p class="quiet">${about}</p></div><div class="takes">${children}</div></li>`;

/** The script is short, so it is shown; it can be saved as a file too. */
function Script() {
  const [file, setFile] = useState(null);
  const [text, setText] = useState("");
  const [status, setStatus] = useState("");
  useEffect(() => {
    let left = false;
    exportFile("script").then(async (found) => {
      const words = await found.blob.text();
      if (left) return;
      setFile(found);
      setText(words);
    }).catch((problem) => { if (!left) setStatus(problem.message); });
    return () => { left = true; };
  }, []);
  return html`
    <section class="script">
      <h3>Script</h3>
      <p class="quiet">Python that makes this image. <span role="status">${status}</span></p>
      ${text ? html`
        <pre tabindex="0" role="region" aria-label="Script"><code>${text}</code></pre>
        <p><button onClick=${async () => setStatus(await copy(text))}>Copy</button>${" "}
          <button onClick=${() => api.save(file)}><${Icon} name="export" />Script</button></p>`
      : !status && html`<progress aria-label="Writing the script"></progress>`}
    </section>`;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  } catch {
    return "This browser does not allow pages to copy; select the text and copy it.";
  }
}
