// The keys of our pages, for whoever has them on. What a key does stands in the page itself: `data-keys` at what it opens,
// presses or follows, and the overlay of all keys, which tells where they lead. A script that sends asks first (sure.js).
(() => {
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const one = (what) => document.querySelector(what);
  const overlay = () => one("dialog#keys");
  const list = () => one("[data-list]");  // only the list of exceptions has it
  const KEPT = "throughline.list";  // the list that was looked at last, in this window

  // Where keys are letters, or mean something else.
  const TYPED = "textarea, select, [contenteditable]:not([contenteditable=false]), "
    + "input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=file])";
  const types = (target) => target.closest?.(TYPED) || target.isContentEditable;
  const named = (event) => {
    const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    return event.shiftKey && /^[A-Z]$/.test(key) ? `Shift+${key}` : key;
  };
  // Signs such as ] are typed with other keys held down on some keyboards.
  const held = (event) => (event.ctrlKey || event.metaKey || event.altKey)
    && (/^[a-z0-9]$/i.test(event.key) || event.key.length > 1 || !(event.altKey || event.getModifierState("AltGraph")));

  let told = 0;
  const say = (words) => {
    const place = one("[data-keys-said]");
    place.textContent = words;
    clearTimeout(told);
    if (words) told = setTimeout(() => { place.textContent = ""; }, 8000);
  };

  // Lines of a table: the one with the focus is the one that keys mean.
  const lines = () => all("[data-rows] tbody tr").filter((line) => stop(line));
  const stop = (line) => line.querySelector("a[href]") || line.querySelector("[data-member]");
  const current = () => document.activeElement.closest?.("[data-rows] tbody tr");
  const box = (line) => line?.querySelector("[data-member]");
  let last = null;  // the line that was chosen last
  let place = -1;  // where in the table the focus was, in case its line goes
  const lead = (line) => {
    stop(line).focus();
    line.scrollIntoView({ block: "nearest" });
    place = lines().indexOf(line);
  };
  const move = (by) => {
    const there = lines();
    if (!there.length) return false;
    const at = current() ? there.indexOf(current()) : place < 0 ? -1 : place - (by > 0 ? 1 : 0);
    const to = at < 0 ? (by > 0 ? 0 : there.length - 1) : Math.min(there.length - 1, Math.max(0, at + by));
    lead(there[to]);
    return true;
  };
  const tick = (line, checked) => {
    box(line).checked = checked;
    box(line).dispatchEvent(new Event("change", { bubbles: true }));
  };
  const choose = (range) => {
    const line = current();
    if (!box(line)) return false;
    leaveAll();
    const there = lines();
    if (range && last && there.includes(last)) {
      const [from, to] = [there.indexOf(last), there.indexOf(line)].sort((a, b) => a - b);
      there.slice(from, to + 1).forEach((each) => tick(each, true));
    } else {
      tick(line, !box(line).checked);
    }
    last = line;
    const number = all("[data-member]:checked").length;
    say(number ? `${number} chosen` : "None chosen");
    return true;
  };

  // All that a list holds, those on further pages too.
  let whole = false;
  const leaveAll = () => {
    whole = false;
    list()?.removeAttribute("data-whole");
  };
  const chooseAll = () => {
    const head = one("[data-list] [data-all-members]");
    if (!head) return false;
    if (head.checked && !whole) {
      whole = true;
      list().dataset.whole = "";
      say("All that this list holds is chosen, what stands on further pages too. Press the key of what shall be done.");
    } else {
      leaveAll();
      head.checked = true;
      head.dispatchEvent(new Event("change", { bubbles: true }));
      say(`${all("[data-member]:checked").length} chosen, all on this page. Ctrl+A again: all that the list holds.`);
    }
    return true;
  };

  // What a key stands at in this page, with the field that it leads to.
  const at = (key) => {
    for (const place of all("[data-keys]")) {
      const found = place.dataset.keys.split(" ").map((each) => each.split(":")).find(([name]) => name === key);
      if (found) return [place, found[1] || ""];
    }
    return [null, ""];
  };
  const FIELDS = "input:not([type=hidden]), select, textarea";
  const wanted = (form, field) => all("select", form).find((each) => each.required && !each.value)
    || form.querySelector(`[name="${field}"]`)
    || all(FIELDS, form).find((each) => (each.required || each.matches("[data-secret]")) && !each.value)
    || (form.matches("[data-asks]:not([data-each])") ? null : form.querySelector(FIELDS));
  const use = ([place, field]) => {
    if (!place) return false;
    if (place.matches("form")) place.requestSubmit();
    else if (!place.matches("summary")) place.click();
    else open(place.closest("details"), field);
    return true;
  };
  const open = (details, field = "") => {
    details.open = true;
    details.scrollIntoView({ block: "nearest" });
    const form = details.querySelector("form");
    const first = form && wanted(form, field);
    if (first) {
      first.focus();
      if (first.value && first.select) first.select();
    } else {
      details.querySelector("summary").focus();
      form?.dispatchEvent(new CustomEvent("ask", { bubbles: true }));
    }
  };

  // On a line of the list a key does on its page what it says; with lines chosen it plans it for all of them.
  const told_of = (key) => all("[data-key]", overlay()).find((each) => each.dataset.key === key);
  const onList = (key) => {
    const how = told_of(key);
    if (!list() || !how || how.closest("[data-key-group]").dataset.keyGroup !== "item") return false;
    if (whole || all("[data-member]:checked", list()).length) return many(how.dataset.many);
    const line = current();
    if (!line) return false;
    if (key === "1") take(line);
    else location.assign(`${stop(line).href}#key-${key}`);
    return true;
  };
  const many = (choice) => {
    if (!choice) return false;
    if (whole) location.assign(`${one("[data-all-that-fit]").href}#open-${choice}`);
    else {
      const form = one("form#bulk-chosen");
      const chosen = all("[data-member]:checked", list()).map((each) => `items=${each.value}`);
      location.assign(`${form.action}?${chosen.join("&")}#open-${choice}`);
    }
    return true;
  };
  const take = async (line) => {
    const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "Content-Type": "application/x-www-form-urlencoded" };
    const body = new URLSearchParams({ was: line.dataset.was });
    const answer = await fetch(`${stop(line).getAttribute("href")}taking/`, { method: "POST", headers, body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const words = page.querySelector(".told")?.textContent.trim() || page.querySelector("h1")?.textContent.trim() || "";
    say(`Exception ${line.dataset.number}: ${words}`);
    line.dataset.was = page.querySelector("[data-assignee]")?.dataset.assignee || line.dataset.was;
    if (one("#news")) htmx.trigger(one("#news"), "look");
  };

  // The list that somebody came from: Escape leads back to it, to the same line, and ] to the next one.
  const kept = () => {
    try { return JSON.parse(sessionStorage.getItem(KEPT)) || {}; } catch { return {}; }
  };
  const keep = () => {
    if (!list()) return;
    const numbers = lines().map((line) => line.dataset.number);
    sessionStorage.setItem(KEPT, JSON.stringify({ address: location.pathname + location.search, numbers }));
  };
  const here = () => document.body.dataset.number || "";
  const next = () => {
    const { numbers = [] } = kept();
    return numbers[numbers.indexOf(here()) + 1] || "";
  };
  const differs = (field) => (field.matches("select")
    ? ![...field.options].every((each) => each.selected === each.defaultSelected)
    : field.matches("[type=checkbox], [type=radio]") ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);
  const onward = () => {
    const form = document.activeElement.closest?.("details.remedy[open]")?.querySelector("form");
    const typed = form && all(FIELDS, form).some(differs);
    if (typed && form.dataset.asks !== undefined) form.dispatchEvent(new CustomEvent("ask", { bubbles: true }));
    else if (typed) send(form);
    else if (next()) location.assign(`${one("[data-exceptions]").pathname}${next()}/`);
    else back();
  };
  const send = (form) => {  // nothing that goes to a target
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "then", value: next() });
    form.append(field);
    form.requestSubmit(form.querySelector("button[type=submit]"));
  };
  const back = () => {
    const to = kept().address || one("[data-exceptions]").href;
    location.assign(`${to}#back-${here()}`);  // no place of the page: the browser would take the focus there
  };
  const leave = (target) => {
    if (types(target)) {
      (target.closest("details")?.querySelector("summary") || current() || one("main")).focus();
      return true;
    }
    if (whole) {
      leaveAll();
      say("");
      return true;
    }
    if (!here()) return false;
    back();
    return true;
  };
  const arrive = () => {
    const [, number] = /^#back-(\d+)$/.exec(location.hash) || [];
    const [, key] = /^#key-(.+)$/.exec(location.hash) || [];
    if (number && list()) {
      history.replaceState(null, "", location.pathname + location.search);
      const { numbers = [] } = kept();
      place = numbers.indexOf(number);
      const line = document.getElementById(`item-${number}`);
      if (line) lead(line);
      else if (lines().length) lead(lines()[Math.min(Math.max(place, 0), lines().length - 1)]);
    } else if (key && here()) {
      history.replaceState(null, "", location.pathname);
      if (!press(decodeURIComponent(key))) say("That cannot be done here.");
    } else if (location.hash.startsWith("#open-")) {
      const details = document.getElementById(location.hash.slice("#open-".length));
      if (details?.matches("details.remedy")) open(details);
    }
    keep();
    if (here()) document.body.dataset.next = next();
  };

  // The overlay tells only what works in this page.
  const works = (entry) => {
    const group = entry.closest("[data-key-group]").dataset.keyGroup;
    if (entry.dataset.key === "Tab") return all("[data-failing] details form").length > 0;
    if (group === "rows") return lines().length > 0 && (!/X$/.test(entry.dataset.key) || all("[data-rows] [data-member]").length > 0);
    if (group === "list") return Boolean(list());
    if (group === "page") return Boolean(here());
    if (group === "item") return list() ? lines().length > 0 : Boolean(at(entry.dataset.key)[0]);
    return true;
  };
  const help = () => {
    all("[data-key]", overlay()).forEach((entry) => { entry.hidden = !works(entry); });
    all("[data-key-group]", overlay()).forEach((group) => { group.hidden = !group.querySelector("[data-key]:not([hidden])"); });
    overlay().showModal();
    return true;
  };
  const search = () => {
    const field = one("#line") || one("[data-search]");
    field.focus();
    field.select();
    return true;
  };

  // In a failing field Tab leads through its form and on to the next failing field; behind the last one, as everywhere.
  const walk = (target, back) => {
    const parts = (details) => all(`${FIELDS}, button`, details.querySelector("form"));
    const failing = all("[data-failing] details").filter((each) => each.querySelector("form"));
    const at = failing.indexOf(target.closest("[data-failing] details[open]"));
    const to = failing[at + (back ? -1 : 1)];
    if (at < 0 || !to) return false;
    const mine = parts(failing[at]);
    if (target !== (back ? mine[0] : mine[mine.length - 1])) return false;
    to.open = true;
    const there = parts(to);
    const field = there[back ? there.length - 1 : 0];
    field.focus();
    if (!back && field.select) field.select();
    return true;
  };

  let sequence = "";
  const press = (key) => {
    if (sequence) {
      const leads = told_of(`${sequence} ${key}`)?.dataset.leads;
      sequence = "";
      say("");
      if (leads) location.assign(leads);
      return true;
    }
    if (key === "G") {
      sequence = "G";
      say(all('[data-key^="G "]', overlay()).map((each) => `${each.dataset.key.slice(2)}: ${each.querySelector("dd").textContent.trim().toLowerCase().replace(/^go to /, "")}`).join(" · "));
      return true;
    }
    if (key === "?") return help();
    if (key === "/") return search();
    if (key === "J") return move(1);
    if (key === "K") return move(-1);
    if (key === "X" || key === "Shift+X") return choose(key !== "X");
    if (key === "]" && here()) return onward(), true;
    return use(at(key)) || onList(key);
  };
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.defaultPrevented || event.isComposing || one("dialog[open]")) return;
    let done = false;
    if (key === "Tab" && !event.ctrlKey && !event.metaKey && !event.altKey) done = Boolean(target.closest) && walk(target, event.shiftKey);
    else if (key === "Escape") done = !event.repeat && !target.matches?.("[type=search], select") && leave(target);
    else if (types(target)) return;
    else if (key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) done = chooseAll();
    else if (held(event)) return;
    else if (key === "ArrowDown" || key === "ArrowUp") done = current() ? move(key === "ArrowDown" ? 1 : -1) : false;
    else if (key === "Enter" && target.matches?.("[data-rows] [data-member]")) done = (stop(current()).click(), true);
    else if (key === "j" || key === "k" || !event.repeat) done = press(named(event));
    if (done) event.preventDefault();
  });

  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-keys-close]")) overlay().close();
    if (target.closest("[data-keys-help]")) help();
  });
  document.addEventListener("focusin", () => {
    if (current()) place = lines().indexOf(current());
  });
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    if (target.id === "list") keep();
  });
  all("[data-keys-help]").forEach((button) => { button.hidden = false; });
  arrive();
})();
