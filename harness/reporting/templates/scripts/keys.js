// ------------------------------------------------------------------ keys

const single = find("keys"); // single keys can be switched off (WCAG 2.1.4)
if (single) {
  single.checked = remembered("keys") !== "off";
  single.addEventListener("change", () => remembered("keys", single.checked ? "on" : "off"));
}
const step = (by) => {
  const shown = visibleCases();
  const here = shown.indexOf(document.activeElement.closest("details.case"));
  const next = shown[here < 0 ? 0 : here + by];
  next?.querySelector("summary").focus();
  next?.scrollIntoView({ block: "nearest" });
};
const inCase = (act) => {
  const one = document.activeElement.closest("details.case[open]");
  if (one) act(one);
};
const press = (selector) => inCase((one) => one.querySelector(selector)?.click());
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  d: () => press("[data-differ]"),
  c: () => press("[data-copy]"),
  t: () => theme.click(),
  "/": () => filter.elements.text.focus(),
};
document.addEventListener("keydown", (event) => {
  if (!single?.checked || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select, textarea")) return;
  const act = /^[1-9]$/.test(event.key) ? () => press(`[data-choose="${event.key}"]`) : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// ------------------------------------------------------------------ paper

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.fold:not(.folded, .keys, [open])")];
  for (const one of opened) one.open = true;
});
addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
