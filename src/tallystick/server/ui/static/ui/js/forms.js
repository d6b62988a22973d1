// Filters that send themselves (form[data-auto]), forms that warn before what was typed is lost (form[data-guard]),
// buttons that copy (data-copy="#id"), and forms that cannot be sent twice.
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-auto]");
  if (form && event.target.type !== "search") form.requestSubmit();
});

let isEdited = false;
document.addEventListener("input", (event) => { if (event.target.closest?.("form[data-guard]")) isEdited = true; });
document.addEventListener("submit", (event) => {
  isEdited = false;
  const form = event.target;
  if (form.method === "get") { // an address without empty fields
    for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
    setTimeout(() => { for (const field of form.elements) field.disabled = false; });
    return;
  }
  if (form.hasAttribute("hx-post") || event.defaultPrevented) return;
  if (form.dataset.isSent) { event.preventDefault(); return; }
  form.dataset.isSent = "yes";
  setTimeout(() => { delete form.dataset.isSent; }, 4000);
});
window.addEventListener("beforeunload", (event) => { if (isEdited) event.preventDefault(); });
window.addEventListener("pageshow", () => document.querySelectorAll("[data-is-sent]").forEach((form) => { delete form.dataset.isSent; }));

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const text = document.querySelector(button.dataset.copy).textContent.trim();
  await navigator.clipboard.writeText(text);
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  label.textContent = button.dataset.done;
  setTimeout(() => { label.textContent = before; }, 2000);
});
