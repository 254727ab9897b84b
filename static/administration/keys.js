// Whatever the admin's shell does on a click alone can be reached, heard and pressed by keyboard too.
(() => {
  const NAMES = {
    close: "Close", more_vert: "More", more_horiz: "More",
    search: "Search", visibility: "Show the password", visibility_off: "Hide the password",
  };
  const NATIVE = "a[href], button, input, select, textarea, summary, label";

  const mend = (root) => {
    for (const icon of root.querySelectorAll(".material-symbols-outlined:not([aria-hidden], [aria-label])")) {
      const name = NAMES[icon.textContent.trim()];
      const alone = icon.hasAttribute("x-on:click") || (name && icon.parentElement.textContent.trim() === icon.textContent.trim());
      if (!icon.hasAttribute("x-on:click")) icon.setAttribute("aria-hidden", "true");
      if (alone && name) (icon.hasAttribute("x-on:click") ? icon : icon.parentElement).setAttribute("aria-label", name);
    }
    for (const each of root.querySelectorAll("[x-on\\:click]:not([role], [data-modal])")) {
      if (each.matches(NATIVE) || each.id === "changelist-filter-close") continue;
      each.setAttribute("role", "button");
      each.setAttribute("tabindex", "0");
    }
  };

  document.addEventListener("keydown", (event) => {
    const pressed = event.target.closest?.('[x-on\\:click][role="button"]');
    if (!pressed || pressed !== event.target || pressed.matches(NATIVE)) return;
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    pressed.click();
    // A menu opens at the end of the page: go there, and come back from it with Escape.
    setTimeout(() => {
      const menu = [...document.querySelectorAll("body > nav")].find((each) => each.offsetParent !== null || each.getClientRects().length);
      if (!menu) return;
      menu.querySelector("a, button")?.focus();
      menu.onkeydown = (key) => {
        if (key.key === "Escape") { pressed.click(); pressed.focus(); }
      };
    }, 250);
  });
  document.addEventListener("DOMContentLoaded", () => {
    mend(document);
    new MutationObserver((changes) => {
      if (changes.some((change) => change.addedNodes.length)) mend(document);
    }).observe(document.body, { childList: true, subtree: true });
  });
})();
