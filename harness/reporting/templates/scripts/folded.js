// ------------------------------------------------------------------ what is folded away

// It is HTML that was made and escaped with the rest of the page, deflated. The page's policy lets nothing
// but this one rule turn text into elements, and a document parsed so runs no script.
const rule = window.trustedTypes?.createPolicy("folded", { createHTML: (html) => html });
const elements = (html) => {
  const whole = `<!doctype html>${html}`;
  return new DOMParser().parseFromString(rule ? rule.createHTML(whole) : whole, "text/html").body;
};
const inflated = (one) => {
  const letters = atob(one.querySelector(":scope > script").textContent);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place += 1) bytes[place] = letters.charCodeAt(place);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
};

const unfolding = new Map();
const unfold = (one) => {
  if (!unfolding.has(one)) unfolding.set(one, fill(one));
  return unfolding.get(one);
};
const fill = async (one) => {
  const body = document.createElement("div");
  body.className = "body";
  body.append(...elements(await inflated(one)).childNodes);
  quote(body);
  narrow(body);
  one.append(body);
};
document.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.matches("details.folded")) unfold(event.target);
}, true);

// ------------------------------------------------------------------ quotes stand once, in the answer

const marksOf = (body) => Map.groupBy(body.querySelectorAll("mark"), (mark) => mark.dataset.of ?? mark.id);
const block = (mark) => mark.closest("p, li, td, th, pre, h5, h6");
const wordsOf = (marks) => marks.map((mark, place) => {
  const apart = place && block(mark) !== block(marks[place - 1]);
  return (apart ? " " : "") + mark.textContent;
}).join("").replace(/\s+/g, " ");
const shortened = (text, length) => (text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`);
const quote = (body) => {
  const found = marksOf(body);
  for (const link of body.querySelectorAll(".quote a")) {
    link.textContent = shortened(wordsOf(found.get(link.hash.slice(1)) ?? []), 400);
  }
};
