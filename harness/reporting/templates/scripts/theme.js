const root = document.documentElement;
const find = (id) => document.getElementById(id);
const say = (words) => {
  find("said").textContent = words;
  setTimeout(() => { if (find("said").textContent === words) find("said").textContent = ""; }, 2500);
};
const remembered = (name, value) => {
  try {
    if (value) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch {
    return null; // a page from disk may have no storage
  }
};

// ------------------------------------------------------------------ theme

const theme = find("theme");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };

if (["light", "dark"].includes(remembered("theme"))) root.dataset.theme = remembered("theme");
theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  remembered("theme", root.dataset.theme);
  nameTheme();
});
prefersDark.addEventListener("change", nameTheme);
nameTheme();
