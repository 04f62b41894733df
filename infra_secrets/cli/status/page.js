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
  const filtered = document.getElementById("filtered");
  const orders = document.getElementById("order");

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
    filtered.hidden = shown === rows.length;
    filtered.textContent = `Only ${shown} of ${rows.length} containers are listed here, by a filter: ${[
      ...(words.length ? [`with “${words.join(" ")}”`] : []),
      ...(wanted ? [state.selectedOptions[0].textContent] : []),
    ].join(", ")}.`;
  };

  const order = (one, other) => {
    const [a, b] = [Number(one), Number(other)];
    if (one !== "" && other !== "" && !Number.isNaN(a) && !Number.isNaN(b)) return a - b;
    if ((one === "") !== (other === "")) return one === "" ? 1 : -1;
    return one < other ? -1 : one > other ? 1 : 0;
  };
  const sort = (column, down) => {
    const heading = table.tHead.rows[0].cells[column];
    for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.sort((one, other) => order(one.keys[column], other.keys[column]) * (down ? -1 : 1));
    body.append(...rows.map((each) => each.row));
    orders.value = String(column);
  };

  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(column, heading.getAttribute("aria-sort") === "ascending"));
    heading.append(button);
  });
  orders.addEventListener("change", () => sort(Number(orders.value), false));
  text.addEventListener("input", filter);
  state.addEventListener("change", filter);
  document.getElementById("controls").hidden = false;
  filter();
})();
