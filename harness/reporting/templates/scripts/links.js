// ------------------------------------------------------------------ attempts

const choose = (one, attempt) => {
  for (const button of one.querySelectorAll("[data-choose]")) {
    button.setAttribute("aria-pressed", String(button.dataset.choose === attempt));
  }
  for (const part of one.querySelectorAll("[data-attempt]")) part.hidden = part.dataset.attempt !== attempt;
  if (one.querySelector("[data-differ][aria-pressed='true']")) differ(one, true);
};

// ------------------------------------------------------------------ deep links

// `case-ID`, `case-ID/DIMENSION/CRITERION`, and a quote: `qPLACE-ARM-ATTEMPT-NUMBER`. What they name may still
// be folded away, so the case is found by the beginning of the name.
const caseOf = (id) => {
  const quoted = /^q(\d+)-/.exec(id);
  if (quoted) return cases[quoted[1]];
  const parts = id.split("/");
  while (parts.length > 1) {
    parts.pop();
    const one = find(parts.join("/"));
    if (one) return one;
  }
  return null;
};
const light = (wanted, one) => {
  for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
  const marks = marksOf(one);
  const ids = wanted.matches("tr") ? [...wanted.querySelectorAll(".quote a")].map((link) => link.hash.slice(1)) : [wanted.id];
  if (wanted.matches("tr")) wanted.classList.add("lit");
  for (const mark of ids.flatMap((id) => marks.get(id) ?? [])) mark.classList.add("lit");
  for (const arm of one.querySelectorAll(".arm")) {
    const mark = [...arm.querySelectorAll("mark.lit")].find((lit) => lit.checkVisibility());
    if (mark) arm.scrollTop += mark.getBoundingClientRect().top - arm.getBoundingClientRect().top - arm.clientHeight / 3;
  }
};
const follow = async () => {
  let id;
  try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
  const holder = find(id) ?? caseOf(id);
  if (!holder) return;
  const one = holder.closest("details.case");
  if (one?.hidden) { filter.reset(); await apply(); }
  if (one) await unfold(one);
  for (let up = holder.closest("details"); up; up = up.parentElement.closest("details")) up.open = true;
  const wanted = find(id) ?? holder;
  const part = wanted.closest("[data-attempt]");
  if (part?.hidden) choose(one, part.dataset.attempt);
  if (one?.querySelector("[data-differ][aria-pressed='true']") && wanted.matches("mark")) differ(one, false);
  if (one) light(wanted, one);
  wanted.scrollIntoView({ block: wanted === one || !one ? "start" : "center" });
};
addEventListener("hashchange", follow);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash) follow(); // the address stays, so nothing else would tell
});
follow();
