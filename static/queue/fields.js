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
// Who wants to see their own record pastes it: its field is unfolded and has the focus.
document.addEventListener("change", (event) => {
  const field = document.getElementById("pasted");
  if (event.target.id !== "sample" || event.target.value !== "pasted" || !field) return;
  field.closest("details").open = true;
  field.focus();
});
// What somebody pastes is what they want to see.
document.addEventListener("input", (event) => {
  const sample = document.getElementById("sample");
  if (event.target.id === "pasted" && sample && event.target.value.trim()) sample.value = "pasted";
});
