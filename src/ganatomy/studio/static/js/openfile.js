/** Opens a file, where dropping one on the page is not possible. */
import { openFile } from "./files.js";
import { Icon } from "./icons.js";
import { exportOpen } from "./panes.js";
import { html } from "./view.js";

const OPENED = ".png,.jpg,.jpeg,.webp,.mp4,.gif,.html,.json,.latents,.directions,.safetensors";

export function OpenFile({ words = "", kind = "" }) {
  const open = ({ currentTarget }) => {
    const [file] = currentTarget.files;
    currentTarget.value = "";
    exportOpen.value = false;
    if (file) openFile(file);
  };
  return html`
    <label class=${`button ${kind}`} title="Open an image, recipe or photograph"><${Icon} name="open" />${words}
      <input class="unseen" type="file" accept=${OPENED} aria-label=${words || "Open a file"} onChange=${open} /></label>`;
}
