// Fields that name other records: type to search, arrows and Enter to choose, Backspace to take the last one away.
// Without this module the field takes ids and numbers like A-12.
let count = 0;

for (const box of document.querySelectorAll("[data-reference]")) {
  const value = box.querySelector("[data-value]");
  const chosen = box.querySelector("[data-chosen]");
  const isMany = "many" in box.dataset;
  const input = value.cloneNode();
  const list = document.createElement("ul");
  let hits = [];
  let at = -1;
  let asked = 0;
  let timer = 0;

  input.removeAttribute("name");
  input.removeAttribute("data-value");
  input.value = "";
  value.type = "hidden";
  value.removeAttribute("id");
  list.id = `choices-${++count}`;
  list.className = "reference-choices";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", document.querySelector(`label[for="${CSS.escape(input.id)}"]`)?.textContent.trim() ?? "");
  list.hidden = true;
  for (const [name, text] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]]) {
    input.setAttribute(name, text);
  }
  box.append(input, list);

  const ids = () => value.value.split(",").filter(Boolean);
  const set = (next) => {
    value.value = next.join(",");
    value.dispatchEvent(new Event("input", { bubbles: true }));
    input.hidden = !isMany && next.length > 0;
  };
  input.hidden = !isMany && ids().length > 0;

  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const add = (hit) => {
    if (!ids().includes(hit.id)) {
      const chip = document.createElement("span");
      chip.className = "chip";
      chip.dataset.id = hit.id;
      chip.textContent = hit.title;
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "link-button";
      drop.dataset.drop = "";
      drop.setAttribute("aria-label", `${box.dataset.remove} ${hit.title}`);
      drop.textContent = "×";
      chip.append(drop);
      chosen.append(chip);
      set(isMany ? [...ids(), hit.id] : [hit.id]);
    }
    input.value = "";
    close();
    if (!input.hidden) input.focus();
  };
  const point = (next) => {
    const items = [...list.children].filter((item) => item.getAttribute("role") === "option");
    if (!items.length) return;
    at = (next + items.length) % items.length;
    items.forEach((item, place) => item.setAttribute("aria-selected", String(place === at)));
    items[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", items[at].id);
  };
  const show = () => {
    list.replaceChildren(...hits.map((hit, place) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${place}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      const number = document.createElement("span");
      number.className = "small quiet-text";
      number.textContent = ` ${hit.called}`;
      item.append(hit.title, number);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); add(hit); });
      return item;
    }));
    if (!hits.length) {
      const none = document.createElement("li");
      none.className = "quiet-text";
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.textContent = box.dataset.none;
      list.append(none);
    }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const search = async () => {
    const mine = ++asked;
    const answer = await fetch(`${box.dataset.url}?q=${encodeURIComponent(input.value)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok || mine !== asked || document.activeElement !== input) return;
    hits = (await answer.json()).choices;
    at = -1;
    show();
  };

  input.addEventListener("input", (event) => {
    event.stopPropagation();
    asked += 1; // what was asked for before is not wanted any more
    clearTimeout(timer);
    timer = setTimeout(search, 150);
  });
  input.addEventListener("focus", () => { timer = setTimeout(search, 150); });
  input.addEventListener("blur", () => { clearTimeout(timer); close(); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      point(at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && (!list.hidden || input.value)) {
      event.preventDefault(); // the form is not sent while something is being chosen
      const hit = hits[Math.max(at, 0)];
      if (!list.hidden && hit) add(hit);
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
    } else if (event.key === "Backspace" && !input.value && chosen.lastElementChild) {
      chosen.lastElementChild.querySelector("[data-drop]").click();
    }
  });
  box.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-drop]")?.closest("[data-id]");
    if (!chip) return;
    set(ids().filter((id) => id !== chip.dataset.id));
    chip.remove();
    input.hidden = false;
    input.focus();
  });
}
