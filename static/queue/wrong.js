// A form that comes back with something wrong: the focus goes to the list of it, and from there to each field.
(() => {
  const begin = (place) => {
    if (document.querySelector("[data-focus]")) return;  // rows were added or moved: the page says where to go on
    const found = place.querySelector("[data-wrong]") || place.querySelector("[aria-invalid=true]:not([type=hidden])");
    if (found) found.focus();
  };
  addEventListener("DOMContentLoaded", () => begin(document));
  document.addEventListener("htmx:afterSettle", (event) => begin(event.target));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-wrong] a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    field.scrollIntoView({ block: "center" });
    field.focus();
  });
})();
