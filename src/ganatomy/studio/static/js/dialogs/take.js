/** What a visitor leaves with: the picture, its recipe, the directions, the script, a link. */
import * as api from "../api.js";
import { openFile } from "../files.js";
import { Icon } from "../icons.js";
import { modelName } from "../models.js";
import { takeOpen } from "../panes.js";
import { sceneText } from "../scenes.js";
import { change } from "../state.js";
import { html, useEffect, useState } from "../view.js";
import { Dialog } from "./dialog.js";

const FILES = [
  ["png", "Picture", "PNG with its recipe inside: drop it on this page and it comes back."],
  ["recipe", "Recipe", "JSON that names this picture exactly; `ganatomy render` draws it again."],
  ["directions", "Directions", "The directions of this panel, for the library and the command line."],
  ["latents", "Codes", "The codes of this picture as numbers."],
];

export const TakeDialog = () => html`<${Dialog} open=${takeOpen} title="Take away"><${Offers} /><//>`;

function Offers() {
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState("");
  const get = async (what) => {
    setBusy(what);
    setProblem("");
    try {
      api.save(await api.take(modelName.value, what, JSON.parse(sceneText.value)));
    } catch (failed) {
      setProblem(failed.message);
    }
    setBusy("");
  };
  return html`
    <ul class="offers">
      ${FILES.map(([what, name, about]) => html`
        <li><div><h3>${name}</h3><p class="quiet">${about}</p></div>
          <button disabled=${busy === what} onClick=${() => get(what)}>${busy === what ? "Making …" : html`<${Icon} name="take" />`}<span class=${busy === what ? "unseen" : ""}>${name}</span></button></li>`)}
      <li><div><h3>Film</h3><p class="quiet">MP4 or GIF of a walk between pictures: Walk has it.</p></div>
        <button onClick=${() => { takeOpen.value = false; change({ tab: "walk" }); }}>Go to Walk</button></li>
      <${Link} />
    </ul>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <${Script} />
    <p class="again"><label class="button"><${Icon} name="open" />Open a picture or recipe
      <input class="unseen" type="file" accept=".png,.json,.latents,.directions,.safetensors,image/*"
        onChange=${({ currentTarget }) => { takeOpen.value = false; if (currentTarget.files[0]) openFile(currentTarget.files[0]); }} /></label>
      <span class="quiet">or drop it anywhere on the page.</span></p>`;
}

function Link() {
  const [copied, setCopied] = useState("");
  const copy = async () => setCopied(await copies(location.href));
  return html`<li><div><h3>Link</h3><p class="quiet">The address of this page is this picture. ${copied && html`<b role="status">${copied}</b>`}</p></div>
    <button onClick=${copy}><${Icon} name="link" />Copy link</button></li>`;
}

/** The script is short, so it is shown; who wants it as a file gets it. */
function Script() {
  const [file, setFile] = useState(null);
  const [text, setText] = useState("");
  const [said, setSaid] = useState("");
  useEffect(() => {
    let left = false;
    api.take(modelName.value, "script", JSON.parse(sceneText.value))
      .then(async (found) => { const words = await found.blob.text(); if (!left) { setFile(found); setText(words); } })
      .catch((problem) => left || setSaid(problem.message));
    return () => { left = true; };
  }, []);
  return html`
    <section class="script"><h3>Script</h3>
      <p class="quiet">Python that makes this picture. <span role="status">${said}</span></p>
      ${text ? html`<pre tabindex="0" aria-label="Script"><code>${text}</code></pre>
        <p><button onClick=${async () => setSaid(await copies(text))}>Copy</button> <button onClick=${() => api.save(file)}><${Icon} name="take" />Script</button></p>`
        : !said && html`<progress aria-label="The script is being written"></progress>`}
    </section>`;
}

async function copies(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  } catch {
    return "This browser does not let a page copy; select it and copy it yourself.";
  }
}
