/** The map: wheel, touch, drag or keys move it; a click goes to the image. */
import { panel } from "../models.js";
import { AS_MEASURED, measuredScene } from "../scenes.js";
import { isDark } from "../scheme.js";
import { changeExplore, goTo, seedOf, state } from "../state.js";
import { Thumb } from "../thumbs.js";
import { html, useEffect, useMemo, useRef, useState } from "../view.js";
import { percent, PERCENT, titled } from "../words.js";
import { nearest, panned, whole, zoomed } from "./camera.js";
import { classColor, colorsOf, drawMap } from "./drawing.js";
import { useHands } from "./hands.js";
import { useSprite } from "./sprite.js";

const CLOSER = 1.6;
/** Stands for the class of an image in the choice of colours. */
const CLASS = "class of each image";
/** Pixels that an arrow key moves the map. */
const PACE = 60;
const ARROWS = { ArrowLeft: [PACE, 0], ArrowRight: [-PACE, 0], ArrowUp: [0, PACE], ArrowDown: [0, -PACE] };

export function MapView({ map }) {
  const canvas = useRef(null);
  const [size, setSize] = useState(null);
  const [camera, setCamera] = useState(null);
  const [pointed, setPointed] = useState(-1);
  const [aimed, setAimed] = useState(false);
  const [sprite, problem] = useSprite();
  const names = Object.keys(map.scores ?? {});
  const classes = useMemo(() => (panel.value?.exclusive ? classesOf(map.scores) : null), [map]);
  const given = state.value.explore.color;
  const color = names.includes(given) ? given : classes ? CLASS : mostEven(map);
  const go = (index) => goTo({ seeds: [index] }, AS_MEASURED);

  useEffect(() => {
    const watch = new ResizeObserver(([{ contentRect }]) => {
      const next = { width: Math.round(contentRect.width), height: Math.round(contentRect.height) };
      setSize(next);
      setCamera((old) => old ?? whole(map, next));
    });
    watch.observe(canvas.current);
    return () => watch.disconnect();
  }, [map]);

  const dark = isDark.value;
  useEffect(() => {
    if (!size || !camera) return;
    drawMap(canvas.current, {
      map, camera, size, sprite, pointed, dark, aimed,
      scores: map.scores?.[color] ?? null,
      classes: color === CLASS ? classes : null, count: names.length,
      current: seedOf(state.value.edit.codes) ?? -1,
    });
  });

  const find = (x, y) => (camera ? nearest(map, camera, size, x, y) : -1);
  const hands = useHands(canvas, {
    onZoom: (factor, x, y) => setCamera((old) => zoomed(old, size, factor, x, y)),
    onPan: (dx, dy) => setCamera((old) => panned(old, dx, dy)),
    onPoint: (x, y) => setPointed(find(x, y)),
    onClick: (x, y) => { if (find(x, y) >= 0) go(find(x, y)); },
    onLeave: () => setPointed(-1),
  });
  const keys = (event) => {
    const factor = { "+": CLOSER, "=": CLOSER, "-": 1 / CLOSER }[event.key];
    const aim = (next) => {
      setCamera(next);
      setPointed(nearest(map, next, size, size.width / 2, size.height / 2, Infinity));
    };
    if (ARROWS[event.key]) aim(panned(camera, ...ARROWS[event.key]));
    else if (factor) aim(zoomed(camera, size, factor));
    else if (event.key === "Enter" && pointed >= 0) go(pointed);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const score = pointed < 0 || !color ? "" : color === CLASS ? titled(names[classes[pointed]])
    : `${titled(color)} ${map.scores[color][pointed]}${PERCENT}`;
  return html`
    <div class="map">
      <div class="toolbar">
        ${color && html`<${Colors} names=${names} color=${color} classes=${classes} dark=${dark} />`}
        <div class="holding" role="group" aria-label="Zoom">
          <button class="plain" aria-label="Closer" onClick=${() => setCamera((old) => zoomed(old, size, CLOSER))}>+</button>
          <button class="plain" aria-label="Farther" onClick=${() => setCamera((old) => zoomed(old, size, 1 / CLOSER))}>−</button>
          <button class="plain" onClick=${() => setCamera(whole(map, size))}>Whole map</button>
        </div>
      </div>
      <div class="map-place">
        <canvas ref=${canvas} tabindex="0" role="application" aria-describedby="map-seen" ...${hands} onKeyDown=${keys}
          aria-label="Map of images: arrows move it, plus and minus zoom, Enter goes to the image in the middle"
          onFocus=${(event) => setAimed(event.currentTarget.matches(":focus-visible"))} 
          onBlur=${() => setAimed(false)}></canvas>
        ${pointed >= 0 && html`
          <div class="map-card" aria-hidden="true">
            <${Thumb} scene=${measuredScene(pointed)} />
            <p>Seed ${pointed}<br /><b>${score}</b></p>
          </div>`}
      </div>
      <p class="quiet">
        <span id="map-seen" role=${aimed ? "status" : undefined}>
          ${pointed >= 0 ? `Seed ${pointed}${score && `, ${score}`}.` : `${map.x.length.toLocaleString("en")} images.
            Click one to edit it; zoom in to see more.`}</span>
        ${" "}${map.about} ${problem && html`<span class="problem">${problem}</span>`}
      </p>
    </div>`;
}

const Colors = ({ names, color, classes, dark }) => html`
  <label class="field-inline">Colour
    <select value=${color} onChange=${(event) => changeExplore({ color: event.currentTarget.value })}>
      ${classes && html`<option value=${CLASS}>Class</option>`}
      ${names.map((name) => html`<option value=${name}>${titled(name)}</option>`)}
    </select></label>
  ${color === CLASS ? html`<span class="scale">${names.map((name, i) => html`
      <span><i style=${{ background: classColor(i, names.length, dark) }}></i>${titled(name)}</span>`)}</span>` : html`
    <span class="scale" aria-hidden="true">${percent(0)}
      <span>${colorsOf(dark).map((shade) => html`<i style=${{ background: shade }}></i>`)}</span> ${percent(1)}</span>`}`;

/** The class of each image: that with the highest score. */
function classesOf(scores) {
  const all = Object.values(scores ?? {});
  return all.length ? all[0].map((_, i) => all.reduce((best, one, k) => (one[i] > all[best][i] ? k : best), 0)) : null;
}

/** The attribute whose prevalence is nearest to one half. */
function mostEven(map) {
  const apart = (scores) => Math.abs(scores.filter((score) => score >= 50).length / scores.length - 0.5);
  return Object.entries(map.scores ?? {}).sort((a, b) => apart(a[1]) - apart(b[1]))[0]?.[0] ?? "";
}
