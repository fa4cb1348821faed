"use strict";
// The report: tables that sort, and the worst frames, which are drawn, filtered and enlarged.
(function () {
  const P = window.poseval;

  // By the cells' data-sort numbers where they have them, else by text.
  for (const table of document.querySelectorAll("table.sortable")) {
    table.querySelectorAll("th button").forEach((button, column) => {
      button.addEventListener("click", () => {
        const head = button.closest("th"), body = table.tBodies[0];
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
        const compare = (a, b) => {
          const x = key(a), y = key(b), n = Number(x) - Number(y);
          return (Number.isNaN(n) ? x.localeCompare(y) : n) * (up ? 1 : -1);
        };
        body.append(...[...body.rows].sort(compare));
      });
    });
  }

  const data = JSON.parse(document.querySelector("#frame-data").textContent);
  const section = document.querySelector("#frames");
  if (!data.frames.length) return;
  section.hidden = false;
  const list = section.querySelector(".frames");
  const dialog = document.querySelector("dialog");
  const large = dialog.querySelector("svg");
  const zoom = P.zoom([large]);
  const controls = section.querySelector("form").elements;
  const drawings = [];
  let open = null;

  function draw(svg, frame) {
    const options = { system: 0, all: controls.all.checked, score: Number(controls.score.value), truth: controls.truth.checked };
    P.draw(svg, frame, data, { ...options, image: frame.image });
  }

  function refresh() {
    section.querySelector("output").textContent = Number(controls.score.value).toFixed(2);
    drawings.forEach((svg, at) => draw(svg, data.frames[at]));
    if (open !== null) draw(large, data.frames[open]);
  }

  function show(at) {
    open = (at + data.frames.length) % data.frames.length;
    const frame = data.frames[open];
    dialog.querySelector("h2").textContent = frame.name + ": " + frame.text;
    zoom.set(frame.win);
    draw(large, frame);
    if (!dialog.open) dialog.showModal();
  }

  data.frames.forEach((frame, at) => {
    const svg = P.svg("svg", { class: "drawing", role: "img", "aria-label": frame.name + ": " + frame.text });
    P.box(svg, frame.win);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "card";
    const name = document.createElement("b");
    name.textContent = frame.name;
    const text = document.createElement("small");
    text.textContent = frame.text;
    button.append(svg, name, text);
    button.addEventListener("click", () => show(at));
    const item = document.createElement("li");
    item.append(button);
    list.append(item);
    drawings.push(svg);
  });

  const scores = [0, 1, data.threshold, ...data.frames.flatMap((frame) => frame.p[0].map((one) => one.s || 0))];
  const [lowest, highest] = [Math.min(...scores), Math.max(...scores)];
  controls.score.min = lowest;
  controls.score.max = highest;
  controls.score.step = (highest - lowest) / 100;
  controls.score.value = data.threshold;
  section.querySelector("form").addEventListener("input", refresh);
  section.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  const does = { close: () => dialog.close(), next: () => show(open + 1), previous: () => show(open - 1), in: () => zoom.by(1.4), out: () => zoom.by(1 / 1.4), whole: zoom.reset };
  for (const button of dialog.querySelectorAll("[data-do]")) button.addEventListener("click", does[button.dataset.do]);
  dialog.addEventListener("close", () => (open = null));
  dialog.addEventListener("keydown", (event) => {
    if (zoom.key(event)) return;
    if (event.key === "ArrowRight") show(open + 1);
    if (event.key === "ArrowLeft") show(open - 1);
  });
  refresh();
})();
