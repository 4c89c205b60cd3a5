/** Starts the page. */

import { render } from "preact";

import { logIn, readSession } from "./api";
import { followTheme } from "./choices";
import { Stream } from "./live";
import { followHistory } from "./place";
import { Page } from "./shell";
import "./style.css";
import { showTrouble } from "./trouble";

const CODE = /^#(?:code|login)=([\w.-]+)$/;

/** The one-time link carries its code behind `#`, which no server and no log ever sees. */
async function begin(): Promise<void> {
  const code = CODE.exec(location.hash)?.[1];
  if (code === undefined) {
    await readSession();
    return;
  }
  history.replaceState(null, "", location.pathname + location.search);
  await logIn({ code }).catch(() => readSession());
}

followTheme();
followHistory();
showTrouble();
const stream = new Stream();
render(<Page stream={stream} />, document.getElementById("page") as HTMLElement);
stream.start();
void begin();
