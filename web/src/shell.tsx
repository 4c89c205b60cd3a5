/** What stands around every section: whose money this is, whether the figures are live, and how to get about. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { loggedOut, logIn, logOut, refreshes, session } from "./api";
import { next, shortcuts, theme, THEMES, zone, ZONES } from "./choices";
import { useFrame, useTimes } from "./hooks";
import { live, type LiveState, type Stream } from "./live";
import { OpenTrade, type Trade } from "./orders/open";
import { underWay } from "./orders/sending";
import { Badge, Dialog, focusOnce, Foreign, Panel, type Tone } from "./parts";
import { adjust, goTo, place, type Tab, TABS } from "./place";
import { useStore } from "./store";
import { Overview } from "./tabs/overview";
import { Performance } from "./tabs/performance";
import { Security } from "./tabs/security";
import { System } from "./tabs/system";
import { Traces } from "./tabs/traces";
import { Trading } from "./tabs/trading";
import { texts } from "./texts";

type Open = "help" | "login" | Trade | null;

export function Page({ stream }: { stream: Stream }) {
  const [open, setOpen] = useState<Open>(null);
  const { tab, trace } = useStore(place);
  const close = () => setOpen(null);
  useEffect(() => {
    // A link in a dialog leads away from it; going back in the browser leaves no order before its outcome.
    if (!underWay.get()) close();
  }, [tab, trace]);
  const locked = useStore(live).state === "locked";
  const refresh = () => {
    stream.again();
    refreshes.set(refreshes.get() + 1);
  };
  useShortcuts({ open: setOpen, refresh });
  const sections: Record<Tab, () => JSX.Element> = {
    overview: () => <Overview />,
    trading: () => <Trading trade={setOpen} />,
    traces: () => <Traces />,
    performance: () => <Performance />,
    security: () => <Security />,
    system: () => <System />,
  };
  return (
    <>
      <Header open={setOpen} refresh={refresh} />
      <Notice logIn={() => setOpen("login")} />
      <main>
        <div class="sections" id={`panel-${tab}`} role="tabpanel" aria-labelledby={`tab-${tab}`}>
          {locked ? <Locked logIn={() => setOpen("login")} /> : sections[tab]()}
        </div>
      </main>
      {typeof open === "object" && open && <OpenTrade trade={open} onClose={close} />}
      {open === "help" && <Help onClose={close} />}
      {open === "login" && <LogIn onClose={close} />}
    </>
  );
}

function Header(props: { open: (what: Open) => void; refresh: () => void }) {
  const frame = useFrame();
  const mode = frame?.about.mode ?? "unknown";
  const { account } = frame ?? {};
  return (
    <header class={`top ${mode}`}>
      <div class="bar">
        <h1>{texts.name}</h1>
        {frame && (
          <span class={`mode ${mode}`} title={texts.mode[mode].says}>
            {texts.mode[mode].word}
          </span>
        )}
        {account?.server && (
          <span class="account">
            <b>{account.login}</b> <Foreign text={account.server} /> {account.currency}
          </span>
        )}
        <span class="space" />
        <Clock />
        <LivePill />
        <button type="button" onClick={props.refresh} title={`${texts.refresh} (r)`}>
          ↻ <span class="wide">{texts.refresh}</span>
        </button>
        <Looks />
        <SessionButton open={props.open} />
        <button type="button" aria-label={texts.help} title={`${texts.help} (?)`} onClick={() => props.open("help")}>
          ?
        </button>
      </div>
      <Tabs />
    </header>
  );
}

const LIVE_TONES: Record<LiveState, Tone> = { connecting: "info", live: "good", stale: "warn", reconnecting: "bad", refused: "bad", locked: "warn", paused: "plain" };

function LivePill() {
  const { state } = useStore(live);
  return (
    <span class="live" role="status">
      <Badge tone={LIVE_TONES[state]} title={texts.liveSays[state]}>
        {texts.live[state]}
      </Badge>
    </span>
  );
}

function Clock() {
  const times = useTimes();
  const chosen = useStore(zone);
  const frame = useFrame();
  const shown = frame ? times.zone : chosen;
  return (
    <button type="button" class="clock" title={`${texts.zoneLabel}: ${texts.zone[shown]} (z)`} onClick={() => zone.set(next(ZONES, chosen))}>
      <time>{times.time(frame?.at_ms)}</time> <span class="note">{texts.zone[shown]}</span>
    </button>
  );
}

function Looks() {
  const chosen = useStore(theme);
  const signs = { system: "◐", light: "☀", dark: "☾" };
  return (
    <button
      type="button"
      aria-label={`${texts.themeLabel}: ${texts.theme[chosen]}`}
      title={`${texts.themeLabel}: ${texts.theme[chosen]} (d)`}
      onClick={() => theme.set(next(THEMES, chosen))}
    >
      {signs[chosen]}
    </button>
  );
}

function SessionButton({ open }: { open: (what: Open) => void }) {
  const { authenticated, name, scopes, reads } = useStore(session);
  if (!authenticated) {
    return (
      <button type="button" class="session" onClick={() => open("login")}>
        {texts.logIn} {reads && <span class="note wide">{texts.readOnly}</span>}
      </button>
    );
  }
  return (
    <button type="button" class="session" title={`${texts.loggedInAs} ${name}: ${scopes.join(", ")}`} onClick={() => void logOut()}>
      {texts.logOut}
    </button>
  );
}

/** So much of the next section is seen beside the chosen one where not all have room. */
const TABS_ROOM_PX = 40;

