"use strict";
// The panels above the frames: errors by kind and joint, and the time line of a sequence.
(function () {
  const P = window.poseval;

  P.element = function (name, properties, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties || {})) {
      if (key in made) made[key] = value;
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  };

  const number = (value) => value.toLocaleString("en");

  // --- errors by kind and joint: each is a button that shows its frames ---

  function toggle(changes) {
    const on = Object.entries(changes).every(([key, value]) => P.state[key] === value);
    P.change(on ? Object.fromEntries(Object.keys(changes).map((key) => [key, ""])) : changes);
  }

  function kindButton(kind, label, counts) {
    const pressed = P.state.kind === kind;
    const swatch = P.element("i", { className: "swatch k" + kind, ariaHidden: "true" });
    const text = counts.map(number).join(" / ");
    const made = P.element("button", { type: "button", className: "kind" }, swatch, label + " ", P.element("b", {}, text));
    made.setAttribute("aria-pressed", String(pressed));
    made.addEventListener("click", () => toggle({ kind }));
    return made;
  }

  function bar(joint, counts, name) {
    const total = counts.reduce((sum, count) => sum + count, 0) - counts[0];
    const made = P.element("div", { className: "bar" });
    for (const kind of Object.keys(P.joint_kinds)) {
      const count = counts[kind];
      if (!count) continue;
      const part = P.element("button", { type: "button", className: "part k" + kind });
      part.style.width = (100 * count) / total + "%";
      part.title = `${name}: ${number(count)} of ${number(total)} (${P.joint_kinds[kind]})`;
      part.setAttribute("aria-label", part.title);
      const pressed = P.state.kind === kind && P.state.joint === String(joint);
      part.setAttribute("aria-pressed", String(pressed));
      part.addEventListener("click", () => toggle({ kind, joint: String(joint) }));
      made.append(part);
    }
    return made;
  }

  P.show_errors = function (panel) {
    const systems = P.systems(P.state);
    const tallies = systems.map((system) => P.tally(P.state, system));
    const kinds = P.element("div", { className: "kinds" });
    for (const [kind, label] of Object.entries(P.joint_kinds)) {
      kinds.append(kindButton(kind, label, tallies.map((one) => one.joints.reduce((sum, row) => sum + row[kind], 0))));
    }
    for (const [kind, label] of Object.entries(P.frame_kinds)) {
      if (!P.data.tracked && (kind === "s" || kind === "g")) continue;
      kinds.append(kindButton(kind, label, tallies.map((one) => one.frames[kind])));
    }
    const bars = P.element("div", { className: "bars" });
    P.data.joints.forEach((name, joint) => {
      const label = P.element("button", { type: "button", className: "joint", title: name }, name);
      label.setAttribute("aria-pressed", String(P.state.joint === String(joint)));
      label.addEventListener("click", () => toggle({ joint: String(joint) }));
      const rows = tallies.map((one) => bar(joint, one.joints[joint], name));
      const share = tallies.map((one) => {
        const [, good, ...bad] = one.joints[joint];
        const wrong = bad.reduce((sum, count) => sum + count, 0);
        return good + wrong ? Math.round((100 * wrong) / (good + wrong)) + "%" : "–";
      });
      bars.append(label, P.element("div", { className: "both" }, ...rows), P.element("span", { className: "share" }, share.join(" / ")));
    });
    panel.replaceChildren(kinds, bars);
  };

  // --- the time line: a lane for each true track, coloured by the predicted identity ---

  const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a400", "#7a5195"];
  const LANE = 14; // pixels
  const LEFT = 56; // pixels for the names of tracks

  function lanes(rows, system) {
    const found = new Map(); // track -> [[place in the sequence, identity]]
    rows.forEach((at, place) => {
      for (const [track, identity] of P.data.systems[system].identities[at]) {
        if (!found.has(track)) found.set(track, []);
        found.get(track).push([place, identity]);
      }
    });
    return [...found].sort((a, b) => a[0] - b[0]);
  }

  function timeline(rows, system, step) {
    const tracks = lanes(rows, system);
    const events = P.data.systems[system].list.filter(([at]) => rows.includes(at));
    const height = tracks.length * LANE + 2;
    const svg = P.svg("svg", { class: "timeline", width: LEFT + rows.length * step, height, role: "img" });
    svg.append(P.svg("title", {}, `${P.data.systems[system].name}: identities of ${tracks.length} people in ${rows.length} frames`));
    tracks.forEach(([track, cells], lane) => {
      svg.append(P.svg("text", { x: 0, y: (lane + 1) * LANE - 4 }, track));
      for (const [place, identity] of cells) {
        const cell = { x: LEFT + place * step, y: lane * LANE + 1, width: step - (step > 3 ? 1 : 0), height: LANE - 3 };
        const kind = identity === -2 ? "none" : "";
        const made = P.svg("rect", { ...cell, class: "cell " + kind, fill: COLOURS[Math.abs(identity) % COLOURS.length] });
        made.append(P.svg("title", {}, `frame ${P.data.key[rows[place]]}, person ${track}: ${identity === -2 ? "miss" : "identity " + identity}`));
        svg.append(made);
      }
    });
    const order = new Map(tracks.map(([track], lane) => [track, lane]));
    for (const [at, kind, person] of events) {
      const [x, y] = [LEFT + rows.indexOf(at) * step, (order.get(person) || 0) * LANE];
      svg.append(P.svg("path", { class: "event " + kind, d: `M${x} ${y}v${LANE}` }));
    }
    svg.addEventListener("click", (event) => {
      const place = Math.floor((event.clientX - svg.getBoundingClientRect().left - LEFT) / step);
      if (rows[place] !== undefined) P.change({ frame: P.data.key[rows[place]] });
    });
    return svg;
  }

  P.show_timeline = function (panel) {
    const rows = P.sequence_rows(P.state);
    panel.hidden = !P.data.tracked;
    if (!P.data.tracked) return;
    const inside = panel.querySelector(".inside");
    if (!rows.length) {
      inside.replaceChildren(P.element("p", { className: "soft" }, "Choose a sequence to see its time line."));
      return;
    }
    const step = Math.max(3, Math.min(18, Math.floor(900 / rows.length)));
    const parts = [];
    for (const system of P.systems(P.state)) {
      parts.push(P.element("h3", {}, P.data.systems[system].name));
      parts.push(P.element("div", { className: "scroll", tabIndex: 0 }, timeline(rows, system, step)));
      const list = P.element("ul", { className: "events" });
      for (const [at, kind, person, before, after] of P.data.systems[system].list.filter(([one]) => rows.includes(one)).slice(0, 200)) {
        const text = `frame ${P.data.key[at]}: ${P.frame_kinds[kind]} on person ${person}, identity ${before} to ${after}`;
        const button = P.element("button", { type: "button" }, text);
        button.addEventListener("click", () => P.change({ frame: P.data.key[at] }));
        list.append(P.element("li", {}, button));
      }
      parts.push(list);
    }
    inside.replaceChildren(...parts);
  };

  // Rows of the frames of the chosen sequence, in time.
  P.sequence_rows = function (state) {
    if (state.seq === "") return [];
    const rows = P.data.key.map((_, at) => at).filter((at) => P.data.sequence[at] === Number(state.seq));
    return rows.sort((a, b) => P.data.number[a] - P.data.number[b]);
  };
})();
