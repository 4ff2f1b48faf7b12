// Red alerts that wait are heard on this device, until somebody acknowledges them or turns the sound off here.
// A browser lets a page sound only after it was touched once: until then the switch says so.
const EVERY = 8000; // milliseconds between two calls
const KEY = "alarm";
// Looked up each time: the page's parts are replaced while it lives.
const at = () => document.getElementById("alarm");
let context = null;
let last = 0;
// Whether the touch that goes on now is the one that lets the page sound.
let wakes = false;

const wanted = () => localStorage.getItem(KEY) !== "off";
const waiting = () => document.querySelector("[data-alarm]") !== null;
const blocked = () => context === null || context.state !== "running";

function show() {
  const button = at();
  if (!button) return;
  const name = !wanted() ? "off" : blocked() && waiting() ? "blocked" : "on";
  button.querySelector("[data-alarm-words]").textContent = button.dataset[name];
  button.setAttribute("aria-pressed", String(wanted()));
}

/** Two soft tones: heard across a room, and no shock to a patient. */
function sound() {
  [[660, 0], [880, 0.25]].forEach(([pitch, after]) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const from = context.currentTime + after;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, from);
    volume.gain.exponentialRampToValueAtTime(0.25, from + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.22);
    tone.connect(volume).connect(context.destination);
    tone.start(from);
    tone.stop(from + 0.24);
  });
}

function call() {
  show();
  if (!waiting() || !wanted() || blocked() || Date.now() - last < EVERY) return;
  last = Date.now();
  sound();
  document.documentElement.dataset.sounded = String(last);
}

async function wake() {
  wakes = blocked() && waiting();
  context ??= new AudioContext();
  if (context.state !== "running") await context.resume();
  call();
}

document.addEventListener("pointerdown", wake);
document.addEventListener("keydown", wake);
document.addEventListener("click", (event) => {
  const button = event.target.closest("#alarm");
  if (!button) return;
  // The first touch while the browser still kept it silent only lets it sound.
  if (!(wanted() && wakes)) localStorage.setItem(KEY, wanted() ? "off" : "on");
  last = 0;
  call();
});
document.addEventListener("htmx:afterSwap", call);
setInterval(call, 1000);
show();
