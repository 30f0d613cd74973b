/**
 * The state as a link and back. Defaults are left out, so most links are short:
 * `#edit&m=faces&s=7&mv=Smiling:1.2`. Damaged fields of a link fall back to their defaults.
 */
import { freshEdit, freshState, HOLD_NOTHING, MOST_MIXED, MOST_SEED, start, TABS } from "./state.js";

const escape = encodeURIComponent;
const MOST_NAME = 200;
/** Spaces that a seed can be drawn in. */
const DRAWN = ["z", "w", "w+"];

/** @param {import("./state.js").State} state */
export function encode(state) {
  const usual = freshState();
  const { explore, walk, mix, teach } = state;
  const fields = [
    ["m", state.model && escape(state.model)],
    ...editFields(state.edit),
    ["ev", explore.view !== "sheet" && explore.view],
    ["ef", explore.from && String(explore.from)],
    ["eo", explore.order && escape(explore.order)],
    ["ec", explore.color && escape(explore.color)],
    ["wk", edits(walk.keys)],
    ["wm", walk.method !== usual.walk.method && walk.method],
    ["wf", walk.frames !== usual.walk.frames && String(walk.frames)],
    ["wo", !walk.closed && "1"],
    ["xv", mix.view !== usual.mix.view && mix.view],
    ["xr", unless(usual.mix.rows, mix.rows, dotted)],
    ["xc", unless(usual.mix.columns, mix.columns, dotted)],
    ["xl", mix.layers && mix.layers.join("-")],
    ["xb", mix.baskets && mix.baskets.map(dotted).join("_")],
    ["tn", teach.name && escape(teach.name)],
    ["ty", dotted(teach.yes)],
    ["tx", dotted(teach.no)],
    ["f", edits(state.tray)],
    ["va", state.variants.at === "B" && "B"],
    ["vo", state.variants.other && edits([state.variants.other])],
  ];
  const rest = joined(fields);
  return `#${state.tab}${rest && `&${rest}`}`;
}

