/** Light, dark, or as the system is; remembered by the browser, because it is the visitor's and no part of a link. */
import { computed, effect, signal } from "./view.js";

const CHOICES = ["auto", "light", "dark"];
const KEY = "ganatomy-scheme";

const system = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(system.matches);

export const scheme = signal("auto");
export const isDark = computed(() => (scheme.value === "auto" ? systemIsDark.value : scheme.value === "dark"));
export const nextScheme = () => { scheme.value = CHOICES[(CHOICES.indexOf(scheme.value) + 1) % CHOICES.length]; };

export function startScheme() {
  system.addEventListener("change", () => { systemIsDark.value = system.matches; });
  try {
    const kept = localStorage.getItem(KEY);
    if (CHOICES.includes(kept)) scheme.value = kept;
  } catch {
    // A browser may keep nothing; then the system decides.
  }
  effect(() => {
    document.documentElement.dataset.scheme = scheme.value;
    try {
      localStorage.setItem(KEY, scheme.value);
    } catch {
      // As above.
    }
  });
}
