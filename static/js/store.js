// What this tablet keeps, in one IndexedDB: the queue, what is half typed, and who is signed in.
// Entries and drafts are sealed; docs/offline.md says what is kept for how long. Also read by the worker.
const NAME = "tablet";
const STORES = ["entries", "drafts", "person"];
// The cache of pages; another name whenever what is kept with them changes.
export const PAGES = "pages-1";
let opening;

function open() {
  opening ||= new Promise((done, failed) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name, { keyPath: "id" }));
    request.onsuccess = () => {
      request.result.onclose = request.result.onversionchange = () => { request.result.close(); opening = undefined; };
      done(request.result);
    };
    request.onerror = () => { opening = undefined; failed(request.error); };
  });
  return opening;
}

/** Several changes as one; done only when they are on the disk. `deed` gets the stores by name. */
export async function change(deed) {
  const database = await open();
  return new Promise((done, failed) => {
    const transaction = database.transaction(STORES, "readwrite", { durability: "strict" });
    transaction.oncomplete = () => done();
    transaction.onabort = () => failed(transaction.error);
    deed(Object.fromEntries(STORES.map((name) => [name, transaction.objectStore(name)])));
  });
}

async function read(store, method, ...key) {
  const database = await open();
  return new Promise((done, failed) => {
    const request = database.transaction(store).objectStore(store)[method](...key);
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}
export const get = (store, id) => read(store, "get", id);
/** In the order of their ids, which is the order of their making. */
export const all = (store) => read(store, "getAll");

// -- sealing: AES-GCM with the person's key, which the server gives to signed-in pages only --
const words = new TextEncoder();

export function keyFrom(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

export async function seal(key, value) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, box: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, words.encode(JSON.stringify(value))) };
}

export async function unseal(key, { iv, box }) {
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, box)));
}

/** Signed out: no page and no key stays. */
export async function forget() {
  const names = (await caches.keys()).filter((name) => name.startsWith("pages-"));
  await Promise.all(names.map((name) => caches.delete(name)));
  await change((stores) => stores.person.clear());
}
