// The command palette: Ctrl-K or / opens it, arrows choose, Enter goes there.
const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const hits = dialog?.querySelector("[role=listbox]");
const WAIT_MS = 120;
let timer = null;
let asked = null;
let chosen = -1;

const options = () => [...hits.querySelectorAll("[role=option]")];

function choose(index) {
  const all = options();
  chosen = all.length ? (index + all.length) % all.length : -1;
  all.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
  if (chosen < 0) {
    input.removeAttribute("aria-activedescendant");
  } else {
    input.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  }
}

async function look() {
  asked?.abort();
  asked = new AbortController();
  try {
    const answer = await fetch(`${dialog.dataset.url}?q=${encodeURIComponent(input.value)}`, { signal: asked.signal, headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    hits.innerHTML = await answer.text();
    choose(0);
  } catch (error) {
    if (error.name !== "AbortError") hits.textContent = dialog.dataset.failed;
  }
}

export function open() {
  if (!dialog || dialog.open) return;
  input.value = "";
  dialog.showModal();
  look();
}

input?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(look, WAIT_MS);
});

input?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") choose(chosen + 1);
  else if (event.key === "ArrowUp") choose(chosen - 1);
  else if (event.key === "Enter" && chosen >= 0) window.location.assign(options()[chosen].dataset.href);
  else return;
  event.preventDefault();
});

hits?.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) window.location.assign(option.dataset.href);
});

dialog?.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
document.querySelectorAll("[data-opens-palette]").forEach((button) => button.addEventListener("click", open));
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open();
  }
});
