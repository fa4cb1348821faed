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

  // What each system is called beside its bars and counts; nothing where there is only one.
  P.letter = (system) => (P.data.systems.length > 1 ? String.fromCharCode(65 + system) : "");

  const tag = (system) => P.element("i", { className: "letter", title: P.data.systems[system].name }, P.letter(system));

  // Put new content into a place; the button that had the focus has it again.
  P.renew = function (place, ...content) {
    const active = document.activeElement;
    const key = place.contains(active) ? active.dataset.key : undefined;
    place.replaceChildren(...content);
    if (key !== undefined) place.querySelector(`[data-key="${key}"]`)?.focus({ preventScroll: true });
  };

  // --- errors by kind and joint: each is a button that shows its frames ---

  function toggle(changes) {
    const on = Object.entries(changes).every(([key, value]) => P.state[key] === value);
    P.change(on ? Object.fromEntries(Object.keys(changes).map((key) => [key, ""])) : changes);
  }

  function kindButton(kind, label, systems, counts) {
    const pressed = P.state.kind === kind;
    const swatch = P.element("i", { className: "swatch k" + kind, ariaHidden: "true" });
    const text = counts.flatMap((count, at) => [" ", ...(P.letter(systems[at]) ? [tag(systems[at]), " "] : []), P.element("b", {}, number(count))]);
    const made = P.element("button", { type: "button", className: "kind" }, swatch, label, ...text);
    made.dataset.key = kind;
    made.setAttribute("aria-pressed", String(pressed));
    made.addEventListener("click", () => toggle({ kind }));
    return made;
  }

  // A bar of one system and joint: its letter, a part for each kind of error, and their percentage.
  function bar(joint, counts, name, system) {
    const total = counts.reduce((sum, count) => sum + count, 0) - counts[0];
    const made = P.element("div", { className: "bar" });
    const of = P.letter(system) ? ", " + P.data.systems[system].name : "";
    for (const kind of Object.keys(P.joint_kinds)) {
      const count = counts[kind];
      if (!count) continue;
      const part = P.element("button", { type: "button", className: "part k" + kind });
      part.style.width = (100 * count) / total + "%";
      part.title = `${name}${of}: ${number(count)} of ${number(total)} (${P.joint_kinds[kind]})`;
      part.dataset.key = `${system}-${joint}-${kind}`;
      part.setAttribute("aria-label", part.title);
      const pressed = P.state.kind === kind && P.state.joint === String(joint);
      part.setAttribute("aria-pressed", String(pressed));
      part.addEventListener("click", () => toggle({ kind, joint: String(joint) }));
      made.append(part);
    }
    const wrong = total && total - counts[1];
    const share = P.element("span", { className: "share" }, total ? Math.round((100 * wrong) / total) + "%" : "–");
    return P.letter(system) ? [tag(system), made, share] : [made, share];
  }

  // Which letter is which system, above the bars.
  function legend(systems) {
    const names = systems.map((system) => P.element("span", {}, tag(system), " " + P.data.systems[system].name));
    return P.element("p", { className: "systems" }, ...names, P.element("span", { className: "soft" }, "percentages: wrong joints of the labelled ones of matched people"));
  }

  P.show_errors = function (panel) {
    const systems = P.systems(P.state);
    const tallies = systems.map((system) => P.tally(P.state, system));
    const kinds = P.element("div", { className: "kinds" });
    for (const [kind, label] of Object.entries(P.joint_kinds)) {
      kinds.append(kindButton(kind, label, systems, tallies.map((one) => one.joints.reduce((sum, row) => sum + row[kind], 0))));
    }
    for (const [kind, label] of Object.entries(P.frame_kinds)) {
      if (!P.data.tracked && (kind === "s" || kind === "g")) continue;
      kinds.append(kindButton(kind, label, systems, tallies.map((one) => one.frames[kind])));
    }
    const bars = P.element("div", { className: "bars" });
    P.data.joints.forEach((name, joint) => {
      const label = P.element("button", { type: "button", className: "joint", title: name }, name);
      label.setAttribute("aria-pressed", String(P.state.joint === String(joint)));
      label.addEventListener("click", () => toggle({ joint: String(joint) }));
      label.dataset.key = "j" + joint;
      const rows = tallies.flatMap((one, at) => bar(joint, one.joints[joint], name, systems[at]));
      const kind = P.data.systems.length > 1 ? "both lettered" : "both";
      bars.append(label, P.element("div", { className: kind }, ...rows));
    });
    P.renew(panel, ...(P.data.systems.length > 1 ? [legend(systems)] : []), kinds, bars);
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
        made.append(P.svg("title", {}, `frame ${P.name(rows[place])}, person ${track}: ${identity === -2 ? "miss" : "identity " + identity}`));
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
      parts.push(P.element("h3", {}, [P.letter(system), P.data.systems[system].name].filter(Boolean).join(" ")));
      parts.push(P.element("div", { className: "scroll", tabIndex: 0 }, timeline(rows, system, step)));
      const list = P.element("ul", { className: "events" });
      for (const [at, kind, person, before, after] of P.data.systems[system].list.filter(([one]) => rows.includes(one)).slice(0, 200)) {
        const text = `frame ${P.name(at)}: ${P.frame_kinds[kind]} on person ${person}, identity ${before} to ${after}`;
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
