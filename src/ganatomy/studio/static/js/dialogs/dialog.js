/** A native dialog that a signal opens and closes. */
import { Icon } from "../icons.js";
import { html, useLayoutEffect, useRef } from "../view.js";

/** @param {{open: import("../view.js").Signal<boolean>, title: string, children: any}} props */
export function Dialog({ open, title, children }) {
  const dialog = useRef(null);
  const id = `title-${title.replaceAll(" ", "-")}`;
  useLayoutEffect(() => {
    if (open.value && !dialog.current.open) dialog.current.showModal();
    if (!open.value && dialog.current.open) dialog.current.close();
  }, [open.value]);
  const shut = () => { open.value = false; };
  // The signal changes before the dialog closes, so that a key that opens it again is not lost.
  const cancel = (event) => {
    event.preventDefault();
    shut();
  };
  // The event comes late: the dialog may be open again.
  const closed = () => { if (!dialog.current.open) shut(); };
  // The backdrop belongs to the dialog itself; what is inside it is something else.
  const outside = (event) => { if (event.target === dialog.current) shut(); };
  return html`
    <dialog ref=${dialog} aria-labelledby=${id} onCancel=${cancel} onClose=${closed} onClick=${outside}>
      ${open.value && html`
        <div class="inside">
          <header><h2 id=${id}>${title}</h2>
            <button class="plain" aria-label="Close" onClick=${shut}><${Icon} name="close" /></button></header>
          ${children}
        </div>`}
    </dialog>`;
}
