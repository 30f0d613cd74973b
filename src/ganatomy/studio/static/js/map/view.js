/** The map under the hands: wheel, fingers, drag or keys move it; a click goes to the picture. */
import { thumbnails } from "../api.js";
import { Icon } from "../icons.js";
import { modelName } from "../models.js";
import { scheme } from "../scheme.js";
import { sceneOfSeed } from "../scenes.js";
import { goTo, seedOf, state } from "../state.js";
import { changeExplore } from "../tabs/explore.js";
import { Thumb } from "../thumbs.js";
import { html, useEffect, useRef, useState } from "../view.js";
import { titled } from "../words.js";
import { nearest, panned, whole, zoomed } from "./camera.js";
import { colorsOf, drawMap, PICTURE } from "./drawing.js";

const NOTCH = 1.0015;
const PACE = 60;

export function MapView({ map }) {
  const canvas = useRef(null);
  const [size, setSize] = useState(null);
  const [camera, setCamera] = useState(null);
  const [hovered, setHovered] = useState(-1);
  const [aimed, setAimed] = useState(false);
  const [sprite, problem] = useSprite();
  const names = Object.keys(map.scores ?? {});
  const color = names.includes(state.value.explore.color) ? state.value.explore.color : liveliest(map) ?? "";
  const marked = map.seeds.indexOf(seedOf(state.value.edit.codes));
  const dark = useDark();

  useEffect(() => {
    const watch = new ResizeObserver(([{ contentRect }]) => {
      const next = { width: Math.round(contentRect.width), height: Math.round(contentRect.height) };
      setSize(next);
      setCamera((old) => old ?? whole(map, next));
    });
    watch.observe(canvas.current);
    return () => watch.disconnect();
  }, [map]);

  useEffect(() => {
    if (!size || !camera) return;
    const ratio = devicePixelRatio || 1;
    const element = canvas.current;
    if (element.width !== size.width * ratio || element.height !== size.height * ratio) [element.width, element.height] = [size.width * ratio, size.height * ratio];
    const context = element.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(element);
    drawMap(context, {
      map, camera, size, sprite, marked, hovered, dark, aimed, scores: map.scores?.[color] ?? null,
      ink: style.color, accent: style.getPropertyValue("accent-color"),
    });
  });

  const hands = useHands(canvas, size, setCamera, (x, y, clicked) => {
    const found = camera ? nearest(map, camera, size, x, y) : -1;
    setHovered(found);
    if (clicked && found >= 0) goTo({ seeds: [map.seeds[found]] });
  }, () => setHovered(-1));
  const keys = (event) => {
    const step = { ArrowLeft: [PACE, 0], ArrowRight: [-PACE, 0], ArrowUp: [0, PACE], ArrowDown: [0, -PACE] }[event.key];
    const factor = { "+": 1.4, "=": 1.4, "-": 1 / 1.4 }[event.key];
    const aim = (next) => { setCamera(next); setHovered(nearest(map, next, size, size.width / 2, size.height / 2, Infinity)); };
    if (step) aim(panned(camera, ...step));
    else if (factor) aim(zoomed(camera, size, factor));
    else if (event.key === "Enter" && hovered >= 0) goTo({ seeds: [map.seeds[hovered]] });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const seen = hovered >= 0 && map.seeds[hovered];
  return html`
    <div class="map">
      <div class="toolbar">
        ${names.length > 0 && html`<label class="field-inline">Colour <select value=${color} onChange=${(event) => changeExplore({ color: event.currentTarget.value })}>
          ${names.map((name) => html`<option value=${name}>${titled(name)}</option>`)}</select></label>
        <span class="scale" aria-hidden="true">0 <span>${colorsOf(dark).map((shade) => html`<i style=${{ background: shade }}></i>`)}</span> 1</span>`}
        <span class="holding" role="group" aria-label="Zoom">
          <button class="plain" aria-label="Closer" onClick=${() => setCamera((old) => zoomed(old, size, 1.6))}>+</button>
          <button class="plain" aria-label="Farther" onClick=${() => setCamera((old) => zoomed(old, size, 1 / 1.6))}>−</button>
          <button class="plain" onClick=${() => setCamera(whole(map, size))}>Whole map</button>
        </span>
      </div>
      <div class="map-place">
        <canvas ref=${canvas} tabindex="0" role="application" aria-label="Map of pictures: arrows move it, plus and minus zoom, Enter goes to the picture in the middle"
          aria-describedby="map-seen" ...${hands} onKeyDown=${keys} onFocus=${(event) => setAimed(event.currentTarget.matches(":focus-visible"))} onBlur=${() => setAimed(false)}></canvas>
        ${seen !== false && html`<div class="map-card" aria-hidden="true"><${Thumb} scene=${sceneOfSeed(seen)} large /><p>Seed ${seen}${color && html`<br />${titled(color)} <b>${map.scores[color][hovered]} %</b>`}</p></div>`}
      </div>
      <p class="quiet"><span id="map-seen" role=${aimed ? "status" : undefined}>${seen === false ? `${map.seeds.length.toLocaleString("en")} pictures. Click one to edit it; zoom in and the points become pictures.`
        : `Seed ${seen}${color ? `, ${titled(color)} ${map.scores[color][hovered]} %` : ""}.`}</span> ${map.about}${problem && html` <span class="problem">${problem}</span>`}</p>
    </div>`;
}

/** What tells most pictures apart: the attribute that is nearest to half and half. */
function liveliest(map) {
  const apart = (scores) => Math.abs(scores.filter((score) => score >= 50).length / scores.length - 0.5);
  return Object.entries(map.scores ?? {}).sort((a, b) => apart(a[1]) - apart(b[1]))[0]?.[0];
}

/** Small pictures of all points; they may come later than the map. */
function useSprite() {
  const [sprite, setSprite] = useState(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let left = false;
    let kept = null;
    let timer = null;
    const look = () => thumbnails(modelName.value, PICTURE).then((found) => {
      if (left) return found.close();
      kept = found;
      setSprite(found);
    }).catch((failed) => {
      if (left) return;
      if (failed.status === 409) timer = setTimeout(look, 1000);
      else setProblem(failed.message);
    });
    look();
    return () => { left = true; clearTimeout(timer); kept?.close(); };
  }, []);
  return [sprite, problem];
}

