"use strict";
// Frames as cards, a page at a time.
(function () {
  const P = window.poseval;
  const PAGE = 48;

  const many = (count, noun, plural) => `${count.toLocaleString("en")} ${count === 1 ? noun : plural || noun + "s"}`;

  // What is wrong in a frame, in words.
  P.words = function (at, system) {
    const { joints, miss, alone, events } = P.counts(at, system);
    const parts = [];
    if (joints) parts.push(many(joints, "wrong joint"));
    if (miss) parts.push(many(miss, "miss", "misses"));
    if (alone) parts.push(many(alone, "false positive"));
    if (events) parts.push(many(events, "broken track"));
    return parts.join(", ") || "no errors";
  };

  P.options = (at, system, large) => ({
    system,
    all: P.state.all === "1" || P.state.kind === "f",
    score: P.score(),
    truth: P.state.truth !== "0",
    image: P.image_of(at, large),
  });

  function card(at) {
    const system = P.systems(P.state)[0];
    const key = P.data.key[at];
    const svg = P.svg("svg", { class: "drawing", "aria-hidden": "true" });
    const lines = P.systems(P.state).map((one) => {
      const label = P.letter(one) && `${P.letter(one)}: `;
      return P.element("small", {}, label + P.words(at, one));
    });
    const made = P.element("button", { type: "button", className: "card" }, svg, P.element("b", {}, P.name(at)), ...lines);
    made.addEventListener("click", () => P.change({ frame: key }));
    P.load(at).then((frame) => {
      P.box(svg, frame.win);
      P.draw(svg, frame, P.data, P.options(at, system, false));
    }, (error) => made.append(P.element("small", { className: "bad" }, error.message)));
    return P.element("li", {}, made);
  }

  P.show_cards = function (list, pages, count, drawn) {
    const found = P.find(P.state);
    P.found = found;
    const last = Math.max(1, Math.ceil(found.length / PAGE));
    const page = Math.min(last, Math.max(1, Number(P.state.page) || 1));
    const total = P.data.key.length;
    count.textContent = found.length === total ? many(total, "frame") : `${found.length.toLocaleString("en")} of ${many(total, "frame")}`;
    drawn.textContent = P.data.systems.length > 1 ? `pictures show ${P.letter(P.systems(P.state)[0])}` : "";
    list.replaceChildren(...found.slice((page - 1) * PAGE, page * PAGE).map(card));
    if (!found.length) list.append(P.element("li", { className: "soft" }, "No frame has all of this. Reset the filters to see every frame."));
    const step = (text, to) => {
      const made = P.element("button", { type: "button", disabled: to < 1 || to > last }, text);
      made.dataset.key = text;
      made.addEventListener("click", () => {
        P.change({ page: String(to) });
        list.scrollIntoView({ block: "start" });
      });
      return made;
    };
    pages.hidden = last === 1;
    P.renew(pages, step("Previous", page - 1), P.element("span", {}, `page ${page} of ${last}`), step("Next", page + 1));
  };
})();
