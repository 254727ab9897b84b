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
  const back = () => document.activeElement === document.body && document.getElementById(id)?.focus();
  document.addEventListener("htmx:afterSettle", back, { once: true }); // who has gone on to another field stays there
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
// What is typed while the rows are on their way stays: the answer knows only what was there when it was asked for.
// Rows that move or go get other numbers by the answer, so nothing is typed into them meanwhile.
const typedNow = () => new Map([...document.querySelectorAll("#rows [id][name]")].map((each) => [each.id, each.value]));
let asked = null;
let later = new Map();
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id !== "rows") return;
  asked = typedNow();
  event.detail.target.inert = event.detail.elt.value !== "show";
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.target?.id === "rows") event.detail.target.inert = false;
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "rows" || !asked) return;
  later = new Map([...typedNow()].filter(([id, value]) => asked.has(id) && asked.get(id) !== value));
  asked = null;
});
document.addEventListener("htmx:afterSwap", () => {
  for (const [id, value] of later) {
    const field = document.getElementById(id);
    if (!field) continue;
    field.value = value;
    field.dispatchEvent(new Event(field.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
  }
  later = new Map();
});
