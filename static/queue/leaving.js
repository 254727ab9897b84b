// Asks before somebody leaves a long form (a link, the back button, a closed tab) in which they changed something that
// is not kept yet. Nothing is asked after sending it, or where all is as it was shown. The browser has the words.
(() => {
  const FORMS = 'form[data-guard], form[method="post"][id$="_form"]';  // the second are those of the administration
  const shown = new WeakMap();  // form → what it held when it was shown
  let going = false;  // a guarded form is on its way, or somebody chose to leave it

  const counts = (form, name) => {
    const field = form.elements[name];
    return name !== "csrfmiddlewaretoken" && !(field instanceof Element && field.matches("[data-unguarded]"));
  };
  const held = (form) => JSON.stringify([...new FormData(form)]
    .filter(([name]) => counts(form, name))
    .map(([name, value]) => [name, value instanceof File ? value.name : value]));
  // What comes back with mistakes was typed, and is kept nowhere.
  const isUnkept = (form) => form.dataset.guard === "unkept" || form.querySelector(".errorlist") !== null;
  const begin = () => document.querySelectorAll(FORMS).forEach((form) => {
    if (!shown.has(form)) shown.set(form, isUnkept(form) ? "" : held(form));
  });
  const isChanged = (form) => shown.has(form) && shown.get(form) !== held(form);

  addEventListener("load", () => setTimeout(begin));  // after the scripts that prepare a form
  addEventListener("pageshow", () => { going = false; });
  document.addEventListener("submit", (event) => { going = going || event.target.matches(FORMS); });
  document.addEventListener("click", (event) => { going = going || event.target.closest("[data-leave]") !== null; });
  addEventListener("beforeunload", (event) => {
    if (!going && [...document.querySelectorAll(FORMS)].some(isChanged)) event.preventDefault();
  });
})();
