// From a tap to an entry: on the disk first, then on its way; and half typed forms, which a reload gives back.
import { fill, inWords, pairs, typedPairs } from "./fields.js";
import { attempt, clinicNow, line, tabletNow } from "./line.js";
import * as queue from "./queue.js";
import { ready, usesClinicTime } from "./tablet.js";

const PATIENCE = 2500; // milliseconds until an answer is no longer waited for in front of the person
const answers = new Map();
queue.listen((message) => {
  if (message.what === "outcome") answers.get(message.id)?.(message.answer);
});

/** The hour and minute at the site, as a field for a time wants them. */
export function wallTime(at) {
  const { zone } = document.getElementById("tablet").dataset;
  return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });
}

/** Which device, or the minute that a reading answers. */
function order({ elements: { number, minute } }) {
  return number?.value || (minute?.value ? `${minute.value}′` : "");
}

function entryOf(form) {
  const fields = pairs(form), moment = form.querySelector("input[type=time]");
  // A person asked for it: the tablet's own time and how far it is off go along all the same.
  if (usesClinicTime() && moment && !moment.value) fields.find(([name]) => name === moment.name)[1] = wallTime(clinicNow());
  const place = document.querySelector(".chairside");
  return {
    url: new URL(form.action).pathname,
    page: place.dataset.page,
    place: place.dataset.place,
    discard: place.dataset.discard,
    kind: form.dataset.keeps.replace(/-[0-9a-f-]{36}$/, ""),
    keeps: form.dataset.keeps,
    name: `${form.dataset.name} ${order(form)}`.trim(),
    fields,
    shown: inWords(form),
    tapped_at: new Date(tabletNow()).toISOString(),
    skew_ms: line.skew,
    faults: [],
  };
}

/** Entries whose answer somebody is looking for just now: they do not wait yet. */
export const isInFront = (id) => answers.has(id);

/** Kept when this returns; `answer` comes when the clinic has said something, or is null when that takes too long. */
export async function tap(form) {
  const entry = entryOf(form);
  // Whoever taps early is not known to the queue yet, and a draft that came back or was written later would stay behind.
  await ready;
  await returned.get(form);
  await written(form.dataset.keeps);
  const id = await queue.add(entry, form.dataset.keeps);
  const answer = new Promise((done) => {
    answers.set(id, done);
    setTimeout(done, line.up ? PATIENCE : 0, null);
  }).finally(() => answers.delete(id));
  attempt();
  return { id, entry, answer };
}

// -- half typed: one write at a time for a form, and after it what was typed meanwhile --
const writing = new Map(), again = new Set();
async function keep(form) {
  const id = form.dataset.keeps;
  if (writing.has(id)) { again.add(id); return; }
  writing.set(id, queue.keepDraft(id, typedPairs(form)));
  await writing.get(id);
  writing.delete(id);
  if (again.delete(id)) keep(form);
}

async function written(id) {
  while (writing.has(id)) await writing.get(id);
}

const returned = new WeakMap();
export function keepTyped(form) {
  const touched = new Set();
  returned.set(form, giveBack(form, touched));
  const changed = async (event) => {
    touched.add(event.target.name);
    await returned.get(form);
    keep(form);
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", (event) => event.isTrusted && changed(event));
}

/** What was half typed before, but for the fields that a hand has `touched` while it was read. */
async function giveBack(form, touched) {
  if (form.querySelector(".is-invalid, .invalid-feedback")) return;
  await ready;
  await written(form.dataset.keeps);
  const values = await queue.draft(form.dataset.keeps);
  if (!values) return;
  fill(form, values, { except: touched });
  form.closest("details").open = true;
}
