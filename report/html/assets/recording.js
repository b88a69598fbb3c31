// SPDX-License-Identifier: Apache-2.0
// The page of a recording: choices of arms, CPUs and classes, the timeline of gaps with their
// stories, the flame graph of lost time, how many gaps are longer than what. Texts go into the page
// by textContent or onto a canvas only.
"use strict";
(() => {
  const {make, button, textOf} = isolab;
  const {COLOURS, data, text, place, short, words, shaded, colourOf, style, gaps, armOf, keyOf, byKey, present, chosen, has, senderOf,
    causeLine, headLine, timesLine, partsOf, partsLine, storyText} = isolab.recording;

  // ---- choices
  const addChoices = (kind, title, name, swatch) => {
    if (present[kind].length < 2) return;
    const line = make("div"), buttons = new Map();
    line.append(make("span", "what", title));
    const show = () => {
      for (const [value, chip] of buttons) chip.setAttribute("aria-pressed", String(chosen[kind].has(value)));
      redraw();
    };
    line.append(button("all", () => { present[kind].forEach((value) => chosen[kind].add(value)); show(); }));
    for (const value of present[kind]) {
      // The first click of a kind chooses one alone, further ones add and take away.
      const chip = button(name(value), () => {
        const set = chosen[kind];
        if (set.size === present[kind].length) set.clear();
        set.has(value) ? set.delete(value) : set.add(value);
        if (set.size === 0) present[kind].forEach((other) => set.add(other));
        show();
      });
      chip.dataset.kind = kind;
      chip.setAttribute("aria-pressed", "true");
      if (swatch) {
        const mark = make("span", "swatch");
        mark.style.background = colourOf(value);
        chip.prepend(mark);
      }
      buttons.set(value, chip);
      line.append(chip);
    }
    place("choose").append(line);
    place("choose").hidden = false;
  };

  // ---- tables: what arm, CPU and class a row is of, by its columns
  const longestFirst = [...data.arms].sort((a, b) => b.length - a.length);
  const describe = (table) => {
    const head = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    if (!head[0].startsWith("arm")) return null;
    const klass = head.findIndex((name) => name.startsWith("class"));
    return [...table.tBodies[0].rows].map((row) => {
      const first = textOf(row.cells[0]), small = row.cells[0].textContent.slice(first.length);
      const cpu = head[1] === "CPU" ? textOf(row.cells[1]) : (/CPU (\d+)/.exec(first.split(" / ")[1] || small) || [])[1];
      return {
        row, cpu: cpu === undefined ? null : Number(cpu),
        arm: longestFirst.find((arm) => first === arm || first.startsWith(arm + " /") || first.startsWith(arm + ":")),
        klass: klass < 0 ? null : textOf(row.cells[klass]).split(/[/ ]/)[0],
      };
    });
  };
  const described = isolab.tables.map((table) => [table, describe(table)]).filter(([, rows]) => rows);
  const filterTables = () => {
    for (const [table, rows] of described) {
      const hide = new Set(rows.filter(({arm, cpu, klass}) => (arm !== undefined && !has("arms", arm)) ||
        (cpu !== null && !has("cpus", cpu)) || (klass !== null && !has("classes", klass))).map(({row}) => row));
      isolab.filterTable(table, (row) => !hide.has(row));
    }
  };

  // ---- the story that is told
  const told = {gap: null};
  const tell = (gap, scroll) => {
    told.gap = gap;
    const panel = place("story");
    panel.replaceChildren(make("h3", "", headLine(gap)), make("div", "times", `class ${gap.klass}; ${timesLine(gap)}`));
    const parts = partsOf(gap);
    if (parts.length > 1) {
      const bar = make("div", "parts");
      for (const {what, klass, us} of parts) {
        const part = make("div");
        part.style.flexGrow = us;
        part.style.flexBasis = "0";
        part.style.background = colourOf(klass);
        part.title = `${words(us)} ${what} [${klass}]`;
        bar.append(part);
      }
      panel.append(bar, make("div", "", partsLine(parts)));
    }
    const list = make("ol");
    for (const cause of gap.story ? gap.story[11] : []) {
      const item = make("li");
      item.append(make("span", "when", "+" + words(cause[0])));
      const mark = make("span", "swatch");
      mark.style.background = colourOf(text(cause[3]));
      item.append(mark, make("span", "cause", causeLine(cause)));
      const sender = senderOf(cause);
      if (sender) item.append(make("div", "from", sender.line));
      if (sender && sender.frames.length) item.append(make("div", "frames", sender.frames.join(" < ")));
      list.append(item);
    }
    panel.append(list);
    if (gap.story && gap.story[8]) panel.append(make("div", "", `and ${gap.story[8]} causes more`));
    const bar = make("div", "tools");
    const copy = button("copy as text", () => isolab.copyText(storyText(gap), copy));
    bar.append(copy, button("close", () => { told.gap = null; panel.hidden = true; markTold(); }));
    panel.append(bar);
    panel.hidden = false;
    markTold();
    if (scroll) panel.scrollIntoView({block: "nearest"});
  };
  const gapRows = new Map();
  const markTold = () => {
    for (const [row, gap] of gapRows) row.classList.toggle("told", gap === told.gap);
    if (timeline.plot) timeline.plot.redraw(false);
  };
  for (const table of isolab.tables.filter((table) => table.dataset.name === "gaps")) {
    for (const row of table.tBodies[0].rows) {
      const gap = byKey.get(keyOf(...[0, 1, 2, 3].map((at) => textOf(row.cells[at]))));
      if (!gap) continue;
      gapRows.set(row, gap);
      row.tabIndex = 0;
      row.setAttribute("role", "button");
      row.addEventListener("click", () => tell(gap, true));
      row.addEventListener("keydown", (event) => { if (event.key === "Enter") tell(gap, true); });
    }
  }

  // ---- the timeline: the chosen windows side by side
  const timeline = isolab.timeline = {plot: null, shown: [], tracks: [], total: 0, over: -1};
  const SPACE = 1.02;
  const layOut = () => {
    timeline.total = 0;
    timeline.tracks = data.tracks.filter((track) => has("arms", data.arms[track.arm]) && has("cpus", track.cpu));
    for (const track of timeline.tracks) {
      track.offset = timeline.total;
      timeline.total += track.seconds * SPACE;
    }
    const drawn = new Set(timeline.tracks);
    timeline.shown = gaps.filter((gap) => drawn.has(gap.track) && has("classes", gap.klass));
    for (const gap of timeline.shown) gap.x = gap.track.offset + gap.at;
    timeline.shown.sort((a, b) => a.x - b.x);
  };
  const trackAt = (x) => timeline.tracks.find((track) => x >= track.offset && x < track.offset + track.seconds * SPACE);
  const zoomTo = (from, to) => timeline.plot.setScale("x", {min: Math.max(0, from), max: Math.min(timeline.total, to)});
  const zoomBy = (factor) => {
    const {min, max} = timeline.plot.scales.x, middle = (min + max) / 2, half = (max - min) / 2 * factor;
    zoomTo(middle - half, middle + half);
  };
  const drawBands = (plot) => {
    const {ctx, bbox} = plot, ratio = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    for (const track of timeline.tracks) {
      const left = plot.valToPos(track.offset, "x", true), right = plot.valToPos(track.offset + track.seconds * SPACE, "x", true);
      if (right < bbox.left || left > bbox.left + bbox.width) continue;
      ctx.fillStyle = style("--line");
      ctx.fillRect(Math.round(left), bbox.top, 1, bbox.height);
      const several = timeline.tracks.filter((other) => other.arm === track.arm).length > 1;
      let label = data.arms[track.arm] + (several ? ` #${track.repeat + 1} CPU ${track.cpu}` : "");
      const room = Math.min(right, bbox.left + bbox.width) - Math.max(left, bbox.left) - 6 * ratio;
      while (label.length > 1 && ctx.measureText(label).width > room) label = label.slice(0, label.endsWith("…") ? -2 : -1) + "…";
      ctx.fillStyle = style("--quiet");
      if (room > 12 * ratio) ctx.fillText(label, Math.max(left, bbox.left) + 3 * ratio, bbox.top + 2 * ratio);
    }
    if (told.gap && timeline.shown.includes(told.gap)) {
      ctx.strokeStyle = style("--ink");
      ctx.lineWidth = 2 * ratio;
      ctx.beginPath();
      ctx.arc(plot.valToPos(told.gap.x, "x", true), plot.valToPos(told.gap.us, "y", true), 8 * ratio, 0, 2 * Math.PI);
      ctx.stroke();
    }
    ctx.restore();
  };
  const nearest = (plot, left, top) => {
    let best = -1, least = 14 * 14;
    const {min, max} = plot.scales.x;
    timeline.shown.forEach((gap, at) => {
      if (gap.x < min || gap.x > max) return;
      const dx = plot.valToPos(gap.x, "x") - left;
      if (Math.abs(dx) > 14) return;
      const dy = plot.valToPos(gap.us, "y") - top, distance = dx * dx + dy * dy;
      if (distance < least) [least, best] = [distance, at];
    });
    return best;
  };
  const showHint = (plot, at) => {
    timeline.over = at;
    timeline.ring.hidden = timeline.hint.hidden = at < 0;
    if (at < 0) return;
    const gap = timeline.shown[at], left = plot.valToPos(gap.x, "x"), top = plot.valToPos(gap.us, "y");
    timeline.ring.style.left = left + "px";
    timeline.ring.style.top = top + "px";
    const lines = [headLine(gap), `class ${gap.klass}; ${timesLine(gap)}`];
    const causes = gap.story ? gap.story[11] : [];
    for (const cause of causes.slice(0, 5)) {
      const sender = senderOf(cause);
      lines.push(`+${words(cause[0])}  ${causeLine(cause)}`, ...(sender ? [`    ${sender.line}`] : []));
    }
    if (causes.length > 5) lines.push(`and ${causes.length - 5 + gap.story[8]} causes more: click`);
    timeline.hint.replaceChildren(...lines.map((line) => make("div", "", line)));
    const box = plot.over.getBoundingClientRect();
    timeline.hint.style.top = top + 14 + "px";
    timeline.hint.style.left = (left > box.width / 2 ? Math.max(0, left - 14 - timeline.hint.offsetWidth) : left + 14) + "px";
  };
  const listen = (plot) => {
    const {over} = plot;
    timeline.hint = make("div", "hint");
    timeline.ring = make("div", "ring");
    timeline.hint.hidden = timeline.ring.hidden = true;
    over.append(timeline.ring, timeline.hint);
    let down = null;
    over.addEventListener("mousedown", (event) => { down = event.clientX; });
    over.addEventListener("mousemove", (event) => {
      const box = over.getBoundingClientRect();
      showHint(plot, nearest(plot, event.clientX - box.left, event.clientY - box.top));
    });
    over.addEventListener("mouseleave", () => showHint(plot, -1));
    over.addEventListener("click", (event) => {
      if (down !== null && Math.abs(event.clientX - down) > 3) return;  // a drag zooms
      const box = over.getBoundingClientRect(), at = nearest(plot, event.clientX - box.left, event.clientY - box.top);
      if (at >= 0) tell(timeline.shown[at]);
    });
    over.tabIndex = 0;
    over.setAttribute("role", "application");
    over.setAttribute("aria-label", "Timeline of gaps: arrow keys go from gap to gap, Enter tells one, + and - zoom");
    over.addEventListener("keydown", (event) => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (step) showHint(plot, Math.min(timeline.shown.length - 1, Math.max(0, timeline.over + step)));
      else if (event.key === "Enter" && timeline.over >= 0) tell(timeline.shown[timeline.over]);
      else if (event.key === "+") zoomBy(0.5);
      else if (event.key === "-") zoomBy(2);
      else return;
      event.preventDefault();
    });
  };
  const isDecade = (value) => value > 0 && Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6;
  const decades = (splits) => splits.map((value) => isDecade(value) ? value : null);
  const axis = () => ({stroke: style("--quiet"), grid: {stroke: style("--line"), width: 1, filter: (_, splits) => decades(splits)}, ticks: {stroke: style("--line"), width: 1, filter: (_, splits) => decades(splits)},
    font: "11px system-ui, sans-serif"});
  const drawTimeline = () => {
    const home = place("timeline");
    if (timeline.plot) timeline.plot.destroy();
    timeline.plot = null;
    home.replaceChildren();
    home.hidden = gaps.length === 0;
    if (home.hidden) return;
    layOut();
    const tools = make("div", "tools"), logged = timeline.tracks.reduce((sum, track) => sum + track.gaps, 0);
    tools.append(button("zoom in", () => zoomBy(0.5)), button("zoom out", () => zoomBy(2)), button("whole", () => zoomTo(0, timeline.total)),
      make("span", "shown", `${timeline.shown.length.toLocaleString("en")} of ${logged.toLocaleString("en")} ` +
        `${data.wakeups ? "late wake-ups" : "gaps"}: the longest of each window. Drag to zoom, hover or click for the story.`));
    home.append(tools);
    if (timeline.shown.length === 0) return;
    const classes = present.classes.filter((klass) => timeline.shown.some((gap) => gap.klass === klass));
    const columns = [timeline.shown.map((gap) => gap.x),
      ...classes.map((klass) => timeline.shown.map((gap) => gap.klass === klass ? gap.us : null))];
    timeline.plot = new uPlot({
      width: home.clientWidth, height: 360, legend: {show: false},
      cursor: {drag: {x: true, y: false}, points: {show: false}, y: false,
        bind: {dblclick: () => () => zoomTo(0, timeline.total)}},
      scales: {x: {time: false, range: (_, min, max) => [min, max]}, y: {distr: 3}},
      axes: [
        {...axis(), size: 24, grid: {show: false}, ticks: {show: false}, values: (plot, splits) => {
          const track = trackAt(plot.scales.x.min), alone = track && track === trackAt(plot.scales.x.max * (1 - 1e-9));
          return splits.map((x) => alone ? `${+(x - track.offset).toFixed(6)} s` : "");
        }},
        {...axis(), size: 64, values: (_, splits) => splits.map((us) => isDecade(us) ? words(us) : "")},
      ],
      series: [{}, ...classes.map((klass) => ({label: klass, stroke: colourOf(klass), paths: () => null,
        points: {show: true, space: 0, size: 5, width: 1, fill: colourOf(klass), stroke: colourOf(klass)}}))],
      hooks: {draw: [drawBands]},
    }, columns, home);
    zoomTo(0, timeline.total);
    listen(timeline.plot);
  };

  // ---- the flame graph
  const SENT = "sent by ";  // flame_frames() of report/export/folded.h
  const isSent = (row) => row[5].some((frame) => text(frame).startsWith(SENT));
  const flames = {sentOnly: data.stolen.some(isSent)};
  const flameTree = (sentOnly) => {
    const rows = data.stolen.filter((row) => has("arms", data.arms[row[0]]) && has("cpus", row[1]) && has("classes", text(row[2])) &&
      (!sentOnly || isSent(row)));
    const root = {name: "lost time", value: 0, children: []};
    const severalArms = new Set(rows.map((row) => row[0])).size > 1;
    for (const [arm, , klass, ns, , frames] of rows) {
      let node = root;
      node.value += ns;
      const names = [...(severalArms ? [{name: data.arms[arm]}] : []), ...frames.map((frame) => ({name: text(frame), klass: text(klass)}))];
      for (const {name, klass: of} of names) {
        let next = node.children.find((child) => child.name === name && child.klass === of);
        if (!next) node.children.push(next = {name, klass: of, value: 0, children: []});
        next.value += ns;
        node = next;
      }
    }
    return root;
  };
  const drawFlames = () => {
    const home = place("flamegraph");
    if (!home) return;
    home.replaceChildren();
    home.hidden = data.stolen.length === 0;
    const root = flameTree(flames.sentOnly);
    if (home.hidden) return;
    const tools = make("div", "tools"), choice = (name, sentOnly) => {
      const out = button(name, () => { flames.sentOnly = sentOnly; drawFlames(); });
      out.setAttribute("aria-pressed", String(flames.sentOnly === sentOnly));
      return out;
    };
    tools.append(choice("sent by a task of another CPU", true), choice("all lost time", false));
    home.append(tools);
    if (root.value === 0) {
      home.append(make("p", "note", "Nothing of the chosen arms, CPUs and classes."));
      return;
    }
    const say = (name, ns) => `${name}: ${words(ns / 1e3)}, ${(100 * ns / root.value).toFixed(1)} % of the ${words(root.value / 1e3)} shown`;
    const whole = flames.sentOnly ? `sent by tasks of other CPUs: ${words(root.value / 1e3)}, ` +
      `${(100 * root.value / flameTree(false).value).toFixed(1)} % of all lost time` : `all lost time: ${words(root.value / 1e3)}`;
    const line = make("div", "flame-line", whole);
    const graph = flamegraph().width(home.clientWidth).cellHeight(18).transitionDuration(0).minFrameSize(1).sort((a, b) => b.value - a.value)
      .inverted(true).tooltip(false)
      .setLabelHandler((node) => say(node.data.name, node.data.value))
      .onHover((node) => { line.textContent = say(node.data.name, node.data.value); })
      .setColorMapper((node, _) => node.data.klass ? shaded(colourOf(node.data.klass), node.depth % 2 ? 0.35 : 0.45) : "#c9ced4");
    tools.append(button("whole", () => graph.resetZoom()), make("span", "shown",
      "Width: lost time. From above: arm, class, cause, sending task, its stack. Click a frame to zoom."));
    const drawing = make("div", "drawing");
    home.append(line, drawing);
    d3.select(drawing).datum(root).call(graph);
  };

  // ---- how many gaps are longer than what
  const drawLengths = () => {
    const home = place("ccdf");
    if (!home) return;
    home.replaceChildren();
    const rows = data.ccdf.filter(([arm, lengths]) => has("arms", data.arms[arm]) && lengths.length > 1);
    home.hidden = rows.length === 0;
    if (home.hidden) return;
    home.append(make("h3", "", data.wakeups ? "Wake-ups later than a length, per CPU-hour" : "Rounds longer than a length, per CPU-hour"));
    const looks = (arm) => ({stroke: arm === 0 ? style("--ink") : COLOURS[(arm - 1) % 7], width: arm === 0 ? 2.5 : 1.3,
      dash: arm === 0 ? [] : [[], [6, 3], [2, 2]][Math.floor((arm - 1) / 7) % 3]});
    const shown = (splits, show) => splits.map((value) => isDecade(value) ? show(value) : "");
    new uPlot({
      width: home.clientWidth, height: 320, legend: {live: false},
      cursor: {focus: {prox: 12}, drag: {x: true, y: false}}, focus: {alpha: 0.25},
      scales: {x: {time: false, distr: 3}, y: {distr: 3}},
      axes: [{...axis(), values: (_, splits) => shown(splits, words)}, {...axis(), size: 56, values: (_, splits) => shown(splits, short)}],
      series: [{}, ...rows.map(([arm]) => ({label: data.arms[arm], spanGaps: true, points: {show: false}, ...looks(arm)}))],
    }, uPlot.join(rows.map(([, lengths, rates]) => [lengths, rates])), home);
  };

  const redraw = () => {
    filterTables();
    drawTimeline();
    drawFlames();
    drawLengths();
  };
  addChoices("arms", "arms", (arm) => arm);
  addChoices("cpus", "CPUs", (cpu) => "CPU " + cpu);
  addChoices("classes", "classes", (klass) => klass.replace(/_/g, " "), true);
  redraw();
  let wait = 0;
  addEventListener("resize", () => { clearTimeout(wait); wait = setTimeout(redraw, 150); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
