// One-tap values: minus and plus beside each vital sign.
const STEP = { systolic: 2, diastolic: 2, heart_rate: 2, spo2: 1, respiratory_rate: 1 };
const START = { systolic: 120, diastolic: 80, heart_rate: 72, spo2: 98, respiratory_rate: 14 };

export function addSteps(input) {
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
