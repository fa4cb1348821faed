"use strict";
// Joins the controls, the panels and the state.
(function () {
  const P = window.poseval;
  const find = (selector) => document.querySelector(selector);
  const form = find("form.filters");

  function option(value, text) {
    return P.element("option", { value }, text);
  }

  function fill(name, options) {
    form.elements[name].append(...options);
    form.elements[name].closest("label").hidden = options.length < 1;
  }

  function controls() {
    const { data } = P;
    const named = (entries) => entries.map(([value, text]) => option(value, text));
    fill("kind", named([...Object.entries(P.joint_kinds), ...Object.entries(P.frame_kinds)].filter(([kind]) => data.tracked || !"sg".includes(kind))));
    fill("joint", data.joints.map((name, at) => option(String(at), name)));
    fill("seq", data.sequences.length > 1 || data.tracked ? data.sequences.map((name, at) => option(String(at), name || "all")) : []);
    fill("slice", [
      ...data.slice_names.map((name, at) => option("f" + at, name)),
      ...data.people_names.map((name, at) => option("p" + at, name)),
    ]);
    fill("sys", data.systems.length > 1 ? data.systems.map((system, at) => option(String(at), system.name)) : []);
    [form.elements.score.min, form.elements.score.max] = data.scores;
    if (data.systems.length > 1) form.elements.sort.append(option("change", "got worse most"));
    form.addEventListener("input", (event) => {
      if (event.target.name) P.change({ [event.target.name]: event.target.value });
    });
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      P.change({ ...P.defaults });
    });
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  P.refresh = function () {
    for (const control of form.elements) {
      if (!control.name) continue;
      const value = control.name === "score" && P.state.score === "" ? control.min : P.state[control.name];
      if (control.value !== value) control.value = value;
    }
    find("#least").textContent = P.state.score === "" ? "any" : Number(P.state.score).toFixed(2);
    const filters = JSON.stringify({ ...P.state, frame: "" });
    if (filters !== P.shown) {
      P.shown = filters;
      P.show_errors(find("#errors"));
      P.show_timeline(find("#time"));
      P.show_cards(find("#frames"), find("#pages"), find("#count"), find("#drawn"));
    }
    show();
  };

  // On a narrow screen the frames come first.
  if (window.matchMedia("(max-width: 52rem)").matches) document.querySelectorAll("details").forEach((one) => (one.open = false));
  controls();
  P.state = P.from_hash(location.hash);
  const show = P.detail(find("dialog"));
  window.addEventListener("hashchange", () => {
    if (location.hash === P.to_hash(P.state)) return;
    P.state = P.from_hash(location.hash);
    P.refresh();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || find("dialog").open || /INPUT|SELECT/.test(event.target.tagName)) return;
    event.preventDefault();
    form.elements.name.focus();
  });
  // There are many bars before the first frame, for those who go by the tabulator.
  find("#skip").addEventListener("click", () => find(".card")?.focus());
  P.refresh();
})();
