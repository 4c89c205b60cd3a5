/** Title and icon of the tab: trouble must be seen while the page is not. */

import { live } from "./live";
import { texts } from "./texts";
import type { Live } from "./live";

export type Trouble = "none" | "warn" | "bad" | "away";

const COLORS: Record<Trouble, string> = { none: "#1a7f4e", warn: "#b7791f", bad: "#c0392b", away: "#6b7280" };
// Shapes differ too, for those who do not tell these colours apart.
const SHAPES: Record<Trouble, string> = {
  none: '<path d="M4 9l3 3 5-7" fill="none" stroke="#fff" stroke-width="2.4"/>',
  warn: '<path d="M8 3v6M8 11v2" stroke="#fff" stroke-width="2.4"/>',
  bad: '<path d="M4 4l8 8M12 4l-8 8" stroke="#fff" stroke-width="2.4"/>',
  away: '<path d="M4 8h8" stroke="#fff" stroke-width="2.4"/>',
};

export function troubleOf({ state, frame }: Live): Trouble {
  if (!frame || state === "reconnecting" || state === "refused" || state === "stale") return "away";
  if (!frame.connection.connected || frame.status.status === "unhealthy") return "bad";
  return frame.status.status === "degraded" || (frame.status.alerts ?? []).length ? "warn" : "none";
}

export function titleOf(now: Live): string {
  const { frame } = now;
  if (!frame) return now.state === "locked" ? `(–) ${texts.live.locked} · ${texts.name}` : texts.name;
  const mode = texts.mode[frame.about.mode].word;
  const trouble = troubleOf(now);
  if (trouble === "away") return `(–) ${texts.live[now.state]} · ${texts.name}`;
  if (trouble === "bad") return `✕ ${frame.status.issues[0] ?? texts.cards.disconnected} · ${texts.name}`;
  const alerts = (frame.status.alerts ?? []).length;
  return `${alerts ? `(${alerts}) ` : ""}${texts.name} · ${mode}`;
}

function icon(trouble: Trouble): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="${COLORS[trouble]}"/>${SHAPES[trouble]}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** Keeps title and icon true. */
export function showTrouble(): void {
  let shown: Trouble | undefined;
  const show = () => {
    const now = live.get();
    const title = titleOf(now);
    if (document.title !== title) document.title = title;
    const trouble = troubleOf(now);
    if (trouble === shown) return;
    shown = trouble;
    document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.setAttribute("href", icon(trouble));
  };
  live.listen(show);
  show();
}