function Tabs() {
  const { tab } = useStore(place);
  const frame = useFrame();
  const list = useRef<HTMLDivElement>(null);
  const counts: Partial<Record<Tab, number>> = {
    overview: frame?.status.alerts?.length ?? 0,
    trading: frame?.positions.ticket?.length ?? 0,
  };
  useEffect(() => {
    const [tabs, chosen] = [list.current, list.current?.querySelector<HTMLElement>(`#tab-${tab}`)];
    if (!tabs || !chosen) return;
    const { offsetLeft, offsetWidth } = chosen;
    const left = tabs.scrollLeft;
    tabs.scrollLeft = Math.max(offsetLeft + offsetWidth - tabs.clientWidth + TABS_ROOM_PX, Math.min(left, offsetLeft - TABS_ROOM_PX));
  }, [tab, Boolean(counts.overview), Boolean(counts.trading)]);
  const move = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, Home: -TABS.indexOf(tab), End: TABS.length - 1 - TABS.indexOf(tab) };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const to = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length] as Tab;
    goTo({ tab: to });
    list.current?.querySelector<HTMLElement>(`#tab-${to}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={texts.tabList} ref={list} onKeyDown={move}>
      {TABS.map((name) => (
        <button
          type="button"
          role="tab"
          key={name}
          id={`tab-${name}`}
          aria-selected={name === tab}
          aria-controls={name === tab ? `panel-${name}` : undefined}
          tabIndex={name === tab ? 0 : -1}
          onClick={() => goTo({ tab: name })}
        >
          {texts.tabs[name]}
          {counts[name] ? <span class={`count ${name === "overview" ? "bad" : ""}`}>{counts[name]}</span> : null}
        </button>
      ))}
    </div>
  );
}

/** Says above everything that figures are old, and of when they are; and that a log-in is over. */
function Notice({ logIn }: { logIn: () => void }) {
  const { state, frame } = useStore(live);
  const isOver = useStore(loggedOut);
  const times = useTimes();
  const words = texts.banner;
  if (state === "reconnecting" || state === "refused" || state === "stale") {
    return (
      <p class="notice bad" role="alert">
        {words[state]}{" "}
        {frame && (
          <>
            {words.lastKnown} <time>{times.dateTime(frame.at_ms)}</time>.
          </>
        )}
      </p>
    );
  }
  return (
    <>
      {isOver && state !== "locked" && (
        <p class="notice warn" role="alert">
          {words.loggedOut} {words.readsOn}{" "}
          <button type="button" class="small" onClick={logIn}>
            {texts.logIn}
          </button>{" "}
          <button type="button" class="small" onClick={() => loggedOut.set(false)}>
            {texts.close}
          </button>
        </p>
      )}
      {frame && !frame.connection.connected && (
        <p class="notice warn" role="alert">
          {words.away}{" "}
          {frame.connection.fresh_ms > 0 && (
            <>
              {words.lastSeen} <time>{times.dateTime(frame.connection.fresh_ms)}</time>.
            </>
          )}
        </p>
      )}
    </>
  );
}

/** In place of every section where nothing may be seen. */
function Locked({ logIn }: { logIn: () => void }) {
  const isOver = useStore(loggedOut);
  return (
    <Panel title={texts.locked.title}>
      <p role={isOver ? "alert" : undefined}>{isOver ? texts.locked.over : texts.locked.says}</p>
      <p class="buttons">
        <button type="button" class="primary" onClick={logIn}>
          {texts.logIn}
        </button>
      </p>
    </Panel>
  );
}

function Help({ onClose }: { onClose: () => void }) {
  const chosen = useStore(shortcuts);
  const words = texts.shortcuts;
  const keys: [string, string][] = [
    ["1 – 6", words.tabs],
    ["r", words.refresh],
    ["n", words.order],
    ["/", words.filter],
    ["d", words.theme],
    ["z", words.zone],
    ["?", words.help],
    ["Esc", words.escape],
  ];
  return (
    <Dialog title={words.title} onClose={onClose}>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={chosen === "on"}
          onChange={(event) => shortcuts.set(event.currentTarget.checked ? "on" : "off")}
        />
        <span>{words.switch}</span>
      </label>
    </Dialog>
  );
}

function LogIn({ onClose }: { onClose: () => void }) {
  const [failed, setFailed] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const key = String(new FormData(form).get("key") ?? "").trim();
    form.reset();
    try {
      await logIn({ key });
      onClose();
    } catch (error) {
      setFailed(error instanceof Error ? error.message : texts.login.failed);
    }
  };
  return (
    <Dialog title={texts.login.title} onClose={onClose}>
      <form onSubmit={submit} autocomplete="off">
        <p>{texts.login.says}</p>
        <label>
          <span>{texts.login.key}</span>
          <input name="key" type="password" required autocomplete="off" spellcheck={false} ref={focusOnce} />
        </label>
        {failed && (
          <p class="failed" role="alert">
            <Badge tone="bad">{texts.login.failed}</Badge> {failed}
          </p>
        )}
        <footer>
          <button type="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button type="submit" class="primary">
            {texts.logIn}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function useShortcuts(props: { open: (what: Open) => void; refresh: () => void }): void {
  const now = useRef(props);
  now.current = props;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      const target = event.target as HTMLElement;
      if (event.key === "Escape" && place.get().trace) adjust({ trace: "" });
      if (shortcuts.get() === "off" || target.closest("input, select, textarea")) return;
      const tab = TABS[Number(event.key) - 1];
      if (tab) goTo({ tab });
      const acts: Record<string, () => void> = {
        r: () => now.current.refresh(),
        n: () => now.current.open({ newOrder: true }),
        "?": () => now.current.open("help"),
        d: () => theme.set(next(THEMES, theme.get())),
        z: () => zone.set(next(ZONES, zone.get())),
        "/": () => focusFilter(),
      };
      const act = acts[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

function focusFilter(): void {
  const filter = document.getElementById("filter");
  if (filter) return filter.focus();
  goTo({ tab: "traces" });
  requestAnimationFrame(() => document.getElementById("filter")?.focus());
}
