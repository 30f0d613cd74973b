/** Tabs whose code comes after the first image, or as soon as they are opened, so that the page is there sooner. */
import { html, signal } from "../view.js";

/** Until code comes that nobody has asked for, in ms; then every tab opens without the server as well. */
const REST = 2000;

/**
 * A component that takes the place of one that is still to be loaded.
 * @param {() => Promise<any>} load gives the component.
 */
export function later(load) {
  const loaded = signal({ Tab: null, failed: false });
  let started = false;
  const start = () => {
    if (started) return;
    started = true;
    load().then(
      (Tab) => { loaded.value = { Tab, failed: false }; },
      () => { loaded.value = { Tab: null, failed: true }; },
    );
  };
  setTimeout(start, REST);
  return function Later(props) {
    start();
    const { Tab, failed } = loaded.value;
    if (Tab) return html`<${Tab} ...${props} />`;
    return html`
      <div class="wide">
        ${failed ? html`
          <div class="empty" role="alert">
            <p>This tab could not be loaded. See that the studio still runs, then reload the page; nothing is lost.</p>
          </div>` : html`<p role="status">Opening …</p>`}
      </div>`;
  };
}
