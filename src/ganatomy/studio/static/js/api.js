/** Requests over HTTP: models, panels, files. Every failure is an Error whose message can be shown as it is. */

import { sentence } from "./words.js";

const AWAY = "The studio's server cannot be reached. Is it still running?";
const NO_TOKEN = "This studio needs the address with its token: open the link that `ganatomy studio` printed.";

/** The server refused; `preparing` says more. */
export class Refusal extends Error {
  constructor(message, status, details = {}) {
    super(sentence(message));
    this.status = status;
    this.details = details;
  }
}

export const models = async () => (await (await request("/api/models")).json()).models;
export const panel = async (model) => (await request(`/api/panel?model=${encodeURIComponent(model)}`)).json();
export const thumbnails = async (model) =>
  createImageBitmap(await (await request(`/api/thumbnails?model=${encodeURIComponent(model)}`)).blob());

/** A file made from a scene. @returns {Promise<{blob: Blob, name: string}>} */
export const exportScene = (model, what, scene, size = {}) =>
  fileOf(post("/api/export", { model, what, scene, ...size }), `${model}-${what}`);
export const film = (model, order) => fileOf(post("/api/film", { model, ...order }), `${model}-walk.${order.what}`);

/** Several faces, as a sheet or a zip. */
export const faces = (model, what, scenes) => fileOf(post("/api/faces", { model, what, scenes }), `${model}-faces`);

/** @param {Blob} file @returns {Promise<{model: string, scene: object}>} */
export const restore = async (model, file) =>
  (await request(`/api/restore?model=${encodeURIComponent(model)}`, { method: "POST", body: file })).json();

/** A photograph, which the studio keeps in memory until it is forgotten. @param {Blob} file */
export const photograph = async (model, file) =>
  (await request(`/api/photograph?model=${encodeURIComponent(model)}`, { method: "POST", body: file })).json();
export const forgetPhotograph = (model, id) =>
  request(`/api/photograph?model=${encodeURIComponent(model)}&id=${encodeURIComponent(id)}`, { method: "DELETE" });
/** The photograph with the image of a scene in it. @returns {Promise<{blob: Blob, name: string}>} */
export const paste = (model, id, scene) => fileOf(post("/api/paste", { model, photograph: id, scene }), "photograph.png");

/** Hands a file to the visitor. */
export function save({ blob, name }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The study of trust: {state: "none"|"preparing"|"failed"|"ready", ...}. */
export const trust = async (model) => (await request(`/api/trust?model=${encodeURIComponent(model)}`)).json();
export const beginTrust = async (model) =>
  (await request(`/api/trust?model=${encodeURIComponent(model)}`, { method: "POST" })).json();
/** @returns {Promise<{id: number, question: string, src: string}[]>} */
export const blindSheet = async (model) =>
  (await (await request(`/api/blind?model=${encodeURIComponent(model)}`)).json()).questions;
/** @param {{id: number, yes: boolean}[]} answers @returns {Promise<string[]>} */
export const compareAnswers = async (model, answers) =>
  (await (await post(`/api/blind?model=${encodeURIComponent(model)}`, { answers })).json()).lines;

const post = (path, body) => request(path, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});

async function fileOf(request, fallback) {
  const response = await request;
  const name = nameIn(response.headers.get("Content-Disposition") ?? "");
  return { blob: await response.blob(), name: name ?? fallback };
}

/** The name of a file in its header; one that is not plain letters is written in percents. */
function nameIn(header) {
  const coded = /filename\*=UTF-8''([^;]+)/i.exec(header)?.[1];
  return coded ? decodeURIComponent(coded) : /filename="?([^";]+)"?/.exec(header)?.[1];
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refusal(AWAY, 0);
  }
  if (response.ok) return response;
  const details = await response.json().catch(() => ({}));
  throw new Refusal(response.status === 401 ? NO_TOKEN : details.error ?? `The server answered ${response.status}.`,
    response.status, details);
}
