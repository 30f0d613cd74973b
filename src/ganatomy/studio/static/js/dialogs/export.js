/** Files of the current image: PNG, recipe, directions, codes, script; and its link. */
import * as api from "../api.js";
import { openFile } from "../files.js";
import { Icon } from "../icons.js";
import { modelName } from "../models.js";
import { keyOf } from "../photograph/store.js";
import { exportOpen } from "../panes.js";
import { sceneText } from "../scenes.js";
import { change, edit } from "../state.js";
import { html, useEffect, useState } from "../view.js";
import { Dialog } from "./dialog.js";

const FILES = {
  png: ["Image", "PNG that contains its recipe: drop it on this page to restore the sliders."],
  recipe: ["Recipe", "JSON that names this image exactly; `ganatomy render` draws it again."],
  directions: ["Directions", "Those of the sliders that were moved, and all that you taught or opened, for the library and the command line."],
  latents: ["Codes", "The latent code of this image."],
};
const UNMOVED = "Move a slider or teach one to export its direction.";
const PASTED = "PNG of the whole photograph, at its own size: only the face changes.";
const OPENED = ".png,.jpg,.jpeg,.webp,.mp4,.gif,.json,.latents,.directions,.safetensors";

function exportFile(what) {
  const scene = JSON.parse(sceneText.value);
  const { taught, own } = edit.value;
  // An image needs only the directions of the sliders that were moved.
  return api.exportScene(modelName.value, what, what === "directions" ? { ...scene, taught, own } : scene);
}

const pasteFile = () =>
  api.paste(modelName.value, keyOf(edit.value.codes.photographs[0]), JSON.parse(sceneText.value));

export const ExportDialog = () => html`<${Dialog} open=${exportOpen} title="Export"><${Offers} /><${Script} /><${Open} /><//>`;

function Offers() {
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState("");
  const [copied, setCopied] = useState("");
  const { moves, taught, own } = edit.value;
  const undirected = Object.keys({ ...moves, ...taught, ...own }).length === 0;
  const get = async (what) => {
    setBusy(what);
    setProblem("");
    try {
      api.save(await (what === "paste" ? pasteFile() : exportFile(what)));
    } catch (failed) {
      setProblem(failed.message);
    }
    setBusy("");
  };
  const goToWalk = () => {
    exportOpen.value = false;
    change({ tab: "walk" });
  };
  return html`
    <ul class="offers">
      ${Object.entries(FILES).map(([what, [name, about]]) => html`
        <${Offer} name=${name} about=${what === "directions" && undirected ? UNMOVED : about}>
          <button disabled=${busy === what || (what === "directions" && undirected)} aria-label=${name} onClick=${() => get(what)}>
            <${Icon} name="export" />${busy === what ? "Making …" : name}</button><//>`)}
      <${Pasted} busy=${busy} onGet=${get} />
      <${Offer} name="Film" about="MP4 or GIF of a walk between images, in the tab Walk.">
        <button onClick=${goToWalk}>Go to Walk</button><//>
      <${Offer} name="Link" about=${copied || "The address of this page names this image."}>
        <button onClick=${async () => setCopied(await copy(location.href))}><${Icon} name="link" />Copy link</button><//>
    </ul>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}`;
}

/** The edit in the photograph that the image began with. */
function Pasted({ busy, onGet }) {
  const { photographs } = edit.value.codes;
  if (!photographs) return null;
  const kept = keyOf(photographs[0]) !== null;
  return html`
    <${Offer} name="Photograph" about=${kept ? PASTED : "Open the photograph again, and find its codes, to paste the edit into it."}>
      <button disabled=${!kept || busy === "paste"} onClick=${() => onGet("paste")}>
        <${Icon} name="photograph" />${busy === "paste" ? "Pasting …" : "Paste into the photograph"}</button><//>`;
}

const Offer = ({ name, about, children }) => html`
  <li><div><h3>${name}</h3><p class="quiet">${about}</p></div>${children}</li>`;

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

/** Opens a file, where dropping one on the page is not possible. */
function Open() {
  const open = ({ currentTarget: { files } }) => {
    exportOpen.value = false;
    if (files[0]) openFile(files[0]);
  };
  return html`
    <p class="again">
      <label class="button"><${Icon} name="open" />Open an image, recipe or photograph
        <input class="unseen" type="file" accept=${OPENED} onChange=${open} /></label>
      <span class="quiet">or drop it anywhere on the page.</span>
    </p>`;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  } catch {
    return "This browser does not allow pages to copy; select the text and copy it.";
  }
}
