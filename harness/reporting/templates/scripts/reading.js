// ------------------------------------------------------------------ what changed, word by word

// The longest common subsequence of two lists, as pairs of places; none where it would take too long.
const COMPARED = 9e6;
const common = (before, after) => {
  const [n, m] = [before.length, after.length];
  if (n * m > COMPARED) return [];
  const wide = m + 1;
  const longest = new Uint16Array((n + 1) * wide);
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let j = m - 1; j >= 0; j -= 1) {
      const at = i * wide + j;
      longest[at] = before[i] === after[j]
        ? longest[at + wide + 1] + 1
        : Math.max(longest[at + wide], longest[at + 1]);
    }
  }
  const pairs = [];
  for (let i = 0, j = 0; i < n && j < m;) {
    const at = i * wide + j;
    if (before[i] === after[j]) { pairs.push([i, j]); i += 1; j += 1; }
    else if (longest[at + wide] >= longest[at + 1]) i += 1;
    else j += 1;
  }
  return pairs;
};
// Lines that both have hold the two texts together; words are compared between them.
const gaps = (before, after) => {
  const found = [];
  let [i, j] = [0, 0];
  for (const [p, q] of [...common(before, after), [before.length, after.length]]) {
    found.push({ gone: before.slice(i, p), come: after.slice(j, q), same: before.slice(p, p + 1) });
    [i, j] = [p + 1, q + 1];
  }
  return found;
};
const wordsIn = (lines) => lines.join("\n").match(/\n|[^\S\n]*(?:[\p{L}\p{N}_]+|\S)|[^\S\n]+/gu) ?? [];
const compared = (before, after) => {
  const parts = [];
  const add = (tag, text) => { if (text) parts.push([tag, text]); };
  for (const lines of gaps(before.split("\n"), after.split("\n"))) {
    for (const words of gaps(wordsIn(lines.gone), wordsIn(lines.come))) {
      add("del", words.gone.join(""));
      add("ins", words.come.join(""));
      add("span", words.same.join(""));
    }
    if (lines.gone.length || lines.come.length) add("span", "\n");
    add("span", lines.same.map((line) => `${line}\n`).join(""));
  }
  return parts;
};
// The words of an answer, a line for each block of it, laid out or not.
const SETTING = "ul, ol, table, thead, tbody, tr, blockquote, div";
const textOf = (answer) => {
  const walker = document.createTreeWalker(answer, NodeFilter.SHOW_TEXT);
  let [text, last] = ["", null];
  while (walker.nextNode()) {
    const { data, parentElement: parent } = walker.currentNode;
    if (parent.matches(SETTING) && !data.trim()) continue;
    const own = block(parent);
    if (last && own !== last) text += own?.matches("td, th") && last.parentElement === own.parentElement ? " " : "\n";
    text += own?.matches("pre") ? data.trimEnd() : data.replace(/\s+/g, " ");
    last = own;
  }
  return text;
};
const differ = (one, on) => {
  one.querySelector("[data-differ]").setAttribute("aria-pressed", String(on));
  for (const old of one.querySelectorAll(".compared")) old.remove();
  for (const answer of one.querySelectorAll(".answer")) answer.hidden = false;
  const [base, ...others] = [...one.querySelectorAll(".arm")].map((arm) => arm.querySelector(".panel:not([hidden]) .answer"));
  for (const answer of on && base ? others.filter(Boolean) : []) {
    const shown = document.createElement("div");
    shown.className = "compared";
    shown.append(...compared(textOf(base), textOf(answer)).map(([tag, text]) => {
      const part = document.createElement(tag);
      part.textContent = text;
      return part;
    }));
    answer.before(shown);
    answer.hidden = true;
  }
};

// ------------------------------------------------------------------ copy as Markdown

// What models and datasets wrote is shown as it is wherever this is put: no markup, no mention, no link.
const escaped = (text) => text.trim().replace(/\s+/g, " ")
  .replace(/@|#(?=\w)|GH-(?=\d)|https?:(?=\/\/)|ftp:(?=\/\/)|www(?=\.)/gi, "$&\u200b")
  .replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign])
  .replace(/[\\`*_{}[\]|~$^#+=!()-]|(?<=^\d{1,9})\./g, "\\$&");
const fenced = (text) => {
  const fence = "`".repeat(3 + Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length)));
  return `${fence}text\n${text}\n${fence}`;
};
const verdictsOf = (row) => [...row.querySelectorAll("td")].map((cell) => {
  const said = [...cell.querySelectorAll(".mark:not([hidden])")].map((mark) => escaped(mark.textContent));
  return `  - **${escaped(cell.dataset.arm)}** ${said.join("; ") || "–"}`;
}).join("\n");
const markdown = (one) => {
  const rows = [...one.querySelectorAll("table.criteria:not([hidden]) tbody tr")].filter((row) => row.checkVisibility());
  const answers = [...one.querySelectorAll(".arm")].map((arm) => {
    const answer = arm.querySelector(".panel:not([hidden]) .answer");
    const text = answer ? textOf(answer) : "no answer";
    return `<details><summary>${escaped(arm.querySelector("h4").textContent)}</summary>\n\n${fenced(text)}\n\n</details>`;
  });
  return [
    `### ${escaped(one.querySelector(".title b").textContent)} (${escaped(one.id.slice(5))})`,
    `> ${escaped(one.querySelector(".question").textContent)}`,
    rows.map((row) => `- ${escaped(row.querySelector("th").textContent)}\n${verdictsOf(row)}`).join("\n"),
    ...answers,
  ].join("\n\n");
};
const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a browser that gives a page from disk no clipboard
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  say("Copied as Markdown");
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const one = button?.closest("details.case");
  if (!one) return;
  if ("choose" in button.dataset) choose(one, button.dataset.choose);
  if ("differ" in button.dataset) differ(one, button.getAttribute("aria-pressed") !== "true");
  if ("copy" in button.dataset) copy(markdown(one));
});
