"use strict";
// Draws a frame into an SVG element: ground truth, predictions and the errors of their joints.
// A frame is a value of frames.py. Nothing here writes HTML: texts go through textContent.
(function () {
  const P = (window.poseval = window.poseval || {});
  const SVG = "http://www.w3.org/2000/svg";
  const DENSE = 40; // joints of a skeleton, above which its points are drawn smaller

  P.svg = function (name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const known = (xy, joint) => xy[2 * joint] !== null;
  const place = (xy, joint) => xy[2 * joint] + " " + xy[2 * joint + 1];

  // Limbs of which both ends are known, as one path.
  function limbs(xy, pairs) {
    let path = "";
    for (const [a, b] of pairs) if (known(xy, a) && known(xy, b)) path += "M" + place(xy, a) + "L" + place(xy, b);
    return path;
  }

  // A point is a line without length and with round ends: so its size stays as the drawing is zoomed.
  function dots(xy, joints) {
    return joints.filter((joint) => known(xy, joint)).map((joint) => "M" + place(xy, joint) + "h0").join("");
  }

  function add(parent, kind, path) {
    if (path) parent.append(P.svg("path", { class: kind, d: path }));
  }

  function group(parent, kind, title) {
    const made = P.svg("g", { class: kind });
    made.append(P.svg("title", {}, title));
    parent.append(made);
    return made;
  }

  const score = (found) => (found.s === undefined ? "" : ", score " + found.s.toFixed(3));
  const identity = (one) => (one.id === undefined ? "" : ", identity " + one.id);

  function drawTruth(parent, person, skeleton, missed) {
    const all = skeleton.joints.map((_, joint) => joint);
    const name = person.crowd ? "crowd" : missed ? "miss: nobody was predicted here" : "ground truth";
    const made = group(parent, missed ? "truth missed" : "truth", name + identity(person));
    add(made, "casing", limbs(person.xy, skeleton.limbs));
    add(made, "limb", limbs(person.xy, skeleton.limbs));
    add(made, "dot", dots(person.xy, all));
  }

  function drawPair(parent, found, person, skeleton) {
    const made = group(parent, "pair", "prediction" + score(found) + ", OKS " + found.oks + identity(found));
    const kind = (joint) => Number(found.f[joint]);
    for (let k = 0; k <= 5; k++) {
      add(made, "limb k" + k, limbs(found.xy, skeleton.limbs.filter(([a, b]) => Math.max(kind(a), kind(b)) === k)));
    }
    let off = "";
    skeleton.joints.forEach((_, joint) => {
      if (kind(joint) > 1 && known(found.xy, joint) && known(person.xy, joint)) {
        off += "M" + place(found.xy, joint) + "L" + place(person.xy, joint);
      }
    });
    add(made, "off", off);
    for (let k = 0; k <= 5; k++) {
      const joints = skeleton.joints.map((_, joint) => joint).filter((joint) => kind(joint) === k);
      add(made, "rim", dots(found.xy, joints));
      add(made, "dot k" + k, dots(found.xy, joints));
    }
  }

  function drawAlone(parent, found, skeleton, ghost) {
    const name = ghost ? "prediction below the score" : "false positive";
    const made = group(parent, ghost ? "ghost" : "alone", name + score(found) + identity(found));
    add(made, "limb", limbs(found.xy, skeleton.limbs));
    add(made, "dot", dots(found.xy, skeleton.joints.map((_, joint) => joint)));
  }

  // options: system (which predictions), all (those without a person, too), score (below it they are
  // ghosts), truth (whether the ground truth is shown), image {url, spare, width, height}
  P.draw = function (svg, frame, skeleton, options) {
    svg.replaceChildren();
    svg.classList.toggle("dense", skeleton.joints.length > DENSE);
    if (options.image) svg.append(P.picture(options.image));
    const found = frame.p[options.system] || [];
    if (options.all) {
      const alone = found.filter((one) => one.t === undefined);
      const ghost = (one) => one.s !== undefined && one.s < options.score; // without a score it is none
      for (const one of alone.filter(ghost)) drawAlone(svg, one, skeleton, true);
      for (const one of alone.filter((one) => !ghost(one))) drawAlone(svg, one, skeleton, false);
    }
    if (options.truth) {
      const taken = new Set(found.map((one) => one.t));
      frame.t.forEach((person, at) => drawTruth(svg, person, skeleton, person.miss === 1 && !taken.has(at)));
    }
    for (const one of found) if (one.t !== undefined) drawPair(svg, one, frame.t[one.t], skeleton);
  };

  // The centre of the first pixel is (0, 0), so the image begins half a pixel before it.
  P.picture = function (image) {
    const made = P.svg("image", {
      href: image.url,
      x: (image.x || 0) - 0.5,
      y: (image.y || 0) - 0.5,
      width: image.width,
      height: image.height,
      preserveAspectRatio: "none",
    });
    if (image.spare) made.addEventListener("error", () => made.setAttribute("href", image.spare), { once: true });
    return made;
  };

  P.box = (svg, [x0, y0, x1, y1]) => svg.setAttribute("viewBox", [x0, y0, x1 - x0, y1 - y0].join(" "));
})();
