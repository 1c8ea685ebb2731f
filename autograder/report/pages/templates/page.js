"use strict";
/* Sorting, searching and choosing a section. Without this the page is whole, but for those. */
for (const table of document.querySelectorAll("table[data-sort]")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!head.textContent.trim() || head.dataset.still !== undefined) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => {
        const cell = row.cells[column];
        return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
      };
      const order = (a, b) => {
        const x = value(a), y = value(b);
        if (typeof x === "number" && typeof y === "number") return x - y;
        return String(x).localeCompare(String(y), undefined, { numeric: true });
      };
      const rows = [...body.rows].sort(order);
      if (down) rows.reverse();
      body.append(...rows);
    });
  });
}
for (const form of document.querySelectorAll("form.filter")) {
  const rows = [...document.getElementById(form.dataset.table).tBodies[0].rows];
  const search = form.querySelector("input");
  const section = form.querySelector("select");
  const said = form.querySelector("output");
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const texts = rows.map((row) => fold(row.textContent));
  const apply = () => {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    const wanted = section ? section.value : "";
    let shown = 0;
    rows.forEach((row, k) => {
      row.hidden = !words.every((word) => texts[k].includes(word)) || (wanted !== "" && row.dataset.section !== wanted);
      if (!row.hidden) shown += 1;
    });
    said.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
}
