// The Chair page: one-tap values, and nothing typed is lost by a reload or a failed request.
const STEP = { systolic: 2, diastolic: 2, heart_rate: 2, spo2: 1, respiratory_rate: 1 };
const START = { systolic: 120, diastolic: 80, heart_rate: 72, spo2: 98, respiratory_rate: 14 };

function addSteps(input) {
  const box = document.createElement("div");
  box.className = "stepper";
  const label = document.querySelector(`label[for="${input.id}"]`)?.textContent.trim() || input.name;
  const button = (sign) => {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = sign > 0 ? "+" : "−";
    element.setAttribute("aria-label", `${label} ${sign > 0 ? "+" : "−"}${STEP[input.name]}`);
    element.addEventListener("click", () => {
      const from = input.value === "" ? START[input.name] - sign * STEP[input.name] : Number(input.value);
      input.value = String(from + sign * STEP[input.name]);
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    return element;
  };
  input.replaceWith(box);
  box.append(button(-1), input, button(1));
}

// Kept in this tab only, and gone when it is closed or the form was saved.
const KEPT = "typed:";
const PATIENCE = 15000; // milliseconds
function keep(form) {
  const key = KEPT + form.dataset.keeps;
  const fields = () => [...form.elements].filter((e) => e.name && e.type !== "hidden" && e.type !== "submit");
  const faulty = form.querySelector(".is-invalid, .invalid-feedback");
  const kept = JSON.parse(sessionStorage.getItem(key) || "null");
  if (kept && !faulty) {
    fields().forEach((e, i) => {
      if (e.type === "checkbox" || e.type === "radio") e.checked = kept[i] === true;
      else if (kept[i]) e.value = kept[i];
    });
  }
  form.addEventListener("input", () => {
    const values = fields().map((e) => (e.type === "checkbox" || e.type === "radio" ? e.checked : e.value));
    sessionStorage.setItem(key, JSON.stringify(values));
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const send = form.querySelector("button:not([type=button])");
    send.disabled = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), signal: AbortSignal.timeout(PATIENCE) });
      if (answer.redirected && new URL(answer.url).pathname.startsWith("/accounts/")) {
        // Signed out meanwhile: what was typed waits in this tab for the same person to come back.
        location.assign(`${new URL(answer.url).pathname}?next=${encodeURIComponent(location.pathname)}`);
        return;
      }
      if (answer.ok || answer.status === 409 || answer.status === 422) {
        sessionStorage.removeItem(key);
        show(await answer.text());
        const first = document.querySelector("#main .notice-red, #main .is-invalid, #main .gate");
        if (!answer.ok && first) first.scrollIntoView({ block: "center" });
        else window.scrollTo(0, 0);
        return;
      }
      fail("failed");
    } catch {
      fail("offline");
    } finally {
      send.disabled = false;
    }
  });
}

/** The answer's page in place of this one, with its messages: loading it again would lose them. */
function show(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const main = document.querySelector("#main");
  document.querySelector(".flashes")?.remove();
  const flashes = page.querySelector(".flashes");
  if (flashes) main.before(flashes);
  main.replaceWith(page.querySelector("#main"));
  document.getElementById("trouble").hidden = true;
  prepare();
}

function fail(name) {
  const banner = document.getElementById("trouble");
  banner.querySelector("[data-words]").textContent = document.getElementById("words").dataset[name];
  banner.hidden = false;
  banner.scrollIntoView({ block: "nearest" });
}

/** What the forms of a freshly drawn page get. */
function prepare() {
  document.querySelectorAll("input.vital").forEach(addSteps);
  document.querySelectorAll("form[data-keeps]").forEach(keep);
}
prepare();
