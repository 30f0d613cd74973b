/** Where the page begins. */
import { App } from "./app.js";
import { startFiles } from "./files.js";
import { startHistory } from "./history.js";
import { startKeys } from "./keys.js";
import { findModels, followModel, models } from "./models.js";
import { followReading } from "./edit/reading.js";
import { followScene } from "./images.js";
import { followPhotograph } from "./photograph/store.js";
import { startScheme } from "./scheme.js";
import { followThumbs } from "./thumbs.js";
import { startTitle } from "./title.js";
import { html, render } from "./view.js";

startScheme();
render(html`<${App} />`, document.getElementById("studio"));
await findModels();

// A link may name no model, or one that is not served here.
startHistory((state) => {
  const known = models.value.some(({ name }) => name === state.model);
  return known ? state : { ...state, model: models.value[0]?.name ?? null };
});
startTitle();
followModel();
followThumbs();
followScene();
followReading();
followPhotograph();
startKeys();
startFiles();
