// Rows chosen with check boxes, and the bar that does something to them: <form data-picks>.
for (const form of document.querySelectorAll("[data-picks]")) {
  const all = form.querySelector("[data-pick-all]");
  const bar = form.querySelector("[data-picked]");
  const rows = () => [...form.querySelectorAll("[data-pick]")];
  const show = () => {
    const count = rows().filter((box) => box.checked).length;
    if (bar) {
      bar.hidden = count === 0;
      bar.querySelector("[data-picked-count]").textContent = count;
      for (const button of bar.querySelectorAll("[data-picked-exactly]")) {
        button.hidden = count !== Number(button.dataset.pickedExactly);
      }
    }
    if (all) {
      all.checked = count > 0 && count === rows().length;
      all.indeterminate = count > 0 && count < rows().length;
    }
  };
  form.addEventListener("change", (event) => {
    if (event.target === all) for (const box of rows()) box.checked = all.checked;
    show();
  });
  show();
}
