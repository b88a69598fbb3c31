// SPDX-License-Identifier: Apache-2.0
// The data of a recording's page (report/html/page_data.h), what of them is chosen, and a gap's
// story in words.
"use strict";
isolab.recording = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = (place) => data.texts[place];
  const place = (id) => document.getElementById(id);
  const UNTRACED = "not traced";

  // ---- numbers as the report prints them (report/text/format.h)
  const digits = (value) => {
    const size = Math.abs(value);
    return size === 0 ? "0" : size >= 99.95 ? value.toFixed(0) : size >= 9.995 ? value.toFixed(1) : size >= 0.9995 ? value.toFixed(2)
      : String(Number(value.toPrecision(3)));
  };
  const short = (value) => {
    if (Math.abs(value) < 1000 && Number.isInteger(value)) return String(value);
    const [size, letter] = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]]
      .find(([least]) => least === 1 || Math.abs(value) >= least * 0.9995);
    return digits(value / size) + letter;
  };
  const words = (us) => Math.abs(us) >= 999500 ? short(us / 1e6) + " s"
    : Math.abs(us) >= 999.5 ? short(us / 1e3) + " ms" : short(us) + " us";

  // ---- looks of the classes: those of the charts (plots/classes_style.py)
  const ORDER = ["text_patch", "kernel_tlb", "user_tlb", "remote_read", "task_sync", "scheduler", "timer_kick",
    "tracing", "other", "irq_work", "ipi", "unknown", "tick", "device", "softirq", "nmi", "page_fault", "other_task",
    "machine_check", "vector", "outside_kernel", "unexplained", "not_logged", "timer", "late_delivery", "probe_stopped"];
  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7d7d7d"];
  const SHADES = [0, 0.35, -0.35, 0.5, -0.15];  // none so pale or so dark that a dot vanishes on either ground
  const shaded = (colour, amount) => "#" + [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16), target = amount > 0 ? 255 : 0;
    return Math.round(part + (target - part) * Math.abs(amount)).toString(16).padStart(2, "0");
  }).join("");
  const colourOf = (klass) => {
    const at = ORDER.includes(klass) ? ORDER.indexOf(klass) : ORDER.length;
    return shaded(COLOURS[at % 7], SHADES[Math.floor(at / 7)]);
  };
  const rank = (klass) => ORDER.includes(klass) ? ORDER.indexOf(klass) : ORDER.length;
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // ---- gaps
  const gaps = [];
  for (const track of data.tracks)
    for (const point of track.points) {
      gaps.push({track, at: point[0], us: point[1], story: point.length > 2 ? point : null,
        klass: point.length > 2 ? text(point[2]) : UNTRACED});
    }
  const armOf = (gap) => data.arms[gap.track.arm];
  const keyOf = (arm, cpu, repeat, at) => JSON.stringify([arm, String(cpu), String(repeat), at]);
  const byKey = new Map(gaps.map((gap) => [keyOf(armOf(gap), gap.track.cpu, gap.track.repeat + 1, gap.at.toFixed(6)), gap]));

  // ---- choices
  const present = {
    arms: data.arms.filter((_, at) => data.tracks.some((track) => track.arm === at) ||
      data.stolen.some((row) => row[0] === at) || data.ccdf.some((row) => row[0] === at)),
    cpus: [...new Set([...data.tracks.map((track) => track.cpu), ...data.stolen.map((row) => row[1])])].sort((a, b) => a - b),
    classes: [...new Set([...gaps.map((gap) => gap.klass), ...data.stolen.map((row) => text(row[2]))])]
      .sort((a, b) => rank(a) - rank(b)),
  };
  const chosen = Object.fromEntries(Object.entries(present).map(([kind, all]) => [kind, new Set(all)]));
  const has = (kind, value) => !present[kind].includes(value) || chosen[kind].has(value);

  // ---- a gap's story
  const senderOf = (cause) => {
    if (!cause[10]) return null;
    const [comm, pid, cpu, before, byOrder, stack] = cause[10];
    return {line: `${text(cause[1]) === "timer" ? "armed" : "sent"} ${words(before)} earlier by ${text(comm)} (pid ${pid}) on CPU ` +
      `${cpu}${byOrder ? ", joined by order only" : ""}`, frames: data.stacks[stack].map(text)};
  };
  const causeLine = (cause) => {
    const [, kind, what, klass, subclass, times, sameIpi, pid, woken, wokenPid] = cause;
    return `${text(kind)}: ${text(what)} [${text(klass)}${subclass === klass ? "" : "/" + text(subclass)}]` +
      `${times > 1 ? ` x ${times}` : ""}${sameIpi ? " (same IPI)" : ""}${pid >= 0 ? ` (pid ${pid})` : ""}` +
      `${woken >= 0 ? ` wakes ${text(woken)} (pid ${wokenPid})` : ""}`;
  };
  const headLine = (gap) => `${words(gap.us)}  ${armOf(gap)} #${gap.track.repeat + 1}  CPU ${gap.track.cpu}  at ${gap.at.toFixed(6)} s`;
  const MOST_PARTS = 16;  // as isolab spikes
  const partsLine = (parts) => "time: " + parts.slice(0, MOST_PARTS).map(({what, us}) => `${words(us)} ${what}`).join(", ") +
    (parts.length > MOST_PARTS ? ", ..." : "");
  const timesLine = (gap) => {
    if (!gap.story) return "The window was not traced: no causes are known.";
    const [, , , before, traced, after, other, , , period, , causes] = gap.story;
    if (causes.length === 0 && before + traced + after === 0) {
      return period > 0 ? `no kernel event, in phase with a timer of ${period.toFixed(4)} ms: outside the kernel (hypervisor or firmware)`
        : "no kernel event and no period: unexplained";
    }
    return `before ${words(before)}, traced ${words(traced)}, after ${words(after)}` +
      (other > 0 ? `; another task ran for ${words(other)}` : "");
  };
  const partsOf = (gap) => gap.story ? gap.story[10].map(([what, klass, , us]) =>
    ({what: text(klass) === "late_delivery" ? "late delivery" : text(what), klass: text(klass), us})) : [];
  const storyText = (gap) => {
    const lines = [headLine(gap), "    " + timesLine(gap)], parts = partsOf(gap);
    if (parts.length > 1) lines.push("    " + partsLine(parts));
    for (const cause of gap.story ? gap.story[11] : []) {
      lines.push(`    +${words(cause[0])}  ${causeLine(cause)}`);
      const sender = senderOf(cause);
      if (sender) lines.push("        " + sender.line, ...(sender.frames.length ? ["          " + sender.frames.join(" < ")] : []));
    }
    if (gap.story && gap.story[8]) lines.push(`    and ${gap.story[8]} causes more`);
    return lines.join("\n") + "\n";
  };

  return {COLOURS, data, text, place, short, words, shaded, colourOf, style, gaps, armOf, keyOf, byKey, present, chosen, has, senderOf,
    causeLine, headLine, timesLine, partsOf, partsLine, storyText};
})();
