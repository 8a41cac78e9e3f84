// ------------------------------------------------------------------ filter

const filter = find("filter");
const list = find("list");
const cases = [...document.querySelectorAll("details.case")];
const AT_ONCE = 50;

// All text of all cases, unpacked when somebody first searches.
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#34": '"', "#39": "'" };
const plain = (html) => html
  .slice(html.indexOf('<div class="question">'))
  .replace(/<\/?(?:mark|em|strong|s|code|a)\b[^>]*>/g, "")
  .replace(/<[^>]*>/g, " ")
  .replace(/&(amp|lt|gt|quot|#34|#39);/g, (_, name) => ENTITIES[name]);
let indexing;
const index = async () => {
  const texts = [];
  for (const one of cases) { // one after the other is faster than all at once
    const body = plain(await inflated(one));
    texts.push(`${one.querySelector(".title").textContent} ${body}`.toLowerCase());
  }
  return texts;
};
const indexed = () => {
  indexing ??= index();
  return indexing;
};

const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
const at = () => filter.elements.dimension.selectedIndex; // 0 is all, or overall
const flips = (fact) => (at() ? fact.flips[at() - 1] : sum(fact.flips));
const gains = (fact) => fact.gains[at()];
const MOVED = {
  worse: (found) => found.some((gain) => gain < 0),
  better: (found) => found.some((gain) => gain > 0),
  same: (found) => found.length > 0 && found.every((gain) => gain === 0),
};
const matches = (fact, wanted) => {
  if (wanted.tag && !fact.tags.includes(wanted.tag)) return false;
  if (wanted.moved && !MOVED[wanted.moved](gains(fact))) return false;
  if (wanted.show === "flips") return flips(fact) > 0;
  return !wanted.show || fact.states.includes(wanted.show);
};
const ORDER = { // the smallest first
  loss: (fact) => Math.min(...gains(fact)),
  gain: (fact) => -Math.max(...gains(fact)),
  flips: (fact) => -flips(fact),
  score: (fact) => fact.score ?? Infinity,
};
const narrow = (body) => {
  const dimension = filter?.elements.dimension.value;
  for (const table of body.querySelectorAll("table.criteria")) {
    table.hidden = Boolean(dimension) && table.dataset.dimension !== dimension;
  }
};

let order = "";
const sort = (wanted) => {
  const by = `${wanted.sort} ${wanted.sort ? wanted.dimension : ""}`;
  if (by === order || (!wanted.sort && !order)) return;
  order = by;
  const places = cases.map((_, place) => place);
  if (wanted.sort) {
    const keys = facts.cases.map((fact) => ORDER[wanted.sort](fact));
    places.sort((one, other) => (keys[one] === keys[other] ? one - other : keys[one] - keys[other]));
  }
  list.append(...places.map((place) => cases[place]));
};

let turns = 0;
const apply = async () => {
  turns += 1;
  const turn = turns;
  const wanted = Object.fromEntries(new FormData(filter));
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = words.length ? await indexed() : [];
  if (turn !== turns) return; // somebody typed on meanwhile
  let shown = 0;
  cases.forEach((one, place) => {
    const fits = matches(facts.cases[place], wanted) && words.every((word) => texts[place].includes(word));
    if (one.hidden === fits) one.hidden = !fits;
    shown += fits;
  });
  sort(wanted);
  narrow(list);
  root.classList.toggle("differing", "differing" in wanted);
  find("count").textContent = `${shown} of ${cases.length} cases`;
  find("nothing").hidden = shown > 0;
  find("open").textContent = shown > AT_ONCE ? `Open the first ${AT_ONCE}` : "Open all";
};
const visibleCases = () => [...list.children].filter((one) => !one.hidden);

if (filter) {
  let waiting;
  filter.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 60); });
  filter.addEventListener("submit", (event) => event.preventDefault());
  filter.elements.text.addEventListener("focus", indexed); // ready before the first letter
  find("open").addEventListener("click", () => {
    for (const one of visibleCases().slice(0, AT_ONCE)) one.open = true;
  });
  find("close").addEventListener("click", () => { for (const one of cases) one.open = false; });
  apply();
}
