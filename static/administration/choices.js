// Leaves out of a form what the choice made above has no use for. Without this script everything is shown, and works.
(() => {
  const rowOf = (field) => field.closest("[data-row], .form-row, .field-row, [class*='field-answer_']") || field.parentElement;

  // What only another way asks: questions of a connection, parts of a schedule.
  const ways = (root) => {
    const way = root.querySelector("select[data-way]");
    if (!way) return;
    const show = () => {
      const chosen = way.value || way.dataset.way;
      for (const field of root.querySelectorAll("[data-asked-for]"))
        rowOf(field).hidden = !field.dataset.askedFor.split(" ").includes(chosen);
    };
    way.addEventListener("change", show);
    show();
  };

  // Streams of a route: only those of the connection that is chosen beside them.
  const narrow = (streams) => {
    const name = streams.name.replace(/stream$/, "connection");
    const connection = streams.form?.elements[name];
    if (!connection || connection.dataset.narrows) return;
    connection.dataset.narrows = "1";
    const show = () => {
      const value = streams.value;
      const system = connection.selectedOptions?.[0]?.dataset.system || "";
      for (const group of streams.querySelectorAll("optgroup")) {
        const other = system !== "" && group.label !== system;
        group.hidden = group.disabled = other;
      }
      // Two systems may call a stream the same: choose that of this system, else none.
      const same = [...streams.options].find((each) => each.value === value && !each.parentElement.disabled);
      if (same) same.selected = true;
      else streams.value = "";
    };
    connection.addEventListener("change", show);
    show();
  };

  const begin = () => {
    ways(document);
    for (const each of document.querySelectorAll("select[data-streams]")) narrow(each);
  };
  document.addEventListener("DOMContentLoaded", begin);
  document.addEventListener("formset:added", begin);
})();
