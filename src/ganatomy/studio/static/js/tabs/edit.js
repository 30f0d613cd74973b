/** Edit: one image, large, and a slider for each direction beside what it moved. */
import { Compare } from "../edit/compare.js";
import { Class, Finer } from "../edit/finer.js";
import { Goal, Refined } from "../edit/refine.js";
import { SeedBar } from "../edit/seeds.js";
import { Sliders } from "../edit/sliders.js";
import { Tray } from "../edit/tray.js";
import { Verdict } from "../edit/verdict.js";
import { Hint } from "../hint.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../view.js";

/** Pixels of scrolling from which the image of a phone gets small, and below which it is large again. */
const [SMALL, LARGE] = [240, 40];

export function EditTab() {
  const [small, setSmall] = useState(false);
  const stage = useRef(null);
  // What is higher than the window stays with its lower end in sight once the page is scrolled.
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => stage.current.style.setProperty("--height", `${stage.current.offsetHeight}px`));
    watch.observe(stage.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const look = () => setSmall((was) => scrollY > (was ? LARGE : SMALL));
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  return html`
    <div class="edit">
      <section ref=${stage} class=${`stage ${small ? "small" : ""}`} aria-label="Image">
        <${Compare} />
        <div class="under">
          <${SeedBar} />
          <${Verdict} />
        </div>
      </section>
      <section class="panel" aria-label="Sliders">
        <${Hint} />
        <${Refined} />
        <${Class} />
        <${Tray} />
        <${Sliders} />
        <${Goal} />
        <${Finer} />
      </section>
    </div>`;
}
