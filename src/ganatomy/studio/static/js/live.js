/**
 * The socket that images come through. A slot is one place of the page that shows images ("edit", "sheet", ...): it
 * has at most one request under way and keeps only the newest of those that wait, so a slow server is never flooded.
 *
 * @typedef {{id: number, slot: string, kind: string, width: number, height: number, columns: number,
 *   count: number}} Header
 * @typedef {Object} Answers        what is called with the parts of an answer
 * @property {(bitmap: import("./decode.js").Image, header: Header) => void} [image]   the receiver closes the bitmap
 * @property {(message: object) => void} [facts]      scores, codes, figures of a taught direction
 * @property {(message: string) => void} [failed]
 */
import { decode } from "./decode.js";
import { signal } from "./view.js";
import { sentence } from "./words.js";

/** "connecting" | "open" | "away" (the server does not answer) */
export const connection = signal("connecting");
/** Why the server closed the socket, or "". */
export const farewell = signal("");

const PATIENCE = 60_000;
const SHORTEST_PAUSE = 250;
const LONGEST_PAUSE = 8000;
/** Milliseconds; a server that refuses a visitor does so sooner. */
const SETTLED = 2000;
/** Characters; the server closes the socket on a query that is longer than a MiB. */
const LONGEST_QUERY = 1_000_000;
const TOO_LONG = "This query is too large: images whose codes or directions come from files are long. "
  + "Remove some of them, or put their sliders back to zero.";

/** @type {WebSocket|null} */
let socket = null;
let pause = SHORTEST_PAUSE;
let retry = null;
let settling = null;
let lastId = 0;
/** @type {Map<string, {flight: Request|null, waiting: Request|null, answered: Request|null}>} */
const slots = new Map();

/** Opens the socket of a model; requests to another one are dropped. */
export function connect(model) {
  clearTimeout(retry);
  clearTimeout(settling);
  farewell.value = "";
  for (const slot of [...slots.keys()]) forget(slot);
  if (socket) leave(socket);
  connection.value = "connecting";
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  open(`${scheme}://${location.host}/socket?model=${encodeURIComponent(model)}`);
}

/** Closes a socket for good; one that is not open yet is closed when it is, which browsers do not complain about. */
function leave(old) {
  old.onclose = old.onmessage = null;
  if (old.readyState === WebSocket.CONNECTING) old.onopen = () => old.close();
  else old.close();
}

/** Sends a query for a slot; an earlier one of the slot that still waits is dropped. @param {Answers} answers */
export function request(slot, query, answers) {
  const place = slots.get(slot) ?? { flight: null, waiting: null, answered: null };
  slots.set(slot, place);
  place.waiting = { id: ++lastId, slot, query, answers, timer: null };
  send(place);
}

/** The slot is no longer shown. */
export function forget(slot) {
  const place = slots.get(slot);
  if (!place) return;
  clearTimeout(place.flight?.timer);
  slots.delete(slot);
}

function send(place) {
  if (place.flight || !place.waiting || socket?.readyState !== WebSocket.OPEN) return;
  const request = place.waiting;
  place.waiting = null;
  const text = JSON.stringify({ id: request.id, slot: request.slot, query: request.query });
  if (text.length > LONGEST_QUERY) {
    request.answers.failed?.(TOO_LONG);
    return;
  }
  place.flight = request;
  request.timer = setTimeout(() => {
    release(place, request);
    request.answers.failed?.("The server took more than a minute for this; it may be busy.");
  }, PATIENCE);
  socket.send(text);
}

/** The first part of an answer makes room for the next request. */
function release(place, request) {
  if (place.flight !== request) return;
  clearTimeout(request.timer);
  place.flight = null;
  place.answered = request;
  send(place);
}

function requestOf(header) {
  const place = slots.get(header.slot);
  const request = [place?.flight, place?.answered].find((request) => request?.id === header.id);
  if (request) release(place, request);
  return request;
}

function open(url) {
  socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    connection.value = "open";
    settling = setTimeout(settle, SETTLED);
    for (const place of slots.values()) send(place);
  };
  socket.onmessage = ({ data }) => (typeof data === "string" ? readText(data) : readImage(data));
  socket.onclose = () => {
    clearTimeout(settling);
    connection.value = "away";
    // What was under way is sent again, unless something newer waits.
    for (const place of slots.values()) {
      clearTimeout(place.flight?.timer);
      place.waiting ??= place.flight;
      place.flight = null;
    }
    retry = setTimeout(() => open(url), pause);
    pause = Math.min(LONGEST_PAUSE, pause * 2);
  };
}

/** The server has accepted this visitor. */
function settle() {
  clearTimeout(settling);
  pause = SHORTEST_PAUSE;
  farewell.value = "";
}

function readText(data) {
  const message = JSON.parse(data);
  if (message.kind === "closing") {
    farewell.value = sentence(message.error);
    return;
  }
  settle();
  const request = requestOf(message);
  if (message.kind === "error") request?.answers.failed?.(sentence(message.error));
  else request?.answers.facts?.(message);
}

async function readImage(data) {
  settle();
  const length = new DataView(data).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  const place = slots.get(header.slot);
  const request = requestOf(header);
  if (!request?.answers.image) return;
  const bitmap = await decode(new Uint8Array(data, 4 + length), header.type);
  // While this one was decoded the slot may have been left, or a newer image may have overtaken it.
  if (slots.get(header.slot) !== place || place.shown > header.id) {
    bitmap.close();
    return;
  }
  place.shown = header.id;
  request.answers.image(bitmap, header);
}
