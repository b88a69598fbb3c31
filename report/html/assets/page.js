// SPDX-License-Identifier: Apache-2.0
// Every table of a page can be sorted and copied as text. Texts of the recording come in and go out
// as text only (textContent): nothing here reads them as markup.
"use strict";
const isolab = (() => {
  const make = (tag, klass, text) => {
    const out = document.createElement(tag);
    if (klass) out.className = klass;
    if (text !== undefined) out.textContent = text;
    return out;
  };
  const button = (text, act, title) => {
    const out = make("button", "", text);
    out.type = "button";
    if (title) out.title = title;
    out.addEventListener("click", act);
    return out;
  };

  // What a cell says first; its second line is an interval.
  const textOf = (cell) => (cell.firstChild && cell.firstChild.nodeType === 3 ? cell.firstChild.data : "").trim();
  const wholeOf = (cell) => {
    const small = cell.querySelector("small");
    return textOf(cell) + (small ? " " + small.textContent : "");
  };

  const SCALE = {k: 1e3, M: 1e6, G: 1e9, T: 1e12};
  const UNIT = {ns: 1e-3, us: 1, ms: 1e3, s: 1e6, min: 6e7, h: 3.6e9};
  // "12.3k", "0 (<0.745)", "58.3 ms", "318*", "-12.7%": the number a cell begins with; NaN: none.
  const numberIn = (text) => {
    const found = /^[<>~]?\s*([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)([kMGT])?(?:\s?(ns|us|ms|s|min|h)\b)?/.exec(text);
    if (!found) return NaN;
    return parseFloat(found[1]) * (SCALE[found[2]] || 1) * (UNIT[found[3]] || 1);
  };
  const inOrder = new Intl.Collator("en", {numeric: true}).compare;

  const sortTable = (table, column, way) => {
    const body = table.tBodies[0], rows = [...body.rows];
    if (way === "none") {
      rows.sort((a, b) => a.dataset.place - b.dataset.place);
    } else {
      const left = table.tHead.rows[0].cells[column].classList.contains("l");
      const sign = way === "ascending" ? 1 : -1;
      const keys = new Map(rows.map((row) => {
        const text = textOf(row.cells[column]);
        return [row, left ? text : numberIn(text)];
      }));
      const absent = (key) => key === "" || key === "-" || Number.isNaN(key);
      rows.sort((a, b) => {
        const x = keys.get(a), y = keys.get(b);
        if (absent(x) || absent(y)) return absent(x) - absent(y);  // last, whichever way
        return sign * (left ? inOrder(x, y) : x - y);
      });
    }
    body.append(...rows);
    for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
    if (way !== "none") table.tHead.rows[0].cells[column].setAttribute("aria-sort", way);
  };

  // Columns of text, as in the text report: the first to the left, numbers to the right.
  const tableText = (table) => {
    const head = table.tHead.rows[0];
    const rows = [[...head.cells].map((cell) => cell.textContent)];
    for (const row of table.tBodies[0].rows) if (!row.hidden) rows.push([...row.cells].map(wholeOf));
    const widths = rows[0].map((_, at) => Math.max(...rows.map((row) => (row[at] || "").length)));
    return rows.map((row) => row.map((text, at) => head.cells[at].classList.contains("l")
      ? text.padEnd(widths[at]) : text.padStart(widths[at])).join("  ").trimEnd()).join("\n") + "\n";
  };

  const copyText = async (text, from) => {
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch (refused) {
      const area = make("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
    }
    const label = from.textContent;
    from.textContent = done ? "copied" : "the browser refuses to copy";
    setTimeout(() => { from.textContent = label; }, 1500);
  };

  const NEXT = {none: "descending", descending: "ascending", ascending: "none"};
  const prepare = (table) => {
    [...table.tBodies[0].rows].forEach((row, place) => { row.dataset.place = place; });
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      cell.tabIndex = 0;
      cell.title = "sort by this column";
      const sort = () => sortTable(table, column, NEXT[cell.getAttribute("aria-sort") || "none"]);
      cell.addEventListener("click", sort);
      cell.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        sort();
      });
    });
    const bar = make("div", "tools");
    const copy = button("copy as text", () => copyText(tableText(table), copy), "the rows that are shown, as aligned text");
    bar.append(copy, make("span", "shown"));
    table.parentElement.before(bar);
  };

  const tables = [...document.querySelectorAll("table.data")];
  tables.forEach(prepare);
  document.body.classList.add("scripted");

  // Shows the rows for which `keep` holds and says how many they are.
  const filterTable = (table, keep) => {
    let shown = 0;
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) {
      row.hidden = !keep(row);
      shown += !row.hidden;
    }
    table.parentElement.previousElementSibling.querySelector(".shown").textContent =
      shown === rows.length ? "" : `${shown} of ${rows.length} rows`;
  };

  return {make, button, textOf, tables, filterTable, tableText, copyText, sortTable, numberIn};
})();
