// What the list of exceptions does beyond links and forms.
(() => {
  // Columns are put in order before they are shown.
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-earlier], [data-later]");
    if (!button) return;
    const line = button.closest("li");
    const earlier = "earlier" in button.dataset;
    const other = earlier ? line.previousElementSibling : line.nextElementSibling;
    if (!other) return;
    if (earlier) other.before(line);
    else other.after(line);
    button.focus();
  });

  // The list looks for news while it is seen. Lines change where they stand, but for the one under the cursor or with
  // the focus, and those that would move others; new ones wait until they are asked for.
  const EVERY = 8000;  // milliseconds; what is shown is never older than ten seconds
  let withheld = 0;  // lines that have changed and stay as they are for now
  const place = () => document.getElementById("news");
  const told = () => document.querySelector("[data-told]");
  const show = () => document.querySelector("[data-show]");
  const look = () => {
    if (place() && document.visibilityState === "visible") htmx.trigger(place(), "look");
  };
  const held = (line) => line.matches(":hover") || line.contains(document.activeElement);
  const moves = (line, other) => {
    const before = line.offsetHeight;
    line.after(other);
    const after = other.offsetHeight;
    other.remove();
    return before !== after;
  };
  document.addEventListener("htmx:configRequest", ({ target, detail }) => {
    if (target !== place()) return;
    const stamps = [...document.querySelectorAll("tr[data-stamp]")].map((line) => line.dataset.stamp);
    detail.parameters.shown = stamps.join(",");
  });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const line = fragment.firstElementChild;
    const stays = held(target) || (target.matches("tr[data-stamp]") && line && moves(target, line.cloneNode(true)));
    if (!stays) return;
    event.detail.shouldSwap = false;
    if (target.matches("tr[data-stamp]")) withheld += 1;
  });
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    if (target === place()) tell();
    if (target.id === "list") {
      target.querySelector("a.title")?.focus({ preventScroll: true });
      say("");
    }
  });
  const tell = () => {
    const news = place().querySelector("[data-new]");
    if (!news) return;
    const parts = [[news.dataset.new, "new"], [withheld, "changed"], [news.dataset.gone, "no longer here"]];
    say(parts.filter(([number]) => Number(number)).map(([number, word]) => `${number} ${word}`).join(", "));
  };
  const say = (words) => {
    if (!told() || told().textContent === words) return;
    told().textContent = words;
    show().hidden = !words;
  };
  document.addEventListener("htmx:beforeRequest", ({ target }) => {
    if (target === place()) withheld = 0;
  });
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
})();
