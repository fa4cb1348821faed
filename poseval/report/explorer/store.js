"use strict";
// The index, the chunks of frames, and the state that the address holds.
(function () {
  const P = (window.poseval = window.poseval || {});
  const DEFAULT = {
    name: "", seq: "", slice: "", kind: "", joint: "", sys: "", score: "", sort: "worst", page: "1",
    frame: "", all: "", truth: "",
  };

  P.joint_kinds = { 2: "jitter", 3: "inversion", 4: "swap", 5: "missed joint" };
  P.frame_kinds = { m: "miss", f: "false positive", s: "identity switch", g: "fragment" };
  P.state = { ...DEFAULT };
  P.defaults = DEFAULT;

  // --- data: index.js and the chunks call these ---

  P.set_index = function (value) {
    P.data = value;
    P.data.row = new Map(value.key.map((key, at) => [key, at]));
  };

  const chunks = new Map(); // number -> {promise, done}, the last used ones last
  P.most_chunks = 100; // that are kept: a page of cards needs 48 at most

  P.set_chunk = (number, frames) => chunks.get(number)?.done(frames);

  // The frame in row `at`, when its chunk has been loaded.
  P.load = function (at) {
    const number = Math.floor(at / P.data.chunk);
    const entry = chunks.get(number) || {};
    chunks.delete(number);
    chunks.set(number, entry);
    if (!entry.promise) {
      entry.promise = new Promise((done, failed) => {
        entry.done = done;
        const script = document.createElement("script");
        script.src = "data/frames-" + String(number).padStart(5, "0") + ".js";
        script.addEventListener("error", () => failed(new Error(script.src + " cannot be read")));
        script.addEventListener("load", () => script.remove());
        document.head.append(script);
      });
    }
    while (chunks.size > P.most_chunks) chunks.delete(chunks.keys().next().value);
    return entry.promise.then((frames) => frames[at % P.data.chunk]);
  };

  // What a frame is called: its file, or its id where it has none.
  P.name = (at) => (P.data.name ? P.data.name[at] : P.data.key[at]);

  // The image of a frame as `P.draw` takes it; the thumbnail stands in for a file that is gone.
  P.image_of = function (at, large) {
    const image = P.data.image[at];
    if (!image) return null;
    const [thumb, width, height, source] = image;
    const url = "thumbs/" + thumb;
    return { url: large ? source : url, spare: large ? url : null, width, height };
  };

  // --- state ---

  P.to_hash = function (state) {
    const given = Object.entries(state).filter(([key, value]) => value !== DEFAULT[key]);
    return "#" + new URLSearchParams(given).toString();
  };

  P.from_hash = function (hash) {
    const state = { ...DEFAULT };
    for (const [key, value] of new URLSearchParams(hash.replace(/^#/, ""))) if (key in state) state[key] = value;
    return state;
  };

  // Change the state. The address follows, and everything that shows the state is told.
  P.change = function (changes) {
    const filters = Object.keys(changes).some((key) => !["page", "frame", "all", "truth"].includes(key));
    P.state = { ...P.state, ...(filters ? { page: "1" } : {}), ...changes };
    const hash = P.to_hash(P.state);
    if ("frame" in changes) location.hash = hash;
    else location.replace(hash);
    P.refresh();
  };

  // --- which frames ---

  const wrong = (faults) => faults.split("").filter((f) => f > "1").length;

  // How many errors a frame has: a miss counts as all joints of a person.
  P.badness = (at, system) => {
    const { pairs, miss } = P.data.systems[system];
    const joints = pairs[at].reduce((sum, pair) => sum + wrong(pair[2]), 0);
    return joints + P.data.joints.length * miss[at].length;
  };

  P.counts = (at, system) => {
    const { pairs, miss, alone, events } = P.data.systems[system];
    const joints = pairs[at].reduce((sum, pair) => sum + wrong(pair[2]), 0);
    return { joints, miss: miss[at].length, alone: alone[at].filter(P.above).length, events: events[at].length };
  };

  // Whether a score counts; predictions without one do.
  P.above = (score) => score === null || score >= P.score();

  P.score = () => (P.state.score === "" ? P.data.threshold : Number(P.state.score));

  // Errors of a frame and system that the filters ask for, and whether they ask for any.
  P.errors = function (at, system, state) {
    const { pairs, miss, alone, events } = P.data.systems[system];
    const [kind, joint] = [state.kind, state.joint === "" ? -1 : Number(state.joint)];
    const bit = state.slice.startsWith("p") ? 1 << Number(state.slice.slice(1)) : 0;
    const inside = (mask) => !bit || (mask & bit) !== 0;
    if (kind === "m") return miss[at].filter(inside).length;
    if (kind === "f") return alone[at].filter(P.above).length;
    if (kind === "s" || kind === "g") return [...events[at]].filter((one) => one === kind).length;
    const wanted = kind ? (f) => f === kind : (f) => f > "1";
    const least = state.score === "" ? -Infinity : Number(state.score);
    let sum = 0;
    for (const [score, , faults, mask] of pairs[at]) {
      if (!inside(mask) || (score !== null && score < least)) continue;
      if (joint >= 0) sum += wanted(faults[joint]) ? 1 : 0;
      else if (kind) for (const f of faults) sum += wanted(f) ? 1 : 0;
      else sum += 1;
    }
    if (!kind && joint < 0) sum += miss[at].filter(inside).length;
    return sum;
  };

  P.systems = (state) => (state.sys === "" ? P.data.systems.map((_, at) => at) : [Number(state.sys)]);

  function passes(at, state) {
    const data = P.data;
    const wanted = state.name.toLowerCase();
    if (wanted && ![P.name(at), data.key[at]].some((one) => one.toLowerCase().includes(wanted))) return false;
    if (state.seq !== "" && data.sequence[at] !== Number(state.seq)) return false;
    if (state.slice.startsWith("f") && !data.slices[at].includes(Number(state.slice.slice(1)))) return false;
    return true;
  }

  // Rows of the frames that pass the filters, in order.
  P.find = function (state) {
    const data = P.data;
    const asked = state.kind !== "" || state.joint !== "";
    const some = asked || state.slice.startsWith("p") || state.score !== "";
    const systems = P.systems(state);
    const found = [];
    for (let at = 0; at < data.key.length; at++) {
      if (!passes(at, state)) continue;
      const errors = some ? Math.max(...systems.map((system) => P.errors(at, system, state))) : 1;
      if (errors > 0) found.push([at, asked ? errors : Math.max(...systems.map((system) => P.badness(at, system)))]);
    }
    if (state.sort === "worst") found.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    if (state.sort === "change") {
      const change = new Map(found.map(([at]) => [at, P.badness(at, 1) - P.badness(at, 0)]));
      found.sort((a, b) => change.get(b[0]) - change.get(a[0]) || a[0] - b[0]);
    }
    return found.map(([at]) => at);
  };

  // Joints by class over the frames that pass the filters, but for the kind and the joint: [joint][class].
  P.tally = function (state, system) {
    const open = { ...state, kind: "", joint: "" };
    const bit = state.slice.startsWith("p") ? 1 << Number(state.slice.slice(1)) : 0;
    const joints = P.data.joints.map(() => [0, 0, 0, 0, 0, 0]);
    const frames = { m: 0, f: 0, s: 0, g: 0 };
    const { pairs } = P.data.systems[system];
    for (let at = 0; at < P.data.key.length; at++) {
      if (!passes(at, open)) continue;
      for (const [, , faults, mask] of pairs[at]) {
        if (bit && !(mask & bit)) continue;
        for (let joint = 0; joint < faults.length; joint++) joints[joint][Number(faults[joint])]++;
      }
      for (const kind of Object.keys(frames)) frames[kind] += P.errors(at, system, { ...open, kind });
    }
    return { joints, frames };
  };
})();
