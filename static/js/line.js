// Is there a connection, and how does this tablet's clock stand against the clinic's?
import { listen, sendAll } from "./queue.js";

const FIRST_WAIT = 2000, LONGEST_WAIT = 60000; // milliseconds
const MEASURE_EVERY = 60000;
const events = new EventTarget();
export const line = { up: navigator.onLine, since: Date.now(), skew: null, shift: 0 };
export const onLine = (heard) => events.addEventListener("change", heard);

function turn(up) {
  if (line.up === up) return;
  line.up = up;
  line.since = Date.now();
  events.dispatchEvent(new Event("change"));
  if (up) { wait = FIRST_WAIT; attempt(); measure(); } else later();
}
/** What any request of a page found out. */
export const seen = turn;

// -- sending again: at once when something says that it may work, else with growing patience --
let wait = FIRST_WAIT, timer;
export async function attempt() {
  clearTimeout(timer);
  if (await sendAll()) wait = FIRST_WAIT; else later();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(async () => { if (await probe()) attempt(); else later(); }, wait);
  wait = Math.min(wait * 2, LONGEST_WAIT);
  navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("queue")).catch(() => {});
}

// -- the clock: half of the way there and back is taken off --
async function ask() {
  const before = Date.now();
  const answer = await fetch("/clock/", { cache: "no-store", signal: AbortSignal.timeout(5000) });
  const after = Date.now();
  const told = await answer.json();
  const here = before + (after - before) / 2 + told.shift_ms;
  return { way: after - before, skew: Math.round(here - Date.parse(told.now)), shift: told.shift_ms };
}

/** The quickest of three, because a slow answer says little. */
export async function measure() {
  const found = [];
  try {
    for (let turnNumber = 0; turnNumber < 3; turnNumber += 1) found.push(await ask());
  } catch {
    return turn(false);
  }
  const best = found.sort((one, other) => one.way - other.way)[0];
  Object.assign(line, { skew: best.skew, shift: best.shift });
  turn(true);
  return events.dispatchEvent(new Event("change"));
}

async function probe() {
  try { await ask(); turn(true); } catch { turn(false); }
  return line.up;
}

/** This tablet's own time. A demo's clock is moved on every tablet as well, so its shift is no error of this one. */
export const tabletNow = () => Date.now() + line.shift;
/** The clinic's time, as far as this tablet knows. */
export const clinicNow = () => tabletNow() - (line.skew ?? 0);

export function start(shift) {
  line.shift = shift;
  addEventListener("online", () => { turn(true); attempt(); });
  addEventListener("offline", () => turn(false));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) attempt(); });
  listen((message) => { if (message.what === "line") turn(message.up); });
  measure().then(attempt);
  setInterval(measure, MEASURE_EVERY);
}
