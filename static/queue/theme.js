// What every page has, ours and the administration's: light or dark, and the key that leads to the search.
// The choice is kept under the name and in the form that the administration's library knows.
(() => {
  const key = "_x_adminTheme";
  const wanted = () => {
    let kept = "auto";
    try { kept = JSON.parse(localStorage.getItem(key) || '"auto"'); } catch { /* a value that is not ours */ }
    return kept === "auto" ? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light") : kept;
  };
  const show = () => document.documentElement.classList.toggle("dark", wanted() === "dark");
  show();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  addEventListener("storage", show);  // chosen in another window
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-switch]")) {
      localStorage.setItem(key, JSON.stringify(wanted() === "dark" ? "light" : "dark"));
      show();
    }
  });
  document.addEventListener("alpine:init", () => {  // the library leaves the theme, and its own key for it, to this file
    const theirs = window.theme;
    if (theirs) window.theme = (...given) => ({ ...theirs(...given), themeBindings: {} });
  });
  // Ctrl+K (or Cmd+K) leads to the search from anywhere.
  document.addEventListener("keydown", (event) => {
    const field = document.querySelector("[data-search]");
    if (!field || event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
  // A navigation that is longer than the window shows where one is.
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
})();
