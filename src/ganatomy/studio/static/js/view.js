/** Preact, its signals and htm under one roof: where they lie stands in the page's import map. */
import { h, render, Fragment } from "preact";
import htm from "htm";

/** htm's flag for a node whose own attributes and whose children may change. */
const CHANGES = 3;

export { Fragment, render };
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from "@preact/signals";

/**
 * htm would keep each part of a template that never changes as one node for the life of the page, and such a node holds
 * on to the whole tree that it was last drawn in. Told that every part may change, it keeps none.
 */
export const html = htm.bind(function node(type, props, ...children) {
  this[0] = CHANGES;
  return h(type, props, ...children);
});
