// The menu at the side on narrow screens, and menus that open from a button.
const side = document.getElementById("side");
const opener = document.querySelector("[data-opens-side]");
let veil = null;

function showSide(isOpen) {
  side.classList.toggle("is-open", isOpen);
  opener.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) {
    veil = document.createElement("div");
    veil.className = "veil";
    veil.addEventListener("click", () => showSide(false));
    document.body.append(veil);
    side.querySelector("a, button").focus();
  } else {
    veil?.remove();
    veil = null;
    opener.focus();
  }
}

opener?.addEventListener("click", () => showSide(!side.classList.contains("is-open")));

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (side?.classList.contains("is-open")) {
    showSide(false);
  }
});
