// A form as pairs of name and value, in words, and back again.
const isChoice = (field) => field.type === "checkbox" || field.type === "radio";
const typed = (form) => [...form.elements].filter((e) => e.name && !["hidden", "submit", "button", "fieldset"].includes(e.type));
const NEVER_BACK = ["csrfmiddlewaretoken", "client_id"];

/** Everything that the form would send. */
export const pairs = (form) => [...new FormData(form)].filter(([, value]) => typeof value === "string");

/** What a person typed or chose; hidden fields are the page's own. */
export function typedPairs(form) {
  const names = new Set(typed(form).map((field) => field.name));
  return pairs(form).filter(([name]) => names.has(name));
}

/** Put pairs back. `hidden`: the fields that only the page knows as well; `except`: names that stay as they are. */
export function fill(form, values, { hidden = false, except = new Set() } = {}) {
  const has = (name, value) => values.some(([n, v]) => n === name && v === value);
  for (const field of typed(form)) {
    if (except.has(field.name)) continue;
    if (isChoice(field)) field.checked = has(field.name, field.value);
    else field.value = values.find(([name]) => name === field.name)?.[1] ?? "";
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  if (!hidden) return;
  for (const [name, value] of values) {
    const field = form.elements.namedItem(name);
    if (field?.type === "hidden" && !NEVER_BACK.includes(name)) field.value = value;
  }
}

const text = (element) => element?.textContent.trim().replace(/\s*\*$/, "");
const labelOf = (form, field) => ({
  group: isChoice(field) ? text(field.closest("fieldset, [role=group]")?.querySelector("legend, .form-label")) : undefined,
  own: text(field.labels?.[0] || form.querySelector(`label[for="${field.id}"]`)) || field.name,
});

/** [label, value] of all that was entered, as the page calls it. */
export function inWords(form) {
  const told = [];
  for (const field of typed(form)) {
    const { group, own } = labelOf(form, field);
    if (isChoice(field)) {
      // A choice of nothing is no entry.
      if (field.checked && field.value) told.push(group && group !== own ? [group, own] : [own, "✓"]);
    } else if (field.value) {
      told.push([own, field.tagName === "SELECT" ? field.selectedOptions[0].textContent.trim() : field.value]);
    }
  }
  return told;
}
