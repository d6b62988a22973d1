// Toasts: what was done, with a way back. They come with the page, from an HX-Trigger "toast", or from a failed request.
const region = document.getElementById("toasts");
const words = region?.dataset ?? {};
const STAY_MS = 8000;

function settle(toast) {
  toast.querySelector("[data-dismiss]")?.addEventListener("click", () => toast.remove());
  if (toast.classList.contains("is-bad") || toast.querySelector("form")) {
    toast.dataset.stay = String(STAY_MS * 2);
  }
  let timer = null;
  const start = () => { timer = setTimeout(() => toast.remove(), Number(toast.dataset.stay ?? STAY_MS)); };
  const hold = () => clearTimeout(timer);
  for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, hold);
  for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, start);
  start();
}

export function toast(text, { hint = "", isBad = false, undo = "" } = {}) {
  if (!region) return;
  const template = document.getElementById("toast-template").content.cloneNode(true);
  const element = template.querySelector(".toast");
  element.classList.toggle("is-bad", isBad);
  element.querySelector("[data-text]").textContent = text;
  element.querySelector("[data-hint]").textContent = hint;
  const form = element.querySelector("form");
  if (undo) form.action = undo; else form.remove();
  region.append(element);
  settle(element);
}

region?.querySelectorAll(".toast").forEach(settle);

document.body.addEventListener("toast", (event) => {
  const { text, hint, tone, undo } = event.detail;
  toast(text, { hint, undo, isBad: tone === "bad" });
});

document.body.addEventListener("htmx:responseError", (event) => {
  const answer = document.createElement("template");
  const answered = event.detail.xhr;
  if ((answered.getResponseHeader("Content-Type") ?? "").startsWith("text/html")) answer.innerHTML = answered.responseText;
  const problem = answer.content.querySelector("[data-problem]");
  if (problem) {
    toast(problem.dataset.message, { hint: problem.dataset.hint, isBad: true });
  } else {
    toast(words.failed, { isBad: true });
  }
});

document.body.addEventListener("htmx:sendError", () => toast(words.away, { isBad: true }));
