/** Arithmetic as in DCGAN: the mean of basket A, less that of B, plus that of C, and its neighbours. */
import { Icon } from "../icons.js";
import { model, panel } from "../models.js";
import { codesOf } from "../scenes.js";
import { SheetCell, useSheet } from "../sheets.js";
import { changeMix, edit, goTo, state } from "../state.js";
import { html } from "../view.js";
import { titled } from "../words.js";
import { SeedField } from "./seedfield.js";

const CELL = 160;
const PATIENCE = 150;
const NEIGHBOURS = 8;
const NOISE = 0.25;
/** The sheet has the sum first; on the page it stands in the middle of its neighbours. */
const PLACES = [1, 2, 3, 4, 0, 5, 6, 7, 8];
/** A basket is filled from this many images with the highest scores. */
const AMONG = 30;
/** With fewer, the sum of an example is what it should be in some models only. */
const PER_BASKET = 5;
const PLAIN = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];
const BASKETS = [{ name: "A", sign: "+" }, { name: "B", sign: "-" }, { name: "C", sign: "+" }];

export function Sums() {
  const { baskets: given } = state.value.mix;
  const baskets = given ?? example(panel.value?.map?.scores) ?? PLAIN;
  const { psi, label } = edit.value;
  const { sheet, facts, problem, waiting } = useSheet("sum", {
    kind: "sum",
    terms: baskets.map((seeds, i) => ({ sign: BASKETS[i].sign, ...codesOf({ seeds }, psi, label) })),
    neighbours: NEIGHBOURS,
    noise: NOISE,
    size: Math.min(CELL, model.value.resolution),
  }, PATIENCE);
  const codes = facts.codes?.codes ?? [];
  const put = (i, seeds) => changeMix({ baskets: baskets.map((old, k) => (k === i ? seeds : old)) });
  return html`
    <p class="about">${!given && baskets !== PLAIN ? "Smiling women, minus neutral women, plus neutral men, should be a smiling man. " : ""}The mean code
      of A, minus that of B, plus that of C; a mean of several is less noisy than a single one.</p>
    <div class="sum">
      <div>${baskets.map((seeds, i) => html`
        <${Basket} key=${i} ...${BASKETS[i]} first=${i === 0} seeds=${seeds} onSeeds=${(next) => put(i, next)} />`)}</div>
      <div>
        <h2 class="small">= A − B + C</h2>
        ${problem && html`<p class="problem" role="alert">${problem}</p>`}
        <ul class="nine" aria-label="The sum and eight neighbours" aria-busy=${waiting}>
          ${PLACES.map((i) => html`
            <li class=${i ? "" : "centre"}>
              <button class="cell" disabled=${!codes[i]} aria-label=${i ? `Edit neighbour ${i}` : "Edit the sum"}
                onClick=${() => goTo(codes[i])}>
                ${sheet?.count > i ? html`<${SheetCell} sheet=${sheet} index=${i} />` : html`<span class="thumb"></span>`}
              </button></li>`)}
        </ul>
        <p class="quiet">The sum is in the middle; around it are codes close by. Choose one to edit it.</p>
      </div>
    </div>`;
}

function Basket({ name, sign, first, seeds, onSeeds }) {
  const attributes = Object.keys(panel.value?.map?.scores ?? {});
  const fill = (event) => {
    const chosen = event.currentTarget.value;
    event.currentTarget.value = "";
    if (chosen) onSeeds(pick(panel.value.map, chosen, seeds.length));
  };
  return html`
    <fieldset class="basket">
      <legend>${!first && html`<span class="sign">${sign === "-" ? "−" : "+"}</span> `}${name}</legend>
      <div class="three">${seeds.map((seed, i) => html`
        <${SeedField} key=${i} seed=${seed} label=${`${name} ${i + 1}`}
          onSeed=${(next) => onSeeds(seeds.map((old, k) => (k === i ? next : old)))} />`)}</div>
      ${attributes.length > 0 && html`
        <label class="field-inline"><${Icon} name="dice" /><span class="unseen">Fill ${name} with</span>
          <select onChange=${fill}>
            <option value="">Fill with …</option>
            ${attributes.map((attribute) => html`
              <option value=${`+${attribute}`}>${titled(attribute)}</option>
              <option value=${`-${attribute}`}>not ${titled(attribute)}</option>`)}
          </select></label>`}
    </fieldset>`;
}

/** "Smiling woman − neutral woman + neutral man" (Radford et al. 2016), by the scores of images; null without these. */
function example(scores) {
  const [smiling, male] = [scores?.Smiling, scores?.Male];
  if (!smiling || !male) return null;
  const best = (smiles, man) => smiling.map((score, seed) => [(smiles ? score : 100 - score) * (man ? male[seed] : 100 - male[seed]), seed])
    .sort((a, b) => b[0] - a[0]).slice(0, PER_BASKET).map(([, seed]) => seed);
  return [best(true, false), best(false, false), best(false, true)];
}

/** Some of the seeds with the highest (or lowest) scores of an attribute. */
function pick(map, chosen, count) {
  const sign = chosen[0] === "+" ? -1 : 1;
  const best = [...map.scores[chosen.slice(1)].entries()].sort((a, b) => sign * (a[1] - b[1])).slice(0, AMONG);
  return Array.from({ length: count }, () => best.splice(Math.floor(Math.random() * best.length), 1)[0]?.[0] ?? 0);
}
