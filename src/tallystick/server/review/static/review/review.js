// The queue by keyboard: the current line follows the question, digits turn a field to its other side, w shows whole values.
const pane = document.getElementById("question");

function current() {
  const number = pane?.querySelector("[data-question]")?.dataset.question;
  for (const link of document.querySelectorAll("#queue-list [data-number] > a")) {
    const isCurrent = link.parentElement.dataset.number === number;
    if (isCurrent) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    if (isCurrent) link.scrollIntoView({ block: "nearest" });
  }
}

function fields(form) {
  const marked = new Set([...form.querySelectorAll("input[type=radio][name^='field:']:checked")].map((one) => one.name));
  const button = form.querySelector("[data-needs-all]");
  if (button) button.disabled = marked.size < Number(button.dataset.needsAll);
}

document.addEventListener("click", (event) => {
  const turner = event.target.closest?.("[data-turns]");
  if (turner) {
    const form = turner.closest("form");
    const sides = [...form.elements].filter((one) => one.name === turner.dataset.turns);
    const next = sides.find((one) => !one.checked) ?? sides[0];
    next.checked = true;
    fields(form);
  }
  const whole = event.target.closest?.("[data-whole]");
  if (whole) {
    const isWhole = whole.closest("article").classList.toggle("is-whole");
    whole.setAttribute("aria-pressed", String(isWhole));
  }
});

document.addEventListener("change", (event) => {
  const form = event.target.closest?.(".question-form");
  if (form) fields(form);
});

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target !== pane) return;
  current();
  document.querySelector(".queue")?.classList.add("is-chosen");
  if (document.activeElement === document.body) pane.focus({ preventScroll: true });
  const errand = pane.querySelector("[role=alert]");
  if (errand) errand.scrollIntoView({ block: "nearest" });
});

window.addEventListener("popstate", () => window.location.reload());
