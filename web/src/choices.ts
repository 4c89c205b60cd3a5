/** What a person may choose about how the page looks; kept in this browser. */

import { Kept, Store } from "./store";
import type { Zone } from "./types";

export const THEMES = ["system", "light", "dark"] as const;
export const ZONES = ["broker", "utc", "local"] as const;

export type Theme = (typeof THEMES)[number];

export const theme = new Kept<Theme>("mt5-otel.theme", THEMES, "system");
export const zone = new Kept<Zone>("mt5-otel.zone", ZONES, "broker");
export const shortcuts = new Kept<"on" | "off">("mt5-otel.shortcuts", ["on", "off"], "on");

/** The one after *value*, around the end. */
export function next<Value>(values: readonly Value[], value: Value): Value {
  return values[(values.indexOf(value) + 1) % values.length] as Value;
}

/** Dresses the page in the chosen theme, and again whenever choice or system changes. */
export function followTheme(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const dress = () => {
    const chosen = theme.get();
    document.documentElement.dataset.theme = chosen === "system" ? (dark.matches ? "dark" : "light") : chosen;
    dressed.set(document.documentElement.dataset.theme as "light" | "dark");
  };
  theme.listen(dress);
  dark.addEventListener("change", dress);
  dress();
}

/** What the page wears now; canvases must be drawn again when it changes. */
export const dressed = new Store<"light" | "dark">("light");
