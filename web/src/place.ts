/** Where the page is: its address holds tab, filters, window and trace, so that a link shows what its sender saw. */

import { Store } from "./store";

export const TABS = ["overview", "trading", "traces", "performance", "security", "system"] as const;
export type Tab = (typeof TABS)[number];

/** Parts of the address by name; one that is empty is left out. */
export type Place = { tab: Tab } & Partial<Record<string, string>>;

export function readPlace(search: string): Place {
  const parts = Object.fromEntries(new URLSearchParams(search));
  return { ...parts, tab: TABS.find((tab) => tab === parts.tab) ?? "overview" };
}

export function writePlace(place: Place): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(place)) {
    if (value && !(name === "tab" && value === "overview")) parts.set(name, value);
  }
  const search = parts.toString();
  return search ? `?${search}` : location.pathname;
}

export const place = new Store<Place>(readPlace(location.search));

/** Goes to another place, as following a link does. */
export function goTo(to: Place): void {
  history.pushState(null, "", writePlace(to));
  place.set(to);
}

/** Changes parts of the place, such as a filter, without a step in the browser's history. */
export function adjust(parts: Partial<Record<string, string>>): void {
  const to = { ...place.get(), ...parts } as Place;
  history.replaceState(null, "", writePlace(to));
  place.set(to);
}

export function followHistory(): void {
  addEventListener("popstate", () => place.set(readPlace(location.search)));
}

/** For a link: an address to copy or open elsewhere, and a click that stays in the page. */
export function linkTo(to: Place): { href: string; onClick: (event: MouseEvent) => void } {
  return {
    href: writePlace(to),
    onClick: (event) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      goTo(to);
    },
  };
}
