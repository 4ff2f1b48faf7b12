// What was entered on this tablet and is not at the clinic yet. Written to the disk before a tap is answered; sent in
// order, as often as it takes: the server takes each id once. What it refuses waits for a person.
// Knows no page: the worker sends by the same code.
import { all, change, forget, get, keyFrom, seal, unseal } from "./store.js";

const PATIENCE = 15000; // milliseconds
const channel = () => new BroadcastChannel("tablet");
const speaker = channel();
const tell = (message) => speaker.postMessage(message);
/** Hear of: queue (it changed), outcome (of one entry), line (up or not), out (signed out). */
export const listen = (heard) => { channel().onmessage = (event) => heard(event.data); };

// -- who is signed in --
let me;
export async function signIn(person, key) {
  me = { id: "me", person, key: await keyFrom(key), csrf: csrfOf({ csrf: "" }) };
  await change((stores) => stores.person.put(me));
}
const whoever = async () => me || get("person", "me");
/** Signing in again, on this page or another, makes a new one; the worker sees no cookies and goes by what a page kept. */
const csrfOf = (mine) => globalThis.document?.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? mine.csrf;

/** Nothing of this person's stays. What somebody else could not send yet is sealed, and theirs. */
export async function signOut() {
  const mine = await whoever();
  me = undefined;
  await forget();
  const entries = (await all("entries")).filter((row) => row.by === mine?.person);
  const drafts = (await all("drafts")).filter((row) => row.id.startsWith(`${mine?.person} `));
  await change((stores) => {
    entries.forEach((row) => stores.entries.delete(row.id));
    drafts.forEach((row) => stores.drafts.delete(row.id));
  });
  tell({ what: "queue" });
}

// -- ids that sort by their making (UUIDv7) --
let last = 0;
export function newId() {
  last = Math.max(Date.now(), last + 1);
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let place = 0; place < 6; place += 1) bytes[place] = Math.floor(last / 2 ** (8 * (5 - place))) % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// -- what is half typed, each person's own --
const draftRow = async (mine, id, fields) => ({ id: `${mine.person} ${id}`, sealed: await seal(mine.key, fields) });

export async function keepDraft(id, fields) {
  const row = await draftRow(await whoever(), id, fields);
  await change((stores) => stores.drafts.put(row));
}

export async function draft(id) {
  const mine = await whoever();
  const row = mine && (await get("drafts", `${mine.person} ${id}`));
  return row ? unseal(mine.key, row.sealed).catch(() => null) : null;
}

// -- entries --
/** On the disk when this returns; the draft it was typed as is gone with the same stroke. */
export async function add(content, draftId, replaced) {
  const { key, person } = await whoever();
  const id = newId();
  const row = { id, by: person, at: Date.now(), state: "waiting", sealed: await seal(key, content) };
  await change((stores) => {
    stores.entries.put(row);
    if (draftId) stores.drafts.delete(`${person} ${draftId}`);
    if (replaced) stores.entries.delete(replaced);
  });
  tell({ what: "queue" });
  return id;
}

/** A refused entry becomes something half typed again. */
export async function recall(id, draftId, fields) {
  const row = await draftRow(await whoever(), draftId, fields);
  await change((stores) => {
    stores.drafts.put(row);
    stores.entries.delete(id);
  });
  tell({ what: "queue" });
}

/** How many and how old, which anybody may see; the entries themselves only who made them. */
export async function waiting() {
  const [mine, rows] = [await whoever(), await all("entries")];
  const own = rows.filter((row) => mine && row.by === mine.person);
  const entries = await Promise.all(own.map(async (row) => ({ ...row, ...(await content(row, mine)) })));
  return { entries, others: rows.length - own.length, oldest: rows[0]?.at, count: rows.length };
}

const content = (row, mine) => unseal(mine.key, row.sealed).catch(() => ({ unreadable: true, shown: [], faults: [] }));

/** As it was, as another entry that is sent anew; `changes` is what a person decided. */
export async function again(entry, changes = {}) {
  await add({ ...bare(entry), ...changes, faults: [] }, null, entry.id);
  return sendAll();
}

const bare = ({ id, by, at, state, sealed, ...rest }) => rest;

/** Not wanted any more: the clinic keeps what it was and why. */
export async function discard(entry, reason) {
  const mine = await whoever();
  const body = bodyOf(entry, entry, mine);
  body.set("reason", reason);
  body.set("entry_kind", entry.kind);
  entry.shown.forEach(([label, value]) => body.append("shown", `${label}: ${value}`));
  const answer = await post(entry.discard, body, mine);
  const told = answer.ok || answer.status === 409 || answer.status === 422 ? await answer.json() : { faults: [] };
  if (told.state === "discarded") {
    await change((stores) => stores.entries.delete(entry.id));
    tell({ what: "queue" });
  }
  return told;
}

function bodyOf(row, entry, mine) {
  const body = new FormData();
  entry.fields.forEach(([name, value]) => body.append(name, value));
  if (body.has("client_id")) body.set("client_id", row.id);
  body.set("csrfmiddlewaretoken", csrfOf(mine));
  body.set("entry_id", row.id);
  body.set("entry_by", row.by);
  body.set("entry_at", entry.tapped_at);
  body.set("entry_skew", entry.skew_ms ?? "");
  return body;
}

const post = (address, body, mine) =>
  fetch(address, { method: "POST", body, redirect: "manual", headers: { "X-CSRFToken": csrfOf(mine) }, signal: AbortSignal.timeout(PATIENCE) });

/** Everything that waits, in order, one sender at a time over all pages and the worker. True when nothing is left to try. */
export function sendAll() {
  return navigator.locks.request("tablet-queue", async () => {
    const mine = await whoever();
    if (!mine) return true;
    const rows = (await all("entries")).filter((row) => row.by === mine.person && row.state === "waiting");
    for (const row of rows) if (!(await sendOne(row, mine))) return false;
    return true;
  });
}

async function sendOne(row, mine) {
  const entry = await content(row, mine);
  if (entry.unreadable) return settle(row, entry, mine, { state: "refused", faults: [] });
  let answer;
  try {
    answer = await post(entry.url, bodyOf(row, entry, mine), mine);
  } catch {
    tell({ what: "line", up: false });
    return false;
  }
  tell({ what: "line", up: true });
  if (answer.type === "opaqueredirect" || answer.status === 401) return signedOut();
  if (answer.headers.get("X-Form-Expired") || answer.status === 429 || answer.status >= 500) return false;
  const isOurs = answer.headers.get("Content-Type")?.startsWith("application/json");
  return settle(row, entry, mine, isOurs ? await answer.json() : { state: "refused", faults: [], status: answer.status });
}

/** The server says that nobody is signed in any more. */
export async function signedOut() {
  // The page that is open keeps its key, so that what is typed in it can still be sealed.
  await forget();
  tell({ what: "out" });
  return false;
}

async function settle(row, entry, mine, answer) {
  if (answer.state === "refused") {
    const sealed = entry.unreadable ? row.sealed : await seal(mine.key, { ...entry, faults: answer.faults, status: answer.status });
    await change((stores) => stores.entries.put({ ...row, state: "refused", sealed }));
  } else {
    await change((stores) => stores.entries.delete(row.id));
  }
  tell({ what: "outcome", id: row.id, answer, url: entry.url });
  tell({ what: "queue" });
  return true;
}
