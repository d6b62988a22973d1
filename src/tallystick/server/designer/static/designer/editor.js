// The numbers beside the lines of a document, the way to a line that is wrong, and Tab as two spaces after a key.
const area = document.querySelector("[data-editor]");
const lines = document.querySelector(".editor-lines");

function wrongLines() {
  return new Set([...document.querySelectorAll("#faults [data-line]")].map((one) => Number(one.dataset.line)));
}

function number() {
  const wrong = wrongLines();
  const count = area.value.split("\n").length;
  const rows = [];
  for (let line = 1; line <= count; line += 1) {
    const row = document.createElement("div");
    row.textContent = line;
    if (wrong.has(line)) row.className = "is-wrong";
    rows.push(row);
  }
  lines.replaceChildren(...rows);
  lines.style.setProperty("height", `${area.clientHeight}px`);
  lines.scrollTop = area.scrollTop;
}

function goTo(line) {
  const rows = area.value.split("\n");
  const begin = rows.slice(0, line - 1).reduce((sum, row) => sum + row.length + 1, 0);
  area.focus();
  area.setSelectionRange(begin, begin + (rows[line - 1] ?? "").length);
  const height = parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max(0, (line - 6) * height);
}

area.addEventListener("input", number);
area.addEventListener("scroll", () => { lines.scrollTop = area.scrollTop; });
new ResizeObserver(number).observe(area);
document.addEventListener("htmx:afterSwap", number);
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-line]");
  if (button) goTo(Number(button.dataset.line));
});
number();
