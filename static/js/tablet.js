// On every page: who is signed in, how many entries wait and since when, the clock, and leaving nothing behind.
import { attempt, line, measure, onLine, start } from "./line.js";
import { listen, sendAll, signIn, signOut, waiting } from "./queue.js";
import { forget } from "./store.js";

const box = document.getElementById("tablet");
/** Without a safe origin there is no worker and no sealing: forms then go as plain forms. */
export const usable = Boolean(box && isSecureContext && crypto.subtle && navigator.locks && window.indexedDB && window.caches);
const LEAVING = "sign-out-when-connected";
const SKEW_SHOWN = 60000, ON_ITS_WAY = 2500; // milliseconds
const part = (name) => box.querySelector(`[data-${name}]`);
const words = (name) => box.dataset[name];

/** Known to the queue; nothing can be kept before. */
export const ready = usable && words("person")
  ? signIn(words("person"), words("key"))
  : Promise.resolve();

export function span(milliseconds) {
  const minutes = Math.floor(Math.abs(milliseconds) / 60000);
  if (minutes < 1) return words("seconds");
  return minutes < 120 ? words("minutes").replace("%s", minutes) : words("hours").replace("%s", Math.floor(minutes / 60));
}
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
const count = (name, n) => words(n === 1 ? `${name}One` : `${name}Many`).replace("%n", n);

// -- the queue, in words --
function links(element, entries) {
  const pages = new Map(entries.filter((e) => e.page && e.page !== location.pathname).map((e) => [e.page, e.place]));
  element.replaceChildren(...[...pages].map(([page, place]) => Object.assign(document.createElement("a"), { href: page, textContent: place })));
}

let later, turn = 0;
export async function showQueue() {
  const mine = ++turn, found = await waiting();
  // Another look has begun meanwhile: what it finds is newer.
  if (mine !== turn) return;
  const refused = found.entries.filter((entry) => entry.state === "refused");
  // What was tapped this moment is on its way, and does not wait.
  const onItsWay = (entry) => line.up && Date.now() - entry.at < ON_ITS_WAY;
  const others = found.entries.filter((entry) => entry.state === "waiting" && !onItsWay(entry));
  clearTimeout(later);
  if (found.entries.some(onItsWay)) later = setTimeout(showQueue, ON_ITS_WAY);
  const n = others.length + found.others;
  const oldest = others[0]?.at ?? found.oldest;
  part("queue").hidden = !n;
  if (n) {
    const told = [(n === 1 ? words("one") : words("many").replace("%n", n)).replace("%s", span(Date.now() - oldest))];
    if (found.others && words("person")) told.push(words("others").replace("%n", found.others));
    if (!words("person")) told.push(words("sealed"));
    put(part("queue").querySelector("[data-words]"), told.join(" "));
    links(part("queue").querySelector("[data-links]"), others);
    part("send").hidden = !others.length;
  }
  part("refused").hidden = !refused.length;
  if (refused.length) {
    put(part("refused").querySelector("[data-words]"), count("refused", refused.length));
    links(part("refused").querySelector("[data-links]"), refused);
  }
}

// -- the connection and the clock --
/** A time as the clinic speaks, at the site, whatever zone the tablet is set to. */
export const clock = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, {
  hour: "numeric", minute: "2-digit", timeZone: words("zone") || undefined,
});
export const usesClinicTime = () => !part("clock").hidden && part("use-clinic").checked;

function showLine() {
  part("line").hidden = line.up || !words("person");
  document.body.classList.toggle("is-offline", !line.up);
  const kept = Number(document.documentElement.dataset.kept);
  if (!line.up) {
    put(part("since"), clock(line.since + line.shift));
    part("page-age").hidden = !kept;
    put(part("kept-at"), clock(kept + line.shift));
  }
  const off = line.skew !== null && Math.abs(line.skew) >= SKEW_SHOWN;
  part("clock").hidden = !off || !words("person");
  if (off) put(part("clock").querySelector("[data-words]"), words(line.skew > 0 ? "ahead" : "behind").replace("%s", span(Math.round(line.skew / 60000) * 60000)));
}

// -- signing out: nothing about a patient stays; what is not sent is asked about first --
const form = () => document.querySelector('form[action$="/accounts/logout/"]');

async function leave() {
  await signOut();
  if (line.up) return form().submit();
  localStorage.setItem(LEAVING, "yes");
  return location.assign("/offline/");
}

async function wantsToLeave(event) {
  if (!event.target.matches('form[action$="/accounts/logout/"]')) return;
  event.preventDefault();
  await ready;
  if (line.up) await sendAll();
  const { entries } = await waiting();
  if (line.up && !entries.length) { leave(); return; }
  const dialog = document.getElementById("leave-tablet");
  const told = entries.length === 1 ? words("one") : words("many").replace("%n", entries.length);
  dialog.querySelector("[data-words]").textContent = entries.length ? told.replace("%s", span(Date.now() - entries[0].at)) : "";
  dialog.querySelector("[data-when-up]").hidden = !line.up;
  dialog.querySelector("[data-when-down]").hidden = line.up;
  dialog.showModal();
}

function begin() {
  navigator.serviceWorker?.register(words("worker"), { type: "module" }).catch(() => {});
  listen((message) => {
    if (message.what === "queue" || message.what === "outcome") showQueue();
    if (message.what === "out") {
      put(part("signed-out").querySelector("[data-words]"), words("out"));
      part("sign-in").search = `?next=${encodeURIComponent(location.pathname)}`;
      part("signed-out").hidden = false;
    }
  });
  onLine(() => { showLine(); showQueue(); });
  start(Number(words("shift")));
  showLine();
  document.addEventListener("submit", wantsToLeave);
  box.querySelector("[data-leave]").addEventListener("click", leave);
  part("send").addEventListener("click", async () => { await measure(); attempt(); });
}

if (usable) {
  const signedIn = words("person");
  if (signedIn && localStorage.getItem(LEAVING) && form() && !document.documentElement.dataset.kept) {
    localStorage.removeItem(LEAVING);
    ready.then(leave);
  } else {
    if (signedIn) begin();
    // The server says that nobody is signed in: no page and no key stays; what was not sent is sealed.
    ready.then(() => (signedIn ? null : forget())).then(showQueue);
    setInterval(showQueue, 15000);
  }
}
