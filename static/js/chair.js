// The Chair page: a tap is kept at once and sent when it can be; the page follows the clinic without jumping.
import { keepTyped, tap } from "./entries.js";
import { line, onLine, seen } from "./line.js";
import { showProgress } from "./progress.js";
import { listen, recall, signedOut } from "./queue.js";
import { carry, letGo, watch } from "./standing.js";
import { addSteps } from "./steppers.js";
import { ready, usable } from "./tablet.js";
import { showWaiting } from "./waiting.js";

const LOOK_EVERY = 10000; // milliseconds
const main = () => document.getElementById("main");
const said = () => document.getElementById("said");
const page = () => document.querySelector(".chairside").dataset.page;
let etag = "", latest;

/** What became of the last tap, where a reader hears it. */
function say(state, text) {
  const element = said();
  element.dataset.state = state;
  element.className = `notice ${{ saved: "notice-success", refused: "notice-red" }[state] || "notice-amber"}`;
  element.textContent = text;
  element.hidden = false;
}

async function submitted(event) {
  const form = event.target, send = event.submitter || form.querySelector("button:not([type=button])");
  event.preventDefault();
  if (send.disabled) return;
  send.disabled = true;
  // What is said there is about the tap before.
  said().dataset.state = "tapped";
  let tapped;
  try {
    tapped = await tap(form);
  } catch {
    // Nothing could be kept here (a full disk, say): then as a form that goes to the clinic at once.
    form.submit();
    return;
  }
  const { id, entry, answer } = tapped;
  latest = id;
  form.reset();
  letGo(form);
  form.querySelectorAll('input[type=hidden][name="minute"]').forEach((field) => { field.value = ""; });
  say("kept", said().dataset[line.up ? "sending" : "kept"]);
  document.dispatchEvent(new CustomEvent("entry", { detail: { id, state: "kept" } }));
  const told = await answer;
  send.disabled = false;
  if (told) return finish(id, entry, told);
  say("waiting", said().dataset.kept);
  return showQueue();
}

async function finish(id, entry, told) {
  if (told.state === "saved") say("saved", told.words);
  document.dispatchEvent(new CustomEvent("entry", { detail: { id, state: told.state } }));
  if (told.state === "saved") await refresh(true);
  else if (told.page) await comeBack(id, entry, told);
  else showQueue();
}

/** Not done yet, in front of the person: the page with every fault beside its field; it is half typed again. */
async function comeBack(id, entry, told) {
  await recall(id, entry.keeps, entry.fields.filter(([name]) => name !== "csrfmiddlewaretoken"));
  said().hidden = true;
  show(told.page, true);
  main().querySelector(".notice-red, .is-invalid, .gate")?.scrollIntoView({ block: "center" });
}

/** The last tap, answered after nobody looked for it any more. A refusal stands in the list beside the chair. */
function told(answer) {
  if (answer.state === "saved") say("saved", answer.words);
  else said().hidden = true;
}

// -- the page follows the clinic --
const key = (details) => details.querySelector("form")?.action || details.querySelector("summary")?.textContent.trim();
const plain = (element) => element.innerHTML.replace(/value="[\w-]{36,}"/g, "").replace(/\s+/g, " ");
let drawn = "";

/** The answer's page in place of this one. Unless it was `asked` for, what was open or shut stays so. */
function show(html, asked) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("#main");
  const looks = plain(fresh);
  if (looks === drawn && !asked) return;
  drawn = looks;
  const open = new Map([...main().querySelectorAll("details")].map((details) => [key(details), details.open]));
  carry(main(), fresh, asked);
  main().replaceWith(fresh);
  if (!asked) fresh.querySelectorAll("details").forEach((d) => { d.open = open.get(key(d)) ?? d.open; });
  document.getElementById("trouble").hidden = true;
  prepare();
}

const HANDS = "input, textarea, select, [data-awaits]";
const isBusy = () => main().contains(document.activeElement) && document.activeElement.matches(HANDS);

/** Look again; never under somebody's hands, unless they asked by a tap. */
async function refresh(asked = false) {
  try {
    const headers = { "X-Page": "yes", "HX-Request": "true", ...(etag && !asked ? { "If-None-Match": etag } : {}) };
    const answer = await fetch(page(), { headers, redirect: "manual", signal: AbortSignal.timeout(15000) });
    seen(true);
    if (answer.type === "opaqueredirect") await signedOut();
    if (!answer.ok) return;
    const html = await answer.text();
    // Asked last of all: a hand may have come to a field while the page was on its way.
    if (!asked && isBusy()) return;
    etag = answer.headers.get("ETag");
    show(html, asked);
  } catch {
    seen(false);
  }
}

/** What a form that is not queued says without a connection. */
function refuseOffline(event) {
  if (line.up || event.target.dataset.keeps || event.target.matches("[data-discard]")) return;
  event.preventDefault();
  say("refused", said().dataset.needsLine);
}

async function showQueue() {
  const here = await showWaiting();
  if (here) showProgress(here);
}

/** What the forms of a freshly drawn page get, each once: some were carried over from the page before. */
const prepared = new WeakSet();
function prepare() {
  const fresh = [...main().querySelectorAll("form")].filter((form) => !prepared.has(form));
  fresh.forEach((form) => {
    prepared.add(form);
    form.querySelectorAll("input.vital").forEach(addSteps);
  });
  if (!usable) return;
  fresh.forEach((form) => {
    watch(form);
    if (!form.dataset.keeps) return;
    form.addEventListener("submit", submitted);
    keepTyped(form);
  });
  main().addEventListener("submit", refuseOffline);
  ready.then(showQueue);
}

// At once: a hand may be at a field before the queue knows whose it is.
drawn = plain(main());
prepare();
ready.then(() => {
  if (!usable) return;
  listen((message) => {
    if (message.what === "queue") showQueue();
    if (message.what !== "outcome") return;
    if (message.id === latest && said().dataset.state === "waiting") told(message.answer);
    if (!isBusy()) refresh();
  });
  onLine(() => { showQueue(); if (line.up) refresh(); });
  setInterval(() => { if (!document.hidden) refresh(); }, LOOK_EVERY);
});
