// ------------------------------------------------------------------ what is folded away

// It is HTML that was made and escaped with the rest of the page, deflated. The page's policy lets nothing
// but this one rule turn text into elements, and a document parsed so runs no script.
const rule = window.trustedTypes?.createPolicy("folded", { createHTML: (html) => html });
const elements = (html) => {
  const whole = `<!doctype html>${html}`;
  return new DOMParser().parseFromString(rule ? rule.createHTML(whole) : whole, "text/html").body;
};
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%,()*+-;.=/?@^_`{|}~";
const VALUES = new Uint8Array(128);
[...LETTERS].forEach((letter, value) => { VALUES[letter.charCodeAt(0)] = value; });
const bytesOf = (element) => { // base 85: five letters for four bytes, the last group padded
  const text = element.textContent;
  const padding = (5 - (text.length % 5)) % 5;
  const padded = text + "~".repeat(padding);
  const bytes = new DataView(new ArrayBuffer((padded.length / 5) * 4));
  for (let from = 0, to = 0; from < padded.length; from += 5, to += 4) {
    let number = 0;
    for (let place = from; place < from + 5; place += 1) number = number * 85 + VALUES[padded.charCodeAt(place)];
    bytes.setUint32(to, number);
  }
  return new Uint8Array(bytes.buffer, 0, bytes.byteLength - padding);
};
const inflate = async (...parts) => {
  const stream = new DecompressionStream("deflate-raw");
  const writer = stream.writable.getWriter(); // four times as fast as piping a Blob
  for (const part of parts) writer.write(part);
  writer.close();
  return new Uint8Array(await new Response(stream.readable).arrayBuffer());
};
// What all of it shares goes before it as a stored block, and is dropped from what comes out.
const known = (async () => {
  const shared = await inflate(bytesOf(find("known")));
  const size = [shared.length & 255, shared.length >> 8];
  return new Uint8Array([0, ...size, ...size.map((byte) => byte ^ 255), ...shared]);
})();
const inflated = async (one) => {
  const before = await known;
  const whole = await inflate(before, bytesOf(one.querySelector(":scope > script")));
  return new TextDecoder().decode(whole.subarray(before.length - 5));
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
  complete(body);
  direct(body);
  narrow(body);
  one.append(body);
};
document.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.matches("details.folded")) unfold(event.target);
}, true);

// ------------------------------------------------------------------ what recurs stands once in the page

const facts = JSON.parse(find("facts")?.textContent ?? "null"); // scores from elsewhere bring no cases
const made = (tag, name, text) => Object.assign(document.createElement(tag), { className: name, textContent: text });
const marksOf = (body) => Map.groupBy(body.querySelectorAll("mark"), (mark) => mark.dataset.of ?? mark.id);
const block = (mark) => mark.closest("p, li, td, th, pre, h5, h6");
const wordsOf = (marks) => marks.map((mark, place) => {
  const apart = place && block(mark) !== block(marks[place - 1]);
  return (apart ? " " : "") + mark.textContent;
}).join("").replace(/\s+/g, " ");
const shortened = (text, length) => (text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`);

// Criteria that every case is graded by get their words, and verdicts the words quoted, from the answer.
const complete = (body) => {
  const found = marksOf(body);
  for (const row of body.querySelectorAll("table.criteria tbody tr")) {
    const [head, id] = [row.cells[0], row.id.slice(row.id.lastIndexOf("/") + 1)];
    const { text, points } = facts.criteria[head.dataset.criterion] ?? { text: "", points: head.dataset.points };
    const link = made("a", "soft self", `${id}, ${points}`);
    link.href = `#${row.id.split("/").map(encodeURIComponent).join("/")}`;
    link.title = "A link to this criterion; lights up its evidence";
    head.prepend(text);
    head.insertBefore(link, head.querySelector(".gain"));
    link.before(" ");
    for (const quoted of row.querySelectorAll(".quote a")) {
      const marks = found.get(quoted.hash.slice(1)) ?? [];
      quoted.textContent = shortened(wordsOf(marks), 400);
      for (const mark of marks) mark.title = mark.title ? `${mark.title}, ${id}` : id;
    }
  }
};

// In the heatmap, rows and columns say where a number leads; its class says what becomes of it, in a word.
const direct = (body) => {
  for (const table of body.querySelectorAll("table.met")) {
    const places = [...table.tHead.rows[1].cells].map((head) => head.dataset.place);
    for (const { cells: [head, ...others] } of table.tBodies[0].rows) {
      const row = head.firstChild.getAttribute("href");
      others.forEach((cell, at) => {
        for (const number of cell.children) {
          if (places[at]) number.href = `${row}/${places[at]}`;
          number.ariaLabel = `${number.textContent.replace("→", " to ")}, ${number.classList[0]}`;
        }
      });
    }
  }
};
