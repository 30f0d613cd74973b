/** The keys, and the terms of the page. */
import { KEYS } from "../keys.js";
import { panel } from "../models.js";
import { helpOpen } from "../panes.js";
import { html } from "../view.js";
import { share } from "../words.js";
import { Dialog } from "./dialog.js";

const USUAL_TARGET = 0.25;

const terms = (target) => ({
  "One step": `changes the mean probability of the slider's own attribute by ${share(target)}.`,
  "×8": "selectivity: the slider changes its own attribute 8 times as much as the other attributes on average. Sliders are "
    + "sorted by the low end of its 95 % interval, so that chance does not decide the order.",
  Hold: "a closed padlock holds an attribute fixed, as far as this model allows, while other sliders move; smaller steps "
    + "change it less.",
  Seed: "the number that an image is drawn from; the same number is the same image, here and in a script.",
  Truncation: "truncation psi: 1 = none, 0 = the mean image; lower values give more typical images.",
  AUC: "how often an image with the attribute is ranked above one without it: .5 is chance, 1 is always.",
  σ: "one standard deviation of latent codes along a direction.",
  Interval: "contains the true value in 19 of 20 such measurements.",
});

export const HelpDialog = () => html`
  <${Dialog} open=${helpOpen} title="Keys and terms">
    <dl class="keys">${KEYS.map(([keys, does]) => html`
      <div><dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${does}</dd></div>`)}</dl>
    <h3>Terms</h3>
    <dl class="terms">${Object.entries(terms(panel.value?.target_change ?? USUAL_TARGET)).map(([term, meaning]) => html`
      <div><dt>${term}</dt><dd>${meaning}</dd></div>`)}</dl>
  <//>`;
