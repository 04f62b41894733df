"use strict";
(() => {
  const table = document.getElementById("list");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
    state: row.className,
    urgent: row.hasAttribute("data-urgent"),
    keys: [...row.cells].map((cell) => cell.getAttribute("data-key") ?? cell.textContent.toLowerCase()),
  }));
  const text = document.getElementById("text");
  const state = document.getElementById("state");
  const said = document.getElementById("said");

  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = state.value;
    let shown = 0;
    for (const each of rows) {
      const right = wanted === "" || (wanted === "urgent" ? each.urgent : each.state === wanted);
      each.row.hidden = !(right && words.every((word) => each.text.includes(word)));
      shown += each.row.hidden ? 0 : 1;
    }
    said.textContent = `${shown} of ${rows.length} shown`;
  };

  const order = (one, other) => {
    const [a, b] = [Number(one), Number(other)];
    if (one !== "" && other !== "" && !Number.isNaN(a) && !Number.isNaN(b)) return a - b;
    if ((one === "") !== (other === "")) return one === "" ? 1 : -1;
    return one < other ? -1 : one > other ? 1 : 0;
  };
  const sort = (heading, column) => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.sort((one, other) => order(one.keys[column], other.keys[column]) * (down ? -1 : 1));
    body.append(...rows.map((each) => each.row));
  };

  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading, column));
    heading.append(button);
  });
  text.addEventListener("input", filter);
  state.addEventListener("change", filter);
  document.getElementById("controls").hidden = false;
  filter();
})();
