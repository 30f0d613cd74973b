/** Where the page begins. */
import { App } from "./app.js";
import { startFiles } from "./files.js";
import { startHistory } from "./history.js";
import { startKeys } from "./keys.js";
import { findModels, followModel, models } from "./models.js";
import { followRanges } from "./edit/ranges.js";
import { followReading } from "./edit/reading.js";
import { followRefine } from "./edit/refine.js";
import { followScene } from "./images.js";
import { notice } from "./panes.js";
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
  if (state.model && !known) notice.value = { kind: "problem", text: `The link is about ${state.model}, which is not open here; start the studio with it.` };
  return known ? state : { ...state, model: models.value[0]?.name ?? null };
});
startTitle();
followModel();
followThumbs();
followScene();
followReading();
followRanges();
followRefine();
followPhotograph();
startKeys();
startFiles();
