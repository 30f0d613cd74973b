/** Preact, its signals and htm under one roof: where they lie stands in the page's import map. */
import { h, render, Fragment } from "preact";
import htm from "htm";

export { Fragment, render };
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from "@preact/signals";
export const html = htm.bind(h);