/** @returns {import("./state.js").State} */
export function decode(hash) {
  const [first, ...pairs] = hash.replace(/^#/, "").split("&");
  const fields = fieldsOf(pairs);
  const usual = freshState();
  const { explore, walk, mix, teach } = usual;
  return {
    tab: TABS.includes(first) ? /** @type {any} */ (first) : usual.tab,
    model: fields.m ? plain(fields.m) : null,
    edit: readEdit(fields, fields.m && plain(fields.m)),
    explore: {
      view: fields.ev === "map" ? "map" : "sheet",
      from: whole(fields.ef, 0, MOST_SEED) ?? explore.from,
      order: plain(fields.eo),
      color: plain(fields.ec),
    },
    walk: {
      keys: readEdits(fields.wk),
      method: ["lerp", "slerp", "spline"].includes(fields.wm) ? fields.wm : walk.method,
      frames: whole(fields.wf, 2, 120) ?? walk.frames,
      closed: fields.wo !== "1",
    },
    mix: {
      view: fields.xv === "sums" ? "sums" : "styles",
      rows: seeds(fields.xr, MOST_MIXED) ?? mix.rows,
      columns: seeds(fields.xc, MOST_MIXED) ?? mix.columns,
      layers: range(fields.xl),
      baskets: readBaskets(fields.xb) ?? mix.baskets,
    },
    teach: { name: plain(fields.tn), yes: seeds(fields.ty) ?? teach.yes, no: seeds(fields.tx) ?? teach.no },
    tray: readEdits(fields.f),
    variants: { at: fields.va === "B" ? "B" : "A", other: readEdits(fields.vo)[0] ?? null },
  };
}

/** @param {import("./state.js").Edit} edit */
function editFields(edit) {
  const pairs = (object, write) => Object.entries(object).map(([name, value]) => `${escape(name)}:${write(value)}`).join(",");
  return [
    ["s", edit.codes.seeds && dotted(edit.codes.seeds)],
    ["sp", edit.codes.seeds && edit.codes.space && escape(edit.codes.space)],
    ["c", !edit.codes.seeds && escape(JSON.stringify(edit.codes))],
    ["p", edit.psi !== null && String(edit.psi)],
    ["k", edit.label !== null && String(edit.label)],
    ["mv", pairs(edit.moves, String)],
    ["h", writeHold(edit.hold)],
    ["hf", edit.firm.map(escape).join(",")],
    ["l", edit.layers && edit.layers.join("-")],
    ["t", pairs(edit.taught, ({ yes, no }) => `${dotted(yes)}_${dotted(no)}`)],
    ["o", Object.keys(edit.own).length > 0 && escape(JSON.stringify(edit.own))],
  ];
}

/** @returns {import("./state.js").Edit} */
function readEdit(fields, model = null) {
  const usual = freshEdit(start.of(model));
  const pairs = (text, read) => Object.fromEntries(
    several(text).map((pair) => pair.split(":")).map(([name, value]) => [plain(name), read(value ?? "")])
      .filter(([name, value]) => name && value != null),
  );
  return {
    codes: readCodes(parsed(fields.c)) ?? { seeds: seeds(fields.s, 1) ?? usual.codes.seeds, ...readSpace(plain(fields.sp)) },
    psi: number(fields.p, -2, 2),
    label: whole(fields.k, 0, 1e6),
    moves: pairs(fields.mv, (value) => number(value, -6, 6)),
    hold: readHold(fields.h),
    firm: names(fields.hf),
    layers: range(fields.l),
    taught: pairs(fields.t, (value) => {
      const [yes, no] = value.split("_").map((part) => seeds(part));
      return yes && no ? { yes, no } : null;
    }),
    own: parsed(fields.o) ?? {},
  };
}

const readSpace = (space) => (DRAWN.includes(space) ? { space } : {});

/** Codes by value, or a sum; such have no seeds of their own. */
function readCodes(given) {
  if (isObject(given?.values)) {
    const { seeds, sum, ...codes } = given;
    return codes;
  }
  return Array.isArray(given?.sum) ? { sum: given.sum } : null;
}

/** "" as usual, ":" for everything, "-" for nothing, ":a,b" for all but these, "a,b" for these; names have their colons escaped. */
function writeHold(hold) {
  if (!hold) return "";
  const { every, except } = hold;
  if (except.length === 0) return every ? ":" : "-";
  return (every ? ":" : "") + except.map(escape).join(",");
}

const names = (text) => several(text).map((name) => plain(name)).filter(Boolean);

function readHold(text) {
  if (!text) return null;
  if (text === "-") return HOLD_NOTHING;
  const every = text.startsWith(":");
  return { every, except: names(every ? text.slice(1) : text) };
}

const edits = (all) => all.map((one) => escape(joined(editFields(one)))).join(",");
const readEdits = (text) => several(text).slice(0, 12).map((one) => readEdit(fieldsOf(plain(one, 1e6).split("&"))));
const joined = (fields) => fields.filter(([, value]) => value).map((pair) => pair.join("=")).join("&");
const fieldsOf = (pairs) => Object.fromEntries(pairs.map((pair) => {
  const at = pair.indexOf("=");
  return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
}));
const dotted = (numbers) => numbers.join(".");
const unless = (usual, value, write) => JSON.stringify(usual) !== JSON.stringify(value) && write(value);
const several = (text) => (text ? text.split(",") : []);

function plain(text, most = MOST_NAME) {
  try {
    return decodeURIComponent(text ?? "").slice(0, most);
  } catch {
    return "";
  }
}

function parsed(text) {
  try {
    const value = JSON.parse(plain(text, 1e6));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function number(text, least, most) {
  const value = Number(text);
  return text && Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : null;
}

function whole(text, least, most) {
  const value = number(text, least, most);
  return Number.isInteger(value) ? value : null;
}

function seeds(text, most = 500) {
  if (!text) return null;
  const found = text.split(".").map((part) => whole(part, 0, MOST_SEED));
  return found.includes(null) ? null : found.slice(0, most);
}

function range(text) {
  const [first, end] = (text ?? "").split("-").map((part) => whole(part, 0, 64));
  return first != null && end != null && first < end ? [first, end] : null;
}

function readBaskets(text) {
  const found = (text ?? "").split("_").map((part) => seeds(part, 8));
  return found.length === 3 && !found.includes(null) ? found : null;
}
