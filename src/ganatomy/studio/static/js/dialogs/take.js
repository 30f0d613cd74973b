/** What a visitor leaves with: the image, its recipe, the directions, the script, a link. */
import * as api from "../api.js";
import { openFile } from "../files.js";
import { Icon } from "../icons.js";
import { modelName } from "../models.js";
import { takeOpen } from "../panes.js";
import { sceneText } from "../scenes.js";
import { change, edit } from "../state.js";
import { html, useEffect, useState } from "../view.js";
import { Dialog } from "./dialog.js";

const FILES = {
  png: ["Image", "PNG with its recipe inside: drop it on this page and it comes back."],
  recipe: ["Recipe", "JSON that names this image exactly; `ganatomy render` draws it again."],
  directions: ["Directions", "Those that this image was moved along, and all that you taught or opened, for the library and the command line."],
  latents: ["Codes", "The codes of this image as numbers."],
};
const UNMOVED = "Move a slider or teach one, and its direction can be taken away.";
const OPENED = ".png,.jpg,.jpeg,.webp,.mp4,.gif,.json,.latents,.directions,.safetensors";

function take(what) {
  const scene = JSON.parse(sceneText.value);
  const { taught, own } = edit.value;
  // An image needs only the directions that it was moved along.
  return api.take(modelName.value, what, what === "directions" ? { ...scene, taught, own } : scene);
}

export const TakeDialog = () => html`<${Dialog} open=${takeOpen} title="Take away"><${Offers} /><${Script} /><${Open} /><//>`;

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
      api.save(await take(what));
    } catch (failed) {
      setProblem(failed.message);
    }
    setBusy("");
  };
  const goToWalk = () => {
    takeOpen.value = false;
    change({ tab: "walk" });
  };
  return html`
    <ul class="offers">
      ${Object.entries(FILES).map(([what, [name, about]]) => html`
        <${Offer} name=${name} about=${what === "directions" && undirected ? UNMOVED : about}>
          <button disabled=${busy === what || (what === "directions" && undirected)} aria-label=${name} onClick=${() => get(what)}>
            <${Icon} name="take" />${busy === what ? "Making …" : name}</button><//>`)}
      <${Offer} name="Film" about="MP4 or GIF of a walk between images: Walk has it.">
        <button onClick=${goToWalk}>Go to Walk</button><//>
      <${Offer} name="Link" about=${copied || "The address of this page is this image."}>
        <button onClick=${async () => setCopied(await copy(location.href))}><${Icon} name="link" />Copy link</button><//>
    </ul>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}`;
}

const Offer = ({ name, about, children }) => html`
  <li><div><h3>${name}</h3><p class="quiet">${about}</p></div>${children}</li>`;

/** The script is short, so it is shown; who wants it as a file gets it. */
function Script() {
  const [file, setFile] = useState(null);
  const [text, setText] = useState("");
  const [said, setSaid] = useState("");
  useEffect(() => {
    let left = false;
    take("script").then(async (found) => {
      const words = await found.blob.text();
      if (left) return;
      setFile(found);
      setText(words);
    }).catch((problem) => { if (!left) setSaid(problem.message); });
    return () => { left = true; };
  }, []);
  return html`
    <section class="script">
      <h3>Script</h3>
      <p class="quiet">Python that makes this image. <span role="status">${said}</span></p>
      ${text ? html`
        <pre tabindex="0" role="region" aria-label="Script"><code>${text}</code></pre>
        <p><button onClick=${async () => setSaid(await copy(text))}>Copy</button>${" "}
          <button onClick=${() => api.save(file)}><${Icon} name="take" />Script</button></p>`
      : !said && html`<progress aria-label="The script is being written"></progress>`}
    </section>`;
}

/** The other way round, for who cannot drop a file on the page. */
function Open() {
  const open = ({ currentTarget: { files } }) => {
    takeOpen.value = false;
    if (files[0]) openFile(files[0]);
  };
  return html`
    <p class="again">
      <label class="button"><${Icon} name="open" />Open an image or recipe
        <input class="unseen" type="file" accept=${OPENED} onChange=${open} /></label>
      <span class="quiet">or drop it anywhere on the page.</span>
    </p>`;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  } catch {
    return "This browser does not let a page copy; select it and copy it yourself.";
  }
}
