/** Wheel, drag, pinch and click on a canvas, translated to zoom, pan and point. */
import { useEffect, useRef } from "../view.js";

/** Zoom for each pixel of the wheel. */
const NOTCH = 1.0015;
/** Pixels; a press that travels less is a click. */
const STILL = 5;

/**
 * @param {{current: HTMLCanvasElement}} canvas
 * @param {{onZoom: (factor: number, x: number, y: number) => void, onPan: (dx: number, dy: number) => void,
 *   onPoint: (x: number, y: number) => void, onClick: (x: number, y: number) => void, onLeave: () => void}} actions
 * @returns listeners for the canvas
 */
export function useHands(canvas, actions) {
  const { onPan, onPoint, onClick, onLeave } = actions;
  const latest = useRef(actions);
  latest.current = actions;
  const fingers = useRef(new Map()).current;
  const travelled = useRef(0);
  const place = (event) => {
    const box = canvas.current.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  useEffect(() => {
    const element = canvas.current;
    // Listeners of Preact may be passive, and then the page would scroll along.
    const wheel = (event) => {
      event.preventDefault();
      latest.current.onZoom(NOTCH ** -event.deltaY, ...place(event));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);

  const move = (event) => {
    const [x, y] = place(event);
    const old = fingers.get(event.pointerId);
    if (!old) return onPoint(x, y);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    fingers.set(event.pointerId, [x, y]);
    travelled.current += Math.hypot(x - old[0], y - old[1]);
    if (!other) return onPan(x - old[0], y - old[1]);
    const apart = (point) => Math.max(1, Math.hypot(point[0] - other[0], point[1] - other[1]));
    return latest.current.onZoom(apart([x, y]) / apart(old), (x + other[0]) / 2, (y + other[1]) / 2);
  };
  return {
    onPointerDown: (event) => {
      canvas.current.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, place(event));
      travelled.current = fingers.size > 1 ? Infinity : 0;
    },
    onPointerMove: move,
    onPointerUp: (event) => {
      fingers.delete(event.pointerId);
      if (travelled.current < STILL) onClick(...place(event));
    },
    onPointerCancel: (event) => fingers.delete(event.pointerId),
    onPointerLeave: onLeave,
  };
}
