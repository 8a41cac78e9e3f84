"use strict";
const root = document.documentElement;
const find = (id) => document.getElementById(id);

// ------------------------------------------------------------------ theme

const theme = find("theme");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const remembered = (value) => {
  try {
    if (value) localStorage.setItem("theme", value);
    return localStorage.getItem("theme");
  } catch {
    return null; // a page from disk may have no storage
  }
};
const isDark = () => (root.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };

if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();
theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  remembered(root.dataset.theme);
  nameTheme();
});
prefersDark.addEventListener("change", nameTheme);
nameTheme();

// ------------------------------------------------------------------ filter

const filter = find("filter");
const cases = [...document.querySelectorAll("details.case")];
const texts = new Map();
const text = (one) => {
  if (!texts.has(one)) texts.set(one, one.textContent.toLowerCase());
  return texts.get(one);
};
const matches = (one, wanted) => {
  const flipped = JSON.parse(one.dataset.flipped);
  if (wanted.tag && !JSON.parse(one.dataset.tags).includes(wanted.tag)) return false;
  if (wanted.show === "problems" && !("problem" in one.dataset)) return false;
  if (wanted.show === "flips" && !(wanted.dimension ? flipped.includes(wanted.dimension) : flipped.length)) return false;
  return wanted.text.toLowerCase().split(/\s+/).every((word) => !word || text(one).includes(word));
};
const apply = () => {
  const wanted = Object.fromEntries(new FormData(filter));
  let shown = 0;
  for (const one of cases) {
    one.hidden = !matches(one, wanted);
    if (!one.hidden) shown += 1;
  }
  for (const table of document.querySelectorAll("table.criteria")) {
    table.hidden = Boolean(wanted.dimension) && table.dataset.dimension !== wanted.dimension;
  }
  root.classList.toggle("differing", "differing" in wanted);
  find("count").textContent = `${shown} of ${cases.length} cases`;
  find("nothing").hidden = shown > 0;
};
let waiting;
const openAll = (open) => { for (const one of cases) if (!one.hidden) one.open = open; };
if (filter) { // scores that another tool made bring no cases to read
  filter.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 80); });
  filter.addEventListener("submit", (event) => event.preventDefault());
  find("open").addEventListener("click", () => openAll(true));
  find("close").addEventListener("click", () => openAll(false));
  apply();
}

// ------------------------------------------------------------------ attempts and deep links

const choose = (one, attempt) => {
  for (const button of one.querySelectorAll("[data-choose]")) {
    button.setAttribute("aria-pressed", String(button.dataset.choose === attempt));
  }
  for (const part of one.querySelectorAll("[data-attempt]")) part.hidden = part.dataset.attempt !== attempt;
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-choose]");
  if (button) choose(button.closest("details.case"), button.dataset.choose);
});
const follow = () => {
  let wanted;
  try { wanted = find(decodeURIComponent(location.hash.slice(1))); } catch { return; }
  if (!wanted) return;
  const one = wanted.closest("details.case");
  if (one?.hidden) { filter.reset(); apply(); }
  for (let up = wanted.closest("details"); up; up = up.parentElement.closest("details")) up.open = true;
  wanted.scrollIntoView({ block: wanted.matches("mark") ? "center" : "start" });
};
addEventListener("hashchange", follow);
follow();
