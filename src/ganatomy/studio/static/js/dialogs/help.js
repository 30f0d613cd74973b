/** What the keys do, and what the words of the page mean. */
import { KEYS } from "../keys.js";
import { helpOpen } from "../panes.js";
import { Dialog } from "./dialog.js";
import { html } from "../view.js";

export const HelpDialog = () => html`
  <${Dialog} open=${helpOpen} title="Keys and words">
    <dl class="keys">
      ${KEYS.map(([keys, does]) => html`<div><dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${does}</dd></div>`)}
    </dl>
    <h3>Words</h3>
    <dl class="words">
      <div><dt>One step</dt><dd>moves the mean probability of the slider's own attribute by .25.</dd></div>
      <div><dt>×8</dt><dd>how clean a slider is: it moves its own attribute 8 times as much as the others on average.</dd></div>
      <div><dt>Hold</dt><dd>a closed padlock keeps an attribute where it is while other sliders move.</dd></div>
      <div><dt>Seed</dt><dd>the number that a picture is drawn from; the same number is the same picture, here and in a script.</dd></div>
      <div><dt>Truncation</dt><dd>how far pictures may lie from the average one: less is more usual, more is more varied.</dd></div>
    </dl>
  <//>`;
