// What a page that is drawn again must not take away: a fault, until its form is changed or sent; and what was typed into
// a form that the tablet does not keep half typed. Such a form is put into the fresh page as it stands.
const held = new Set();
const FAULTS = ".is-invalid, .invalid-feedback";
let isTouched = false; // since the page's own faults were said

/** A form of a page that was drawn just now. */
export function watch(form) {
  if (form.querySelector(FAULTS)) held.add(form);
  const changed = () => {
    isTouched = true;
    // What is half typed in a form with `data-keeps` is on the disk, and comes back by itself.
    if (form.dataset.keeps) held.delete(form);
    else held.add(form);
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", (event) => event.isTrusted && changed());
}

/** It was sent: its faults are over, and what they were about is not sent twice. */
export function letGo(form) {
  held.delete(form);
  form.querySelectorAll(".invalid-feedback").forEach((words) => words.remove());
  form.querySelectorAll(".is-invalid").forEach((field) => {
    field.classList.remove("is-invalid");
    if (field.type === "text" || field.type === "number") field.value = "";
  });
}

/** Into `fresh`, which is about to stand in place of `old`. A page that was `asked` for says its own faults. */
export function carry(old, fresh, asked) {
  const places = new Map([...fresh.querySelectorAll("form")].map((form) => [form.getAttribute("action"), form]));
  for (const form of held) {
    const place = places.get(form.getAttribute("action"));
    if (!place) { held.delete(form); continue; }
    const folded = place.closest("details");
    place.replaceWith(form);
    if (folded) folded.open = true;
  }
  // The rows of what was not accepted, one of which may be open or typed into (waiting.js).
  const rows = old.querySelectorAll(".queued > li");
  fresh.querySelector(".queued")?.replaceChildren(...rows);
  const faults = old.querySelector(".faults");
  if (faults && !asked && !isTouched) fresh.querySelector(".chair-top").after(faults);
  else isTouched = false;
}
