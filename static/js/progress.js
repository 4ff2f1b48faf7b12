// What a page that was drawn before can still say by itself: which checkpoints are on this tablet, which device is next,
// when it may start. Sums of the server's own numbers; what a reading means is judged at the clinic alone.
import { wallTime } from "./entries.js";

const MINUTE = 60000;

function mark(entries) {
  const minutes = entries.filter((e) => e.kind === "checkpoint").map((e) => e.fields.find(([name]) => name === "minute")?.[1]);
  document.querySelectorAll("[data-minute]").forEach((step) => {
    step.querySelector("[data-on-tablet]").hidden = !minutes.includes(step.dataset.minute);
  });
}

/** A box whose last device is only on this tablet is empty, though the clinic does not know it yet. */
function boxes(entries) {
  const taken = entries.filter((e) => e.kind === "device" && e.state === "waiting").map((e) => e.fields.find(([name]) => name === "device")?.[1]);
  document.querySelectorAll("input[data-left]").forEach((box) => {
    const left = Math.max(0, box.dataset.left - taken.filter((device) => device === box.value).length);
    box.closest("label").querySelector("[data-count]").textContent = String(left);
    box.disabled = !left;
    if (!left) box.checked = false;
  });
}

/** After a device that is only on this tablet: the number of the next one, and when its five minutes are over. */
function devices(entries) {
  const sent = entries.filter((entry) => entry.kind === "device" && entry.state === "waiting");
  const form = document.querySelector("form[data-planned]");
  const readings = document.querySelector("[data-after-device]");
  if (readings && sent.length) readings.hidden = false;
  if (!form || !sent.length) return;
  const last = sent.at(-1);
  const number = Number(last.fields.find(([name]) => name === "number")[1]) + 1;
  const panel = form.closest("details");
  panel.hidden = number > Number(form.dataset.planned);
  form.elements.number.value = String(number);
  const next = panel.querySelector("[data-next-device]");
  next.querySelector("[data-number]").textContent = String(number);
  next.querySelector("[data-due]").dataset.due = new Date(startOf(last) + Number(form.dataset.rest) * MINUTE).toISOString();
  next.hidden = false;
}

/** When it was started: as typed, else as tapped, in the clinic's time as far as the tablet knows. */
function startOf(entry) {
  const tapped = Date.parse(entry.tapped_at) - (entry.skew_ms ?? 0);
  const typed = entry.fields.find(([name]) => name === "started")?.[1];
  if (!typed) return tapped;
  const [hour, minute] = wallTime(tapped).split(":").map(Number);
  const [typedHour, typedMinute] = typed.split(":").map(Number);
  const back = (hour - typedHour) * 60 + minute - typedMinute;
  return tapped - (((back + 720 + 1440) % 1440) - 720) * MINUTE;
}

function judged(entries) {
  document.querySelectorAll("[data-not-ready]").forEach((notice) => {
    notice.hidden = entries.some((entry) => entry.kind === "ready" && entry.state === "waiting");
  });
}

export function showProgress(entries) {
  mark(entries);
  boxes(entries);
  devices(entries);
  judged(entries);
}
