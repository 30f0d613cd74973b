// Maps that zoom. Each element with data-map holds a canvas, its controls, a sprite of thumbnails, and JSON.
"use strict";
{
  const DOT = 3.2, IMAGE = 32, LARGEST = 96, REACH = 14, DEEPEST = 60, MARGIN = 0.94;

  const unpack = (text, Kind) => new Kind(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const mix = (a, b, t) => [1, 3, 5].map((i) =>
    Math.round(parseInt(a.slice(i, i + 2), 16) * (1 - t) + parseInt(b.slice(i, i + 2), 16) * t));

  const start = (root) => {
    const [canvas, large] = root.querySelectorAll("canvas");
    const pen = canvas.getContext("2d"), sprite = root.querySelector("img"), words = root.querySelector(".map-card p");
    const select = root.querySelector("select"), bar = root.querySelector(".map-scale");
    const legend = [...root.querySelectorAll(".map-legend button")];
    const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const { n, names, classes, cell, columns } = data;
    const xy = Float32Array.from(unpack(data.xy, Uint16Array), (v) => v / 65535);
    const scores = data.scores ? unpack(data.scores, Uint8Array) : null;
    const kinds = classes ? unpack(classes.index, Uint16Array) : null;
    const score = (row, name) => scores[row * names.length + names.indexOf(name)] / 255;

    // State: where the view is, what is shown in it, and what is pointed at.
    const view = { zoom: 1, x: data.width / 2, y: data.height / 2 };
    let width = 1, height = 1, unit = 1, small = 1, side = IMAGE, shown = [], drawn = [], labels = [], colors = [], picked = -1, queued = false;
    const byClass = () => classes && (!select || select.value === "class");

    // Places of the map to places on the canvas, and back.
    const toX = (x) => (x - view.x) * unit * view.zoom + width / 2;
    const toY = (y) => (y - view.y) * unit * view.zoom + height / 2;
    const fromX = (x) => (x - width / 2) / (unit * view.zoom) + view.x;
    const fromY = (y) => (y - height / 2) / (unit * view.zoom) + view.y;

    const paint = () => {
      if (!scores) colors = Array(n).fill("#2f6690");
      else if (byClass()) colors = Array.from(kinds, (kind) => classes.colors[kind]);
      else colors = Array.from({ length: n }, (_, row) => {
        const at = score(row, select.value) * (data.scale.length - 1), low = Math.min(Math.floor(at), data.scale.length - 2);
        return `rgb(${mix(data.scale[low], data.scale[low + 1], at - low)})`;
      });
      if (bar) bar.hidden = byClass();
      if (legend.length) legend[0].parentElement.hidden = !byClass();
    };

    const filter = () => {
      const only = new Set(legend.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => +b.dataset.class));
      const kept = (kind) => !only.size || only.has(kind);
      shown = [];
      for (let row = 0; row < n; row++) if (!byClass() || kept(kinds[row])) shown.push(row);
      labels = byClass() ? classes.places.filter((label) => kept(label.class)) : [];
      choose();
    };

    // The first points that have room for an image; it depends on the zoom alone, so that nothing flickers in a drag.
    const choose = () => {
      side = Math.min(LARGEST, IMAGE * small * view.zoom ** 0.45);
      const room = side * (1.1 + 0.6 / view.zoom) / (unit * view.zoom), taken = new Map();
      const free = (x, y) => {
        const column = Math.floor(x / room), line = Math.floor(y / room);
        for (let i = -1; i < 2; i++) for (let j = -1; j < 2; j++)
          for (const [a, b] of taken.get(`${column + i},${line + j}`) || [])
            if (Math.max(Math.abs(a - x), Math.abs(b - y)) < room) return false;
        return true;
      };
      const take = (x, y) => {
        const place = `${Math.floor(x / room)},${Math.floor(y / room)}`;
        taken.set(place, [...(taken.get(place) || []), [x, y]]);
      };
      labels.forEach((label) => take(label.x, label.y));
      drawn = shown.filter((row) => free(xy[2 * row], xy[2 * row + 1]) && (take(xy[2 * row], xy[2 * row + 1]), true));
      draw();
    };

    const thumbnail = (context, row, x, y, size) => context.drawImage(
      sprite, (row % columns) * cell, Math.floor(row / columns) * cell, cell, cell, x, y, size, size);

    const draw = () => {
      if (queued) return;
      queued = true;
      requestAnimationFrame(() => {
        queued = false;
        const style = getComputedStyle(root), ring = style.getPropertyValue("--ring"), ink = style.getPropertyValue("--ink");
        const density = canvas.width / width, radius = DOT * small * Math.min(2, view.zoom ** 0.3);
        const inside = (row, edge) => {
          const x = toX(xy[2 * row]), y = toY(xy[2 * row + 1]);
          return x > -edge && x < width + edge && y > -edge && y < height + edge ? [x, y] : null;
        };
        pen.setTransform(density, 0, 0, density, 0, 0);
        pen.clearRect(0, 0, width, height);
        pen.imageSmoothingQuality = "high";

        // Points.
        pen.strokeStyle = ring;
        pen.lineWidth = 0.8;
        for (const row of shown) {
          const at = inside(row, radius);
          if (!at) continue;
          pen.fillStyle = colors[row];
          pen.beginPath();
          pen.arc(...at, radius, 0, 7);
          pen.fill();
          pen.stroke();
        }

        // Images, the one that is pointed at last and larger.
        const framed = (row, size) => {
          const at = inside(row, size);
          if (!at) return;
          const [x, y] = at.map((v) => v - size / 2);
          if (sprite.complete) thumbnail(pen, row, x, y, size);
          pen.strokeStyle = colors[row];
          pen.lineWidth = 2.5;
          pen.strokeRect(x, y, size, size);
          return [x, y];
        };
        drawn.forEach((row) => framed(row, side));
        if (picked >= 0) {
          const size = Math.max(side, 56), corner = framed(picked, size);
          pen.strokeStyle = ink;
          pen.lineWidth = 2;
          if (corner) pen.strokeRect(corner[0] - 3, corner[1] - 3, size + 6, size + 6);
        }

        // Names of the classes where they stand out.
        pen.font = "700 24px system-ui, sans-serif";
        pen.textAlign = "center";
        pen.textBaseline = "middle";
        pen.lineJoin = "round";
        for (const label of labels) {
          pen.strokeStyle = "#fff";
          pen.lineWidth = 6;
          pen.strokeText(label.name, toX(label.x), toY(label.y));
          pen.fillStyle = classes.colors[label.class];
          pen.fillText(label.name, toX(label.x), toY(label.y));
        }
      });
    };

    const pick = (row) => {
      if (row === picked) return;
      picked = row;
      draw();
      tell(row);
    };

    const tell = (row) => {
      if (row < 0) return;
      const context = large.getContext("2d");
      context.imageSmoothingQuality = "high";
      thumbnail(context, row, 0, 0, large.width);
      const seen = names.map((name) => [name, score(row, name)]).sort((a, b) => b[1] - a[1]);
      // The chosen one first; of classes the likeliest, of attributes those that are there.
      const chosen = seen.filter(([name]) => name === select.value);
      const said = [...chosen, ...seen.filter((one) => !chosen.includes(one) && (one[1] >= 0.5 || (classes && one === seen[0]))).slice(0, 6)];
      words.replaceChildren(`Image ${row} of seed ${data.seed}`, ...said.flatMap(([name, p]) =>
        [document.createElement("br"), `${name} ${Math.round(100 * p)} %`]));
      large.hidden = false;
    };

    // The image under a place of the canvas, else the nearest point around it.
    const nearest = (x, y, reach) => {
      let best = -1, least = reach;
      for (const row of shown) {
        const away = Math.hypot(toX(xy[2 * row]) - x, toY(xy[2 * row + 1]) - y);
        if (away < least) [best, least] = [row, away];
      }
      const over = drawn.findLast((row) =>
        Math.max(Math.abs(toX(xy[2 * row]) - x), Math.abs(toY(xy[2 * row + 1]) - y)) <= side / 2);
      return reach < Infinity && over !== undefined ? over : best;
    };

    const move = (x, y) => {
      view.x = Math.min(data.width, Math.max(0, view.zoom === 1 ? data.width / 2 : x));
      view.y = Math.min(data.height, Math.max(0, view.zoom === 1 ? data.height / 2 : y));
      draw();
    };
    const zoom = (factor, x = width / 2, y = height / 2) => {
      const [a, b] = [fromX(x), fromY(y)];
      view.zoom = Math.min(DEEPEST, Math.max(1, view.zoom * factor));
      canvas.style.touchAction = view.zoom > 1 ? "none" : "pan-y";
      move(a - (x - width / 2) / (unit * view.zoom), b - (y - height / 2) / (unit * view.zoom));
      choose();
    };
    const DO = { in: () => zoom(1.5), out: () => zoom(1 / 1.5), all: () => zoom(0) };
    const KEYS = { "+": DO.in, "=": DO.in, "-": DO.out, 0: DO.all,
      ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1) };
    const step = (x, y) => move(view.x + x * 60 / (unit * view.zoom), view.y + y * 60 / (unit * view.zoom));
    const middle = () => pick(nearest(width / 2, height / 2, Infinity));

    // Fingers and mice: one drags, two pinch, one that does not move picks.
    const pointers = new Map();
    let travelled = 0;
    const place = (event) => [event.offsetX, event.offsetY];
    const spread = ([a, b]) => [Math.hypot(a[0] - b[0], a[1] - b[1]), (a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, place(event));
      travelled = pointers.size > 1 ? Infinity : 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = place(event), before = pointers.get(event.pointerId);
      if (!before) return event.pointerType === "mouse" && pick(nearest(x, y, REACH));
      const was = pointers.size === 2 && spread([...pointers.values()]);
      pointers.set(event.pointerId, [x, y]);
      travelled += Math.hypot(x - before[0], y - before[1]);
      if (was) {
        const now = spread([...pointers.values()]);
        zoom(now[0] / was[0], now[1], now[2]);
        move(view.x - (now[1] - was[1]) / (unit * view.zoom), view.y - (now[2] - was[2]) / (unit * view.zoom));
      } else if (pointers.size === 1 && travelled > 4)
        move(view.x - (x - before[0]) / (unit * view.zoom), view.y - (y - before[1]) / (unit * view.zoom));
    });
    const lift = (event) => {
      if (event.type === "pointerup" && travelled <= 4) pick(nearest(...place(event), 2 * REACH));
      pointers.delete(event.pointerId);
    };
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
    canvas.addEventListener("wheel", (event) => {
      if (event.deltaY > 0 && view.zoom === 1) return; // the page scrolls on
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      if (!(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      KEYS[event.key]();
      middle();
    });
    canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && middle());

    root.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", DO[button.dataset.do]));
    legend.forEach((button) => button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
      filter();
    }));
    select?.addEventListener("change", () => { paint(); filter(); tell(picked); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    sprite.addEventListener("load", draw);
    sprite.decode?.().then(draw, draw);

    if (bar) bar.querySelector("i").style.background = `linear-gradient(to right, ${data.scale})`;
    large.hidden = true;
    new ResizeObserver(() => {
      [width, height] = [canvas.clientWidth, canvas.clientHeight];
      [canvas.width, canvas.height] = [width, height].map((v) => Math.round(v * devicePixelRatio));
      small = Math.min(1, Math.max(0.6, width / 700));
      unit = MARGIN * Math.min((width - IMAGE) / data.width, (height - IMAGE) / data.height);
      choose();
    }).observe(canvas);
    canvas.style.touchAction = "pan-y";
    paint();
    filter();
  };

  document.querySelectorAll("[data-map]").forEach(start);
}
