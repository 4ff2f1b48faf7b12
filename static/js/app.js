// What every page does: theme, menu, countdowns, dialogs, and honest words when a request fails.
const skew = (() => {
  const server = Date.parse(document.querySelector('meta[name="server-now"]')?.content || "");
  // A page that this device kept says when it came: its server's time was true then.
  const came = Number(document.documentElement.dataset.kept) || Date.now();
  return Number.isNaN(server) ? 0 : server - came;
})();
/** The server's present time, whatever this device's clock says. */
export const serverNow = () => Date.now() + skew;
window.serverNow = serverNow;

const text = (name) => document.getElementById("words")?.dataset[name] || "";

function minutes(due) {
  const seconds = Math.round((due - serverNow()) / 1000);
  const whole = Math.floor(Math.abs(seconds) / 60);
  const rest = String(Math.abs(seconds) % 60).padStart(2, "0");
  const span = whole >= 60
    ? `${Math.floor(whole / 60)} h ${String(whole % 60).padStart(2, "0")} min`
    : whole >= 10 ? `${whole} min` : `${whole}:${rest}`;
  return { late: seconds < 0, span };
}

function tick() {
  for (const element of document.querySelectorAll("[data-due]")) {
    const { late, span } = minutes(Date.parse(element.dataset.due));
    const target = element.querySelector("[data-due-text]") || element;
    const words = text(late ? "late" : "in").replace("%s", span);
    if (target.textContent !== words) target.textContent = words;
    element.classList.toggle("is-late", late);
  }
}
tick();
setInterval(tick, 1000);
document.addEventListener("htmx:afterSwap", tick);

// -- theme --
const showTheme = () => {
  const choice = document.documentElement.dataset.themeChoice;
  document.querySelectorAll("[data-theme]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.theme === choice)));
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme]");
  if (!button) return;
  window.setTheme(button.dataset.theme);
  showTheme();
});
showTheme();

// -- dialogs: <button data-dialog="id">, closed by [data-close] --
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog) { event.preventDefault(); dialog.showModal(); }
  }
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog")?.close();
});
// A dialog whose content came by htmx opens itself.
document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = event.target.closest?.("dialog[data-open-on-swap]");
  if (dialog && dialog.textContent.trim() && !dialog.open) dialog.showModal();
});

// -- a select that acts at once has a button for those without script --
document.querySelectorAll("[data-submits]").forEach((field) => {
  field.addEventListener("change", () => field.form.requestSubmit());
  field.form.querySelector("[data-without-script]")?.setAttribute("hidden", "");
});

// -- the keys of every other program take back what was done last, where the page offers it --
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, select, dialog")) return;
  const undo = document.querySelector("[data-undo]");
  if (undo) { event.preventDefault(); undo.click(); }
});

// -- nothing typed is lost: polling never replaces a part in which somebody is working --
document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  const polls = event.detail.requestConfig?.verb === "get" && target.matches?.("[data-polls]");
  const busy = target.contains?.(document.activeElement) && document.activeElement.matches("input, textarea, select");
  if (polls && (busy || document.body.dataset.dragging || target.querySelector?.("dialog[open]"))) event.detail.shouldSwap = false;
});

// -- a request that failed says so and leaves everything as it was --
const banner = document.getElementById("trouble");
function trouble(words) {
  if (!banner) return;
  banner.querySelector("[data-words]").textContent = words;
  banner.hidden = false;
}
const isPoll = (event) => event.detail.elt?.matches?.("[data-polls]");
document.addEventListener("htmx:sendError", (event) => trouble(text(isPoll(event) ? "stale" : "offline")));
document.addEventListener("htmx:timeout", (event) => trouble(text(isPoll(event) ? "stale" : "offline")));
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401 || status === 403) trouble(text("forbidden"));
  else trouble(text(isPoll(event) ? "stale" : "failed"));
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && banner) banner.hidden = true;
});

// -- a part that fetches itself tells what it has, so that nothing new costs nothing --
document.addEventListener("htmx:configRequest", (event) => {
  const etag = event.detail.elt.dataset?.etag;
  if (etag && event.detail.verb === "get") event.detail.headers["If-None-Match"] = etag;
});

// -- a poll that was answered "nothing new" is no error --
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status === 304) event.preventDefault();
});

// -- sizes that a strict content policy keeps out of style attributes --
export function applySizes(root = document) {
  root.querySelectorAll("[data-row]").forEach((e) => { e.style.gridRow = `${e.dataset.row} / span ${e.dataset.rows || 1}`; });
  root.querySelectorAll("[data-column]").forEach((e) => { e.style.gridColumn = e.dataset.column; });
  root.querySelectorAll("[data-grid-rows]").forEach((e) => e.style.setProperty("--rows", e.dataset.gridRows));
  root.querySelectorAll("[data-grid-columns]").forEach((e) => e.style.setProperty("--columns", e.dataset.gridColumns));
  root.querySelectorAll("[data-share]").forEach((e) => e.style.setProperty("--share", e.dataset.share));
}
applySizes();
document.addEventListener("htmx:afterSwap", (event) => applySizes(event.target.parentElement || document));

// -- the menu is folded where there is little room --
const menu = document.querySelector(".rail-menu");
const narrow = matchMedia("(max-width: 60rem)");
const fold = () => { if (menu) menu.open = !narrow.matches; };
fold();
narrow.addEventListener("change", fold);
