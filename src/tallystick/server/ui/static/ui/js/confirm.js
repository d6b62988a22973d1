// data-confirm="Sentence" on a form or a button asks before it is sent; hx-confirm the same way.
const dialog = document.getElementById("confirm");

function ask(sentence, button) {
  return new Promise((resolve) => {
    dialog.querySelector("[data-sentence]").textContent = sentence;
    dialog.querySelector("[value=yes]").textContent = button || dialog.dataset.yes;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}

document.addEventListener("submit", (event) => {
  const asking = event.submitter?.dataset.confirm ? event.submitter : event.target;
  if (!asking.dataset.confirm || event.target.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  ask(asking.dataset.confirm, asking.dataset.confirmYes).then((isYes) => {
    if (!isYes) return;
    event.target.dataset.confirmed = "yes";
    event.target.requestSubmit(event.submitter ?? undefined);
    delete event.target.dataset.confirmed;
  });
}, true);

document.body.addEventListener("htmx:confirm", (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  ask(event.detail.question, event.target.dataset?.confirmYes).then((isYes) => { if (isYes) event.detail.issueRequest(true); });
});
