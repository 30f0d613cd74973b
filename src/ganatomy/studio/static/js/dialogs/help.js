/** What the keys do, and what the words of the page mean. */
import { KEYS } from "../keys.js";
import { panel } from "../models.js";
import { helpOpen } from "../panes.js";
import { html } from "../view.js";
import { share } from "../words.js";
import { Dialog } from "./dialog.js";

const USUAL_TARGET = 0.25;

const words = (target) => ({
  "One step": `moves the mean probability of the slider's own attribute by ${share(target)}.`,
  "×8": "how clean a slider is: it moves its own attribute 8 times as much as the others on average. Sliders are sorted by "
    + "the low end of its interval, so that luck does not come to the top.",
  Hold: "a closed padlock keeps an attribute as near to where it is as this model allows, while other sliders move; smaller "
    + "steps keep more.",
  Seed: "the number that an image is drawn from; the same number is the same image, here and in a script.",
  Truncation: "how far images may lie from the average one: less is more usual, more is more varied.",
  AUC: "how often an image with it is put before one without: .5 is chance, 1 is always.",
  σ: "one standard deviation of images along a direction.",
  Interval: "where the true value lies in 19 of 20 such measurements.",
});

export const HelpDialog = () => html`
  <${Dialog} open=${helpOpen} title="Keys and words">
    <dl class="keys">${KEYS.map(([keys, does]) => html`
      <div><dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${does}</dd></div>`)}</dl>
    <h3>Words</h3>
    <dl class="words">${Object.entries(words(panel.value?.target_change ?? USUAL_TARGET)).map(([word, means]) => html`
      <div><dt>${word}</dt><dd>${means}</dd></div>`)}</dl>
  <//>`;
