// Keys. An element with data-key="n" (or "g d" for two in a row) is clicked, a field is focused. "?" lists them all.
// In a table body with data-rows, j and k go from row to row, Enter opens the row's first link.
import { open as openPalette } from "./palette.js";

const help = document.getElementById("keys");
const SEQUENCE_MS = 1200;
let before = "";
let beforeAt = 0;

const isTyping = (element) => element.matches?.("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable=true]");
const isShown = (element) => element.checkVisibility?.({ visibilityProperty: true }) ?? element.offsetParent !== null;
const scope = () => document.querySelector("dialog[open]") ?? document;
const holders = () => [...scope().querySelectorAll("[data-key]")].filter((one) => !one.disabled);

function showHelp() {
  const list = help.querySelector("dl");
  const rows = new Map();
  for (const row of list.querySelectorAll("[data-found]")) row.remove();
  for (const holder of holders()) {
    const name = holder.dataset.keyLabel || holder.getAttribute("aria-label") || holder.textContent.replace(/\s+/g, " ").trim();
    if (name && !rows.has(holder.dataset.key)) rows.set(holder.dataset.key, name);
  }
  if (document.querySelector("[data-rows]")) rows.set("j k", list.dataset.rows);
  for (const [keys, name] of rows) {
    const term = document.createElement("dt");
    const key = document.createElement("dd");
    term.textContent = name;
    for (const one of keys.split(" ")) {
      const mark = document.createElement("kbd");
      mark.textContent = one;
      key.append(mark, " ");
    }
    for (const part of [term, key]) { part.dataset.found = ""; list.append(part); }
  }
  help.showModal();
}

function step(by) {
  const rows = [...document.querySelectorAll("[data-rows] > tr, [data-rows] > li")].filter((row) => row.querySelector("a, button"));
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  next.querySelector("a, button").focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function press(holder) {
  if (isTyping(holder)) { holder.focus(); holder.select?.(); } else { holder.click(); }
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) event.target.blur();
    return;
  }
  const now = performance.now();
  const pair = now - beforeAt < SEQUENCE_MS ? `${before} ${event.key}` : "";
  before = event.key;
  beforeAt = now;
  const all = holders();
  const hit = (pair && all.find((one) => one.dataset.key === pair)) || all.find((one) => one.dataset.key === event.key && isShown(one));
  if (hit) {
    event.preventDefault();
    press(hit);
  } else if (document.querySelector("dialog[open]")) {
    return;
  } else if (event.key === "?") {
    event.preventDefault();
    showHelp();
  } else if (event.key === "/") {
    event.preventDefault();
    openPalette();
  } else if ((event.key === "j" && step(1)) || (event.key === "k" && step(-1))) {
    event.preventDefault();
  }
});

document.querySelectorAll("[data-opens-keys]").forEach((button) => button.addEventListener("click", showHelp));
for (const dialog of document.querySelectorAll("dialog.dialog")) {
  dialog.querySelectorAll("[data-closes]").forEach((button) => button.addEventListener("click", () => dialog.close()));
}
