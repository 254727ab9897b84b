// Asks before something is sent from the keyboard: what it does, with how many and how much. The question has the focus,
// and only there Enter says yes. Whoever presses the button with a mouse has what it does before their eyes.
(() => {
  const dialog = () => document.getElementById("sure");
  const part = (name) => dialog().querySelector(`[data-sure-${name}]`);
  const answer = (name) => dialog().querySelector(`[data-sure="${name}"]`);
  let asked = null;  // the form that waits for an answer
  let from = null;  // where the focus was

  // Sums of decimals without floats: as whole numbers of ten-thousandths.
  const PLACES = 4;
  const whole = (text) => {
    const [, sign, units, rest = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    return BigInt(sign + units + rest.padEnd(PLACES, "0").slice(0, PLACES));
  };
  const shown = (number) => {
    const digits = (number < 0n ? -number : number).toString().padStart(PLACES + 1, "0");
    const units = digits.slice(0, -PLACES).replace(/\B(?=(\d{3})+$)/g, ",");
    const rest = digits.slice(-PLACES).replace(/0{1,2}$/, "");
    return `${number < 0n ? "-" : ""}${units}.${rest}`;
  };
  const sums = (boxes) => {
    const found = new Map();
    let unknown = 0;
    boxes.forEach(({ dataset: { amount, currency } }) => {
      if (!amount) unknown += 1;
      else found.set(currency, (found.get(currency) || 0n) + whole(amount));
    });
    const said = [...found].map(([currency, sum]) => `${shown(sum)} ${currency}`);
    return [...said, ...(unknown ? [`${unknown} without a known amount`] : [])].join(", ");
  };
  const effect = (form) => {
    const boxes = [...document.querySelectorAll("input[data-member]:checked")];
    const beyond = form.querySelectorAll("input[name=failures]:not([data-ticked])").length;
    if (!boxes.length && !beyond) return form.dataset.asks;
    return `Only the ${boxes.length + beyond} chosen: ${sums(boxes)}${beyond ? `, and ${beyond} that are not shown` : ""}`;
  };
  const label = (field) => field.labels?.[0]?.firstChild?.textContent.trim() || field.name;
  const said = (field) => (field.tagName === "SELECT" ? field.selectedOptions[0]?.textContent.trim() : field.value.trim());
  const typed = (form) => [...form.elements]
    .filter((field) => field.matches("input:not([type=hidden]):not([type=password]), select, textarea"))
    .filter((field) => !field.matches("[data-secret]"))
    .filter((field) => !field.matches("[type=checkbox], [type=radio]") || field.checked)
    .map((field) => [label(field), said(field)])
    .filter(([, value]) => value);

  const ask = (form) => {
    if (!form.reportValidity()) return;
    asked = form;
    from = document.activeElement;
    const button = form.querySelector("button[type=submit]");
    part("title").textContent = form.closest("details")?.querySelector("summary").firstChild.textContent.trim() || button.textContent;
    part("effect").textContent = effect(form);
    part("typed").replaceChildren(...typed(form).flatMap(([name, value]) => {
      const [term, told] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name;
      told.textContent = value;
      return [term, told];
    }));
    answer("yes").textContent = button.textContent.trim();
    answer("yes").classList.toggle("danger", button.matches(".danger"));
    answer("next").hidden = !document.body.dataset.next;
    dialog().showModal();
    answer("yes").focus();
  };
  const go = (next) => {
    const form = asked;
    form.querySelector("input[name=then]")?.remove();
    if (next) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "then", value: document.body.dataset.next });
      form.append(field);
    }
    dialog().close();
    form.requestSubmit(form.querySelector("button[type=submit]"));
  };

  // A button that is pressed by a key clicks without a pointer (`detail` is 0), and so does Enter in a field.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("form[data-asks] button[type=submit]");
    if (!button || event.detail !== 0 || !event.isTrusted) return;
    event.preventDefault();
    ask(button.form);
  });
  // Enter begins a new line where several can be written: with Ctrl (or Cmd) it sends the form, as elsewhere.
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("details.remedy form");
    if (!form || event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
    event.preventDefault();
    if (form.matches("[data-asks]")) ask(form);
    else form.requestSubmit(form.querySelector("button[type=submit]"));
  });
  document.addEventListener("click", ({ target }) => {
    const chosen = target.closest("[data-sure]")?.dataset.sure;
    if (chosen === "no") dialog().close();
    else if (chosen && asked) go(chosen === "next");
  });
  document.addEventListener("keydown", (event) => {
    if (!dialog()?.open) return;
    if (event.repeat && event.key === "Enter") event.preventDefault();  // held down since the key that asked
    if (event.key === "]" && !event.repeat && !answer("next").hidden) {
      event.preventDefault();
      go(true);
    }
  });
  document.addEventListener("close", (event) => {
    if (event.target !== dialog()) return;
    asked = null;
    from?.focus();
  }, true);
  document.addEventListener("ask", ({ target }) => ask(target));  // a key that leads to a form which needs nothing more
})();
