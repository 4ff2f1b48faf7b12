// The service worker: pages and files for when the connection is lost, and sending when it is back.
// Served from the root by monitoring/views/tablet.py. Keeps our static files, and those pages alone that the
// server marks with X-Keep: Chair and Floor, opened by a signed-in nurse.
{% load static %}{% autoescape off %}
import { sendAll } from "{% static 'js/queue.js' %}";
import { forget, PAGES } from "{% static 'js/store.js' %}";

const FILES = "files-{{ version }}";
const OFFLINE = "{% url 'monitoring:offline' %}";
const SIGN_IN = "{% url 'account_login' %}";
const ASSETS = [{% for address in assets %}"{{ address }}", {% endfor %}];{% endautoescape %}
const PATIENCE = 4000; // milliseconds, where there is a copy to show instead
const LONGEST_KEPT = 12 * 3600 * 1000; // one long shift

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(FILES).then((cache) => cache.addAll([...ASSETS, OFFLINE])));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => event.waitUntil(tidy().then(() => self.clients.claim())));

/** Files of the versions before go, unless a page that was kept then may still want them. */
async function tidy() {
  if ((await (await caches.open(PAGES)).keys()).length) return;
  const old = (await caches.keys()).filter((name) => name !== FILES && name !== PAGES);
  await Promise.all(old.map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin || request.method !== "GET") return;
  if (ASSETS.includes(url.pathname)) event.respondWith(file(request));
  else if (request.mode === "navigate" || request.headers.get("X-Page")) event.respondWith(page(event, url));
});

async function file(request) {
  // A name that holds a sum never changes its content.
  const lasting = /\.[0-9a-f]{12}\./.test(request.url);
  const copy = (await (await caches.open(FILES)).match(request.url)) || (await caches.match(request.url));
  return copy && lasting ? copy : answerOr(request, copy);
}

async function page(event, url) {
  const { request } = event;
  const copy = await kept(request.url);
  const nothing = request.mode === "navigate" ? await caches.match(OFFLINE) : undefined;
  const answer = await answerOr(request, copy, nothing);
  if (answer === copy || answer === nothing) return answer;
  if (url.pathname === SIGN_IN && answer.ok) await forget().then(tidy);
  else event.waitUntil(keep(request.url, answer.clone()));
  return answer;
}

/** The server's answer; the copy where it fails, or says nothing for too long. */
async function answerOr(request, copy, nothing) {
  const tooLong = copy ? [new Promise((done) => setTimeout(done, PATIENCE, copy))] : [];
  try {
    return await Promise.race([fetch(request), ...tooLong]);
  } catch (error) {
    if (copy || nothing) return copy || nothing;
    throw error;
  }
}

/** The page as it came, with the moment on this tablet's clock. */
async function keep(address, answer) {
  if (!answer.ok || answer.redirected || answer.headers.get("X-Keep") !== "yes") return;
  const now = String(Date.now());
  const html = (await answer.text()).replace("<html ", `<html data-kept="${now}" `);
  const headers = new Headers(answer.headers);
  headers.set("X-Kept", now);
  await (await caches.open(PAGES)).put(address, new Response(html, { headers }));
}

async function kept(address) {
  const pages = await caches.open(PAGES);
  const copy = await pages.match(address, { ignoreVary: true });
  if (copy && Date.now() - Number(copy.headers.get("X-Kept")) > LONGEST_KEPT) {
    await pages.delete(address, { ignoreVary: true });
    return undefined;
  }
  return copy;
}

self.addEventListener("sync", (event) => {
  if (event.tag === "queue") event.waitUntil(sendAll());
});
