// After rows were added, taken out or moved, the focus goes on where people would look for it.
document.addEventListener("htmx:afterSettle", () => {
  const mark = document.querySelector("[data-focus]");
  const wanted = mark && document.getElementById(mark.dataset.focus);
  if (mark) mark.remove();
  if (wanted) wanted.focus();
});
// Another kind or table asks for other parts: the rows are shown anew.
document.addEventListener("change", (event) => {
  if (!event.target.matches("select.table, select.kind")) return;
  const id = event.target.id;
  document.addEventListener("htmx:afterSettle", () => document.getElementById(id)?.focus(), { once: true });
  document.getElementById("show")?.click();
});
