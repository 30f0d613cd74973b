/** The keys, and the terms of the page. */
import { KEYS } from "../keys.js";
import { panel } from "../models.js";
import { helpOpen } from "../panes.js";
import { nextScheme, scheme } from "../scheme.js";
import { html } from "../view.js";
import { percent } from "../words.js";
import { Dialog } from "./dialog.js";

const USUAL_TARGET = 0.25;

const terms = (target) => ({
  "One step": `changes the mean probability of the slider's own attribute by ${percent(target)}.`,
  "Clean, fair, mixed": "how much more a slider changes its own attribute than another on average (selectivity): at least "
    + "4 times, 2 times, less, at the low end of the 95 % interval; a press tells the figures.",
  Track: "it ends where images of this model get rare (beyond 99.9 % of drawn codes), and is warm beyond 99 %; a pale half has "
    + "nothing to do, since the attribute is there already, or not at all.",
  Refine: "optimises the image to the score that the slider reaches, with the padlocks held; the edit is a slider of its own.",
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
    <p><button onClick=${nextScheme}>Colours: ${scheme.value === "auto" ? "as the system" : scheme.value}</button></p>
    <h3>Terms</h3>
    <dl class="terms">${Object.entries(terms(panel.value?.target_change ?? USUAL_TARGET)).map(([term, meaning]) => html`
      <div><dt>${term}</dt><dd>${meaning}</dd></div>`)}</dl>
  <//>`;
