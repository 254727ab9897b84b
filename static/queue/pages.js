// What our own pages do beyond links and forms.
(() => {
  // Ticked rows go along with every remedy's form; none ticked means all of them.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-remedy]")) return;
    event.target.querySelectorAll("[data-ticked]").forEach((field) => field.remove());  // of a page that was gone back to
    document.querySelectorAll("input[data-member]:checked").forEach((box) => {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "failures", value: box.value });
      field.dataset.ticked = "";
      event.target.append(field);
    });
  });
  // A link that is about ticked rows takes them along.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-with-ticked]");
    if (!link) return;
    const to = new URL(link.href);
    to.searchParams.delete("failures");
    document.querySelectorAll("input[data-member]:checked").forEach((box) => to.searchParams.append("failures", box.value));
    link.href = to;
  });
  const tell = () => {
    const ticked = document.querySelectorAll("input[data-member]:checked").length;
    document.querySelectorAll("[data-meant]").forEach((place) => {
      const number = ticked + place.closest("form").querySelectorAll("input[name=failures]:not([data-ticked])").length;
      place.textContent = number ? `Only the ${number} chosen below.` : place.dataset.meant;
    });
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all-members]")) {
      document.querySelectorAll("input[data-member]").forEach((box) => { box.checked = event.target.checked; });
    }
    if (event.target.matches("[data-all-members], [data-member]")) tell();
  });
  document.addEventListener("DOMContentLoaded", tell);  // a refused form comes back with its rows ticked
  // A table that is wider than its place is moved by the arrow keys, once the place can have the focus.
  const reach = () => document.querySelectorAll(".card.flush, pre").forEach((place) => {
    if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  });
  ["DOMContentLoaded", "resize", "htmx:afterSettle"].forEach((when) => addEventListener(when, reach));
  document.addEventListener("toggle", reach, true);  // what was folded away has a width now
  // A link may lead to something that is folded: "#open-" and its id.
  addEventListener("DOMContentLoaded", () => {
    const details = location.hash.startsWith("#open-") && document.getElementById(location.hash.slice("#open-".length));
    if (!details || !details.matches("details")) return;
    details.open = true;
    details.scrollIntoView();
  });
  // A remedy may take some seconds: its button says so, and cannot be pressed a second time.
  document.addEventListener("submit", ({ target, submitter }) => {
    if (target.method !== "post" || !submitter) return;
    setTimeout(() => {
      submitter.dataset.words = submitter.textContent;
      submitter.textContent = "Working…";
      submitter.disabled = true;
    });
  });
  addEventListener("pageshow", () => document.querySelectorAll("[data-words]").forEach((button) => {
    button.textContent = button.dataset.words;
    button.disabled = false;
    delete button.dataset.words;
  }));
})();
