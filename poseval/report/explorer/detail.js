"use strict";
// One frame, large: zoom, the systems beside each other, its people, and the frames before and after it.
(function () {
  const P = window.poseval;

  P.detail = function (dialog) {
    const [title, stage, table] = ["h2", ".stage", ".people"].map((name) => dialog.querySelector(name));
    const slider = dialog.querySelector("[name=score]");
    const shown = dialog.querySelector("output");
    const boxes = { all: dialog.querySelector("[name=all]"), truth: dialog.querySelector("[name=truth]") };
    let zoom = null;
    let open = ""; // key of the frame that is shown
    let frame = null;

    function neighbour(step) {
      const rows = P.state.seq !== "" && P.state.sort === "name" ? P.sequence_rows(P.state) : P.found;
      const here = rows.indexOf(P.data.row.get(P.state.frame));
      const at = here < 0 ? rows[0] : rows[here + step];
      if (at !== undefined) P.change({ frame: P.data.key[at] });
    }

    const close = () => P.change({ frame: "" });

    function actions(name) {
      return {
        close, next: () => neighbour(1), previous: () => neighbour(-1), in: () => zoom.by(1.4),
        out: () => zoom.by(1 / 1.4), whole: () => zoom.reset(), people: () => frame && zoom.to(frame.win),
      }[name];
    }

    for (const button of dialog.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => actions(button.dataset.do)());
    }
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      close();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.target === slider || !zoom) return;
      if (zoom.key(event)) return;
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) neighbour(step);
      else if (event.key === "g") P.change({ truth: P.state.truth === "0" ? "" : "0" });
      else if (event.key === "a") P.change({ all: P.state.all === "1" ? "" : "1" });
    });
    slider.addEventListener("input", () => P.change({ score: slider.value, all: "1" }));
    boxes.all.addEventListener("change", () => P.change({ all: boxes.all.checked ? "1" : "" }));
    boxes.truth.addEventListener("change", () => P.change({ truth: boxes.truth.checked ? "" : "0" }));

    function panes(at) {
      const systems = P.systems(P.state);
      const drawings = systems.map((system) => {
        const name = P.data.systems[system].name;
        const svg = P.svg("svg", { class: "drawing", role: "img", "aria-label": `${P.name(at)}, ${name}: ${P.words(at, system)}` });
        const head = P.element("figcaption", {}, P.element("b", {}, [P.letter(system), name].filter(Boolean).join(" ")), " " + P.words(at, system));
        stage.append(P.element("figure", {}, head, svg));
        return svg;
      });
      return P.zoom(drawings);
    }

    function draw(at) {
      stage.querySelectorAll("svg").forEach((svg, pane) => {
        P.draw(svg, frame, P.data, P.options(at, P.systems(P.state)[pane], true));
      });
    }

    function bounds(xy) {
      const known = (axis) => xy.filter((value, place) => place % 2 === axis && value !== null);
      const [x, y] = [known(0), known(1)];
      const pad = 15;
      return [Math.min(...x) - pad, Math.min(...y) - pad, Math.max(...x) + pad, Math.max(...y) + pad];
    }

    // The wrong joints of a pair, by kind.
    function errors(found) {
      const parts = [];
      for (const [kind, label] of Object.entries(P.joint_kinds)) {
        const joints = P.data.joints.filter((_, joint) => found.f[joint] === kind);
        if (!joints.length) continue;
        const swatch = P.element("i", { className: "swatch k" + kind, ariaHidden: "true" });
        parts.push(P.element("span", { className: "errors" }, swatch, `${label}: ${joints.join(", ")}`));
      }
      return parts.length ? parts : ["none"];
    }

    function row(found, system) {
      const person = frame.t[found.t];
      const look = P.element("button", { type: "button" }, "look");
      look.addEventListener("click", () => zoom.to(bounds(person.xy.concat(found.xy))));
      look.setAttribute("aria-label", "look at this person");
      const cells = [
        ["system", P.letter(system) + " " + P.data.systems[system].name], ["score", found.s === undefined ? "" : found.s.toFixed(3)],
        ["OKS", found.oks.toFixed(3)], ["", ...errors(found)], ["", look],
      ];
      return P.element("tr", {}, ...cells.map(([label, ...parts]) => {
        const cell = P.element("td", {}, ...parts);
        if (label) cell.dataset.label = label;
        return cell;
      }));
    }

    function people() {
      const rows = [];
      for (const system of P.systems(P.state)) {
        for (const found of frame.p[system]) if (found.t !== undefined) rows.push(row(found, system));
      }
      table.tBodies[0].replaceChildren(...rows);
      table.hidden = !rows.length;
      table.classList.toggle("single", P.data.systems.length === 1);
    }

    // Show what the state says: the frame, or nothing.
    return function () {
      const key = P.state.frame;
      const at = P.data.row.get(key);
      if (at === undefined) {
        open = "";
        if (dialog.open) dialog.close();
        return;
      }
      [slider.min, slider.max] = P.data.scores;
      slider.value = String(P.score());
      shown.textContent = P.score().toFixed(2);
      boxes.all.checked = P.state.all === "1" || P.state.kind === "f";
      boxes.truth.checked = P.state.truth !== "0";
      if (!dialog.open) dialog.showModal();
      const here = key + P.state.sys;
      if (open === here) {
        if (frame) draw(at);
        return;
      }
      open = here;
      frame = null;
      title.textContent = P.name(at);
      stage.replaceChildren();
      zoom = panes(at);
      P.load(at).then((loaded) => {
        if (open !== here) return;
        frame = loaded;
        const image = P.data.image[at];
        zoom.set(image ? [-0.5, -0.5, image[1] - 0.5, image[2] - 0.5] : frame.win);
        draw(at);
        people();
      }, (error) => stage.append(P.element("p", { className: "bad" }, error.message)));
    };
  };
})();
