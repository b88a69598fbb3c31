// SPDX-License-Identifier: Apache-2.0
// The page of a metric over time: a chart a series, with the interval of each value as a band and a
// mark where the kernel is another one. Texts go into the page by textContent or onto a canvas only.
"use strict";
(() => {
  const {make} = isolab;
  const data = JSON.parse(document.getElementById("data").textContent);
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // A start that is no time has no place on the axis; its row stays in the table.
  const timed = (points) => points.map((point, row) => ({at: Date.parse(point[0]) / 1000, point, row}))
    .filter(({at}) => !Number.isNaN(at)).sort((a, b) => a.at - b.at);

  const markKernels = (dots) => (plot) => {
    const context = plot.ctx;
    context.save();
    context.strokeStyle = context.fillStyle = style("--quiet");
    context.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    context.setLineDash([4, 4]);
    context.textBaseline = "alphabetic";
    dots.forEach(({at, point}, i) => {
      if (i > 0 && dots[i - 1].point[4] === point[4]) return;
      const x = plot.valToPos(at, "x", true), {top, height} = plot.bbox;
      if (i > 0) {
        context.beginPath();
        context.moveTo(x, top);
        context.lineTo(x, top + height);
        context.stroke();
      }
      const onLeft = x + 4 + context.measureText(point[4]).width > plot.bbox.left + plot.bbox.width;
      context.textAlign = onLeft ? "right" : "left";
      context.fillText(point[4], onLeft ? x - 4 : x + 4, top + 12 * devicePixelRatio);
    });
    context.restore();
  };

  // In UTC, as the recordings have it: the day, and for parts of a day the time.
  const times = (plot, splits, _, __, step) => splits.map((at) => {
    const iso = new Date(at * 1000).toISOString();
    return step >= 86400 ? iso.slice(0, 10) : iso.slice(5, 16).replace("T", " ");
  });
  // From zero, so that a change is seen in its size.
  const fromZero = (_, low, high) => {
    const margin = (Math.max(high, 0) - Math.min(low, 0) || 1) * 0.12;
    return [low < 0 ? low - margin : 0, high > 0 ? high + margin : margin];
  };
  const withMargin = (_, low, high) => {
    const margin = (high - low || 86400) * 0.03;
    return [low - margin, high + margin];
  };
  const unit = data.unit === "1" ? "" : data.unit;

  const draw = (home) => {
    home.textContent = "";
    const dots = timed(data.series[home.dataset.series]);
    if (dots.length === 0) return;
    const chart = make("div", "chart"), line = make("p", "note"), told = make("span");
    line.append(told);
    home.append(chart, line);
    const rows = home.parentElement.querySelectorAll("tbody tr");
    const rowOf = (dot) => [...rows].find((row) => Number(row.dataset.place) === dot.row);
    const tell = (plot) => {
      for (const row of rows) row.classList.remove("told");
      const dot = dots[plot.cursor.idx];
      told.textContent = dot ? `${dot.point[0]}  ${rowOf(dot).cells[1].textContent} ${unit}  ${dot.point[4]}  ${dot.point[5]}`
        : "Point at a value to see its recording; drag to zoom, double click to see all.";
      if (dot) rowOf(dot).classList.add("told");
    };
    const column = (at) => dots.map(({point}) => point[at]);
    const axis = () => ({stroke: style("--quiet"), grid: {stroke: style("--line"), width: 1}, ticks: {stroke: style("--line"), width: 1},
      font: "11px system-ui, sans-serif"});
    const accent = style("--accent"), edge = {stroke: "transparent", points: {show: false}};
    new uPlot({
      width: home.clientWidth, height: 260, padding: [null, 44, null, null], legend: {show: false}, cursor: {drag: {x: true, y: false}},
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      scales: {x: {range: withMargin}, y: {range: fromZero}},
      axes: [{...axis(), space: 100, values: times}, {...axis(), size: 84, label: unit, labelFont: "11px system-ui, sans-serif"}],
      series: [{}, {label: "value", stroke: accent, width: 1.5, points: {show: true, size: 6, fill: accent}},
        {label: "95 % below", ...edge}, {label: "95 % above", ...edge}],
      bands: [{series: [3, 2], fill: accent + "2b"}],
      hooks: {draw: [markKernels(dots)], setCursor: [tell]},
    }, [dots.map(({at}) => at), column(1), column(2), column(3)], chart);
  };

  const homes = [...document.querySelectorAll(".history")];
  const redraw = () => homes.forEach(draw);
  redraw();
  let wait = 0;
  addEventListener("resize", () => { clearTimeout(wait); wait = setTimeout(redraw, 150); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
