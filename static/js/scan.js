// A barcode scanner types the code and presses Enter: the box is looked up, chosen, and shown before anything starts.
const GROUP_SEPARATOR = "\u001d";
const PATIENCE = 5000; // milliseconds

document.addEventListener("keydown", (event) => {
  const field = event.target.closest?.("[data-scan]");
  if (!field) return;
  if (event.ctrlKey && event.key === "]") {
    // How a scanner types the separator between two fields; a browser would drop it.
    event.preventDefault();
    field.setRangeText(GROUP_SEPARATOR, field.selectionStart, field.selectionEnd, "end");
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (field.value.trim()) find(field);
  }
});

async function find(field) {
  const { form } = field;
  try {
    const answer = await fetch(field.dataset.scan, { method: "POST", body: new FormData(form), signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok || answer.redirected) throw new Error("no list");
    choose(present(form), await answer.text());
  } catch {
    // Without a connection the code stays in its field, and goes with the form.
    startOf(present(form)).focus();
  }
}

/** The page may have been drawn again while the box was looked up. */
const present = (form) => (form.isConnected ? form : document.querySelector(`form[action="${form.getAttribute("action")}"]`));
const startOf = (form) => form.querySelector("button[type=submit]");

function choose(form, html) {
  form.querySelector("[data-choice]").outerHTML = html;
  const chosen = form.querySelector("[data-choice] input:checked");
  // What was found is read before it is started: until then the page stands still, as under a field.
  startOf(form).dataset.awaits = "start";
  (chosen ? startOf(form) : form.querySelector("[data-scan]")).focus();
  // As if it had been tapped, so that the choice is kept like anything else that is half entered.
  chosen?.dispatchEvent(new Event("input", { bubbles: true }));
}
