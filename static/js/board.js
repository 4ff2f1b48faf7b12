// The board of a day: a booked session is moved with mouse, finger or arrow keys. The server has the last word.
import { serverNow } from "./app.js";

const words = (board, name) => board.dataset[name] || "";
let held = null; // what is being moved: {slot, board, row, column, rows, from, ghost}

const board = (element) => element.closest(".board");
const rowsOf = (b) => Number(b.dataset.gridRows);
const columns = (b) => [...b.querySelectorAll(".board-head[data-chair]")];

function pick(slot) {
  const b = board(slot);
  const ghost = document.createElement("div");
  ghost.className = "slot ghost";
  ghost.setAttribute("aria-hidden", "true");
  b.append(ghost);
  const [row, column, rows] = [Number(slot.dataset.row), Number(slot.dataset.column), Number(slot.dataset.rows)];
  held = { slot, board: b, row, column, rows, from: { row, column }, ghost };
  slot.classList.add("is-held");
  document.body.dataset.dragging = "1";
  show();
}

function leave() {
  if (!held) return;
  held.ghost.remove();
  held.slot.classList.remove("is-held");
  delete document.body.dataset.dragging;
  held = null;
}

/** Local knowledge only, to guide the hand: what stands in the way, and how many patients the nurses would have. */
function clash() {
  const { slot, board: b, row, column, rows } = held;
  const meets = (e) => Number(e.dataset.row) < row + rows && row < Number(e.dataset.row) + Number(e.dataset.rows);
  const others = [...b.querySelectorAll(".slot:not(.ghost):not(.is-quiet)")].filter((e) => e !== slot && meets(e));
  const here = others.filter((e) => Number(e.dataset.column) === column);
  const out = here.some((e) => e.matches(".is-out"));
  const taken = here.length > 0;
  const loads = [...b.querySelectorAll(".board-load")].filter(meets).map((cell) => {
    const [patients, capacity] = cell.dataset.load.split("/").map(Number);
    return [patients + (overlaps(slot, cell) ? 0 : 1), capacity];
  });
  // The fullest half hour speaks for all.
  const load = loads.sort((x, y) => (y[0] - y[1]) - (x[0] - x[1]))[0];
  return { out, taken, load, full: Boolean(load) && load[0] > load[1] };
}
const overlaps = (a, b) => {
  const [ar, an, br, bn] = [a.dataset.row, a.dataset.rows, b.dataset.row, b.dataset.rows].map(Number);
  return ar < br + bn && br < ar + an;
};

function startOf({ board: b, row }) {
  return new Date(Date.parse(b.dataset.start) + (row - 2) * Number(b.dataset.slotMinutes) * 60000);
}

function show() {
  const { board: b, ghost, row, column, rows } = held;
  ghost.style.gridRow = `${row} / span ${rows}`;
  ghost.style.gridColumn = column;
  const { out, taken, full, load } = clash();
  const past = startOf(held).getTime() < serverNow();
  const trouble = out ? "out" : taken ? "taken" : past ? "past" : full ? "full" : "free";
  const nurses = load ? words(b, "nurses").replace("%1", load[0]).replace("%2", load[1]) : "";
  ghost.classList.toggle("is-clash", trouble !== "free");
  const time = startOf(held).toLocaleTimeString(document.documentElement.lang, {
    hour: "numeric", minute: "2-digit", timeZone: b.dataset.zone,
  });
  const chair = columns(b).find((h) => Number(h.dataset.column) === column)?.textContent.trim() || "";
  ghost.textContent = [`${time}, ${chair}: ${words(b, trouble)}`, nurses].filter(Boolean).join(". ");
  b.parentElement.querySelector("[data-says]").textContent = ghost.textContent;
}

function moveTo(row, column) {
  const last = columns(held.board).length + 1;
  held.row = Math.min(Math.max(2, row), rowsOf(held.board) + 2 - held.rows);
  held.column = Math.min(Math.max(2, column), last);
  show();
}

function drop() {
  const { slot, board: b, from, row, column } = held;
  const chair = columns(b).find((h) => Number(h.dataset.column) === column)?.dataset.chair;
  const values = { starts_at: startOf(held).toISOString(), chair };
  const moved = row !== from.row || column !== from.column;
  const url = slot.dataset.place;
  leave();
  if (moved) window.htmx.ajax("POST", url, { values, target: "#today", swap: "outerHTML" });
}

// -- mouse anywhere on a session, finger on its grip --
document.addEventListener("pointerdown", (event) => {
  const slot = event.target.closest?.(".slot[data-place]");
  if (!slot || event.button !== 0) return;
  if (event.pointerType !== "mouse" && !event.target.closest(".grip")) return;
  const [x, y] = [event.clientX, event.clientY];
  const box = slot.getBoundingClientRect();
  let dragging = false;
  const move = (e) => {
    if (!dragging && Math.hypot(e.clientX - x, e.clientY - y) < 6) return;
    if (!dragging) { dragging = true; pick(slot); }
    e.preventDefault();
    const area = held.board.getBoundingClientRect();
    const heads = columns(held.board).map((h) => h.getBoundingClientRect());
    const over = heads.findIndex((h) => e.clientX >= h.left && e.clientX < h.right);
    const height = (area.height - heads[0].height) / rowsOf(held.board);
    const top = e.clientY - (y - box.top) - area.top - heads[0].height;
    moveTo(Math.round(top / height) + 2, over < 0 ? held.column : over + 2);
  };
  const done = (e) => {
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", done);
    document.removeEventListener("pointercancel", done);
    if (!dragging) return;
    // The click that follows a drag is no click.
    slot.addEventListener("click", (click) => click.preventDefault(), { once: true, capture: true });
    if (e.type === "pointerup") drop(); else leave();
  };
  document.addEventListener("pointermove", move, { passive: false });
  document.addEventListener("pointerup", done);
  document.addEventListener("pointercancel", done);
});
document.addEventListener("dragstart", (event) => {
  if (event.target.closest?.(".slot")) event.preventDefault();
});

// -- arrow keys: the first lifts the session, Enter puts it down, Escape leaves it --
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
document.addEventListener("keydown", (event) => {
  const slot = event.target.closest?.(".slot[data-place]");
  if (!slot) return;
  if (STEPS[event.key]) {
    event.preventDefault();
    if (!held) pick(slot);
    const [down, right] = STEPS[event.key];
    moveTo(held.row + down, held.column + right);
  } else if (held && event.key === "Enter") {
    event.preventDefault();
    drop();
  } else if (held && event.key === "Escape") {
    leave();
  }
});
document.addEventListener("focusout", (event) => {
  if (held && held.slot === event.target) leave();
});
