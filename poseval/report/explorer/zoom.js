"use strict";
// Zooms and moves drawings together: by wheel, by dragging, by buttons and keys.
(function () {
  const P = (window.poseval = window.poseval || {});
  const STEP = 1.4;
  const DEEPEST = 60; // times

  P.zoom = function (drawings) {
    let home = [0, 0, 1, 1];
    let box = home;

    function show(wanted) {
      const width = home[2] - home[0];
      const span = wanted[2] - wanted[0];
      if (span < width / DEEPEST || span > width * 4) return;
      box = wanted;
      for (const svg of drawings) P.box(svg, box);
    }

    // By a factor around a point in the drawing's own units; the centre by default.
    function by(factor, at) {
      const [x0, y0, x1, y1] = box;
      const [x, y] = at || [(x0 + x1) / 2, (y0 + y1) / 2];
      show([x - (x - x0) / factor, y - (y - y0) / factor, x + (x1 - x) / factor, y + (y1 - y) / factor]);
    }

    function move(dx, dy) {
      const [x0, y0, x1, y1] = box;
      const [x, y] = [dx * (x1 - x0), dy * (y1 - y0)];
      show([x0 + x, y0 + y, x1 + x, y1 + y]);
    }

    function point(svg, event) {
      const matrix = svg.getScreenCTM();
      if (!matrix) return null;
      const found = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
      return [found.x, found.y];
    }

    for (const svg of drawings) {
      let last = null;
      svg.addEventListener("wheel", (event) => {
        event.preventDefault();
        by(event.deltaY < 0 ? STEP : 1 / STEP, point(svg, event));
      }, { passive: false });
      svg.addEventListener("dblclick", (event) => by(STEP * STEP, point(svg, event)));
      svg.addEventListener("pointerdown", (event) => {
        last = point(svg, event);
        svg.setPointerCapture(event.pointerId);
      });
      svg.addEventListener("pointermove", (event) => {
        if (!last) return;
        const now = point(svg, event);
        if (now) show([box[0] + last[0] - now[0], box[1] + last[1] - now[1], box[2] + last[0] - now[0], box[3] + last[1] - now[1]]);
      });
      for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (last = null));
    }

    return {
      set(wanted) {
        home = box = wanted;
        for (const svg of drawings) P.box(svg, box);
      },
      to: (wanted) => show(wanted),
      reset: () => show(home),
      by,
      move,
      // What a key does; false where it means nothing here.
      key(event) {
        const moves = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] };
        if (event.key === "+" || event.key === "=") by(STEP);
        else if (event.key === "-") by(1 / STEP);
        else if (event.key === "0") show(home);
        else if (event.shiftKey && moves[event.key]) move(...moves[event.key]);
        else return false;
        event.preventDefault();
        return true;
      },
    };
  };
})();