function useDark() {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const [system, setSystem] = useState(query.matches);
  useEffect(() => {
    const heard = () => setSystem(query.matches);
    query.addEventListener("change", heard);
    return () => query.removeEventListener("change", heard);
  }, []);
  return scheme.value === "auto" ? system : scheme.value === "dark";
}

/** Drag, pinch, wheel and click. */
function useHands(canvas, size, setCamera, pointed, gone) {
  const fingers = useRef(new Map()).current;
  const travelled = useRef(0);
  const place = (event) => {
    const box = canvas.current.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  useEffect(() => {
    // Preact's listener would be passive, and the page would scroll along.
    const wheel = (event) => {
      event.preventDefault();
      setCamera((old) => zoomed(old, size, NOTCH ** -event.deltaY, ...place(event)));
    };
    canvas.current.addEventListener("wheel", wheel, { passive: false });
    return () => canvas.current?.removeEventListener("wheel", wheel);
  }, [size]);
  return {
    onPointerDown: (event) => {
      canvas.current.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, place(event));
      travelled.current = fingers.size > 1 ? Infinity : 0;
    },
    onPointerMove: (event) => {
      const old = fingers.get(event.pointerId);
      const [x, y] = place(event);
      if (!old) return pointed(x, y, false);
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      fingers.set(event.pointerId, [x, y]);
      travelled.current += Math.hypot(x - old[0], y - old[1]);
      if (other) {
        const factor = Math.hypot(x - other[0], y - other[1]) / Math.max(1, Math.hypot(old[0] - other[0], old[1] - other[1]));
        setCamera((camera) => zoomed(camera, size, factor, (x + other[0]) / 2, (y + other[1]) / 2));
      } else setCamera((camera) => panned(camera, x - old[0], y - old[1]));
    },
    onPointerUp: (event) => {
      fingers.delete(event.pointerId);
      if (travelled.current < 5) pointed(...place(event), true);
    },
    onPointerCancel: (event) => fingers.delete(event.pointerId),
    onPointerLeave: gone,
  };
}
