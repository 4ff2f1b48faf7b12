// Beside the chair: what was entered here and is not at the clinic yet, and what the clinic did not accept.
import { fill, typedPairs } from "./fields.js";
import { isInFront, wallTime } from "./entries.js";
import { line } from "./line.js";
import * as queue from "./queue.js";
import { clock } from "./tablet.js";

const SKEW_TOLD = 60000;
const section = () => document.getElementById("queued");
const words = (name) => section().dataset[name];
const formOf = (entry) => document.querySelector(`form[data-keeps="${entry.keeps}"]`);
const clinicMoment = (entry) => Date.parse(entry.tapped_at) - entry.skew_ms;

/** The same key, the same row: one that is opened or typed into is not made anew under somebody's hands. */
const keyOf = (entry) => `${entry.id} ${entry.state} ${Boolean(formOf(entry))}`;

function item(entry) {
  const row = document.getElementById("queued-item").content.firstElementChild.cloneNode(true);
  const put = (name, text) => { row.querySelector(`[data-${name}]`).textContent = text; };
  put("time", clock(Date.parse(entry.tapped_at)));
  put("name", entry.name || "");
  put("shown", entry.unreadable ? words("unreadable") : entry.shown.map(([label, value]) => `${label} ${value}`).join(", "));
  row.dataset.key = keyOf(entry);
  row.classList.toggle("is-refused", entry.state === "refused");
  row.querySelectorAll("[data-when-refused]").forEach((e) => { e.hidden = entry.state !== "refused"; });
  row.querySelector("[data-when-waiting]").hidden = entry.state === "refused";
  row.querySelector("[data-not-judged]").hidden = entry.kind !== "checkpoint" && entry.kind !== "pre-dose";
  if (entry.state === "refused") offer(row, entry);
  return row;
}

/** Why, and what may be done about it. */
function offer(row, entry) {
  const faults = entry.faults?.length ? entry.faults : [{ field: "", detail: words(entry.status === 403 || entry.status === 404 ? "foreign" : "unclear") }];
  row.querySelector("[data-faults]").replaceChildren(...faults.map(({ field, detail }) =>
    Object.assign(document.createElement("li"), { textContent: field ? `${field}: ${detail}` : detail })));
  const button = (name, deed) => {
    const element = row.querySelector(`[data-${name}]`);
    element.addEventListener("click", deed);
    return element;
  };
  button("correct", () => correct(entry)).hidden = !formOf(entry) || entry.unreadable;
  button("again", () => queue.again(entry)).hidden = Boolean(entry.unreadable);
  const moment = formOf(entry)?.querySelector("input[type=time]");
  const off = Math.abs(entry.skew_ms ?? 0) >= SKEW_TOLD && moment;
  const clinic = button("clinic-time", () => queue.again(entry, { fields: withTime(entry, moment.name) }));
  clinic.hidden = !off;
  if (off) clinic.textContent = words("clinicTime").replace("%s", clock(clinicMoment(entry)));
  const form = row.querySelector("[data-discard]");
  form.addEventListener("submit", (event) => drop(event, form, entry));
}

const withTime = (entry, name) => [...entry.fields.filter(([n]) => n !== name), [name, wallTime(clinicMoment(entry))]];

/** Back into its form, with the time at which it was measured. */
async function correct(entry) {
  const form = formOf(entry), moment = form.querySelector("input[type=time]");
  fill(form, entry.fields, { hidden: true });
  if (moment && !moment.value) moment.value = wallTime(Date.parse(entry.tapped_at));
  await queue.recall(entry.id, form.dataset.keeps, typedPairs(form));
  form.closest("details").hidden = false;
  form.closest("details").open = true;
  form.scrollIntoView({ block: "center" });
  form.querySelector("input:not([type=hidden])").focus();
}

async function drop(event, form, entry) {
  event.preventDefault();
  const told = form.querySelector("[data-told]");
  try {
    const { state, faults } = await queue.discard(entry, form.elements.reason.value);
    if (state !== "discarded") told.textContent = faults.map((fault) => fault.detail).join(" ") || words("unclear");
  } catch {
    told.textContent = words("noLine");
  }
}

let turn = 0;
/** What waits for this chair; null where a later look has begun, whose answer is newer. */
export async function showWaiting() {
  const mine = ++turn;
  if (!section()) return [];
  const { entries } = await queue.waiting();
  if (mine !== turn || !section()) return null;
  const { page } = section().closest(".chairside").dataset;
  const here = entries.filter((entry) => entry.page === page && !isInFront(entry.id));
  section().hidden = !here.length;
  draw(section().querySelector("ul"), here);
  section().classList.toggle("is-judged-later", !line.up);
  return here;
}

function draw(list, entries) {
  const rows = new Map([...list.children].map((row) => [row.dataset.key, row]));
  const keys = entries.map(keyOf);
  const isTyping = list.contains(document.activeElement) && document.activeElement.value;
  if (isTyping || keys.join() === [...rows.keys()].join()) return;
  list.replaceChildren(...entries.map((entry, place) => rows.get(keys[place]) ?? item(entry)));
}
