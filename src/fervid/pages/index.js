"use strict";
(() => {
const $ = (id) => document.getElementById(id), list = $("inputs"), items = [...list.children];
const dark = matchMedia("(prefers-color-scheme: dark)"), rects = document.querySelectorAll("rect[data-dark]");
function colours() {  // light ones are in the page
  for (const rect of rects) { rect.dataset.light ||= rect.getAttribute("fill"); rect.setAttribute("fill", dark.matches ? rect.dataset.dark : rect.dataset.light); }
}
if (dark.matches) colours();
dark.addEventListener("change", colours);
function filter() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean); let shown = 0;
  for (const item of items) { item.hidden = !words.every((word) => item.dataset.find.includes(word)); shown += !item.hidden; }
  $("count").textContent = words.length ? shown + " of " + items.length : ""; $("none").hidden = shown > 0 || !items.length;
}
function order() {
  const by = $("order").value, value = (item) => by.startsWith("share ") ? JSON.parse(item.dataset.shares)[by.slice(6)] || 0 : Number(item.dataset[by]);
  const key = new Map(items.map((item, n) => [item, by === "name" ? item.dataset.name : by ? -value(item) : n]));
  const compare = (a, b) => by === "name" ? key.get(a).localeCompare(key.get(b), undefined, { numeric: true }) : key.get(a) - key.get(b);
  list.replaceChildren(...items.slice().sort(compare));
}
$("filter").addEventListener("input", filter); $("order").addEventListener("change", order);
filter(); order();
document.addEventListener("keydown", (event) => { if (event.key === "/" && !event.target.closest("input, select")) { event.preventDefault(); $("filter").focus(); } });
requestAnimationFrame(() => requestAnimationFrame(() => { performance.mark("fervid drawn"); document.body.dataset.ready = "true"; }));
})();
