// Receiving: each scanned box fills the next empty line.
const field = document.querySelector("[data-reads]");
const said = document.querySelector("[data-said]");

field?.addEventListener("keydown", (event) => {
  if (event.ctrlKey && event.key === "]") {
    // How a scanner types the separator between two fields; a browser would drop it.
    event.preventDefault();
    field.setRangeText("\u001d", field.selectionStart, field.selectionEnd, "end");
  } else if (event.key === "Enter") {
    event.preventDefault();
    read();
  }
});

async function read() {
  const body = new FormData();
  body.set("scan", field.value);
  body.set("csrfmiddlewaretoken", field.form.elements.csrfmiddlewaretoken.value);
  try {
    const answer = await fetch(field.dataset.reads, { method: "POST", body, signal: AbortSignal.timeout(5000) });
    fill(await answer.json());
  } catch {
    said.textContent = document.getElementById("words").dataset.offline;
  }
}

function fill(label) {
  if (label.fault) { said.textContent = label.fault; field.select(); return; }
  const line = [...document.querySelectorAll("[data-kit]")].find((kit) => !input(kit, "lot").value);
  if (!line) { said.textContent = field.dataset.full; return; }
  ["ndc", "lot", "serial", "expires_on"].forEach((name) => { if (label[name]) input(line, name).value = label[name]; });
  said.textContent = [label.lot, label.expires_on, label.serial].filter(Boolean).join(", ");
  field.value = "";
}

const input = (line, name) => line.querySelector(`[name$="-${name}"]`);
