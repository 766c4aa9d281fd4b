"use strict";
(() => {
const $ = (id) => document.getElementById(id);
const D = JSON.parse($("names").textContent);
const SMALL = 0.0005, BLOCK = 32, ROW = 17, EDGE = 6, LEVELS = 3, CHUNKS = 24, LEAST = 0.2;
const LINES = [[0, 17], [17, 22], [22, 27], [27, 31], [31, 36], [36, 42, 1], [42, 48, 1], [48, 60, 1], [60, 68, 1]];
const K = D.labels.length, NAME = "fervid " + D.table + " " + D.stored;
const video = $("video"), stage = $("stage"), canvas = $("drawn"), pen = canvas.getContext("2d");
const tall = () => window.innerHeight > 1100 ? 120 : 84;  // pixels of a face's curves
const dark = matchMedia("(prefers-color-scheme: dark)");
let ink = {}, A = {}, R = 0, F = 0, low, high;  // colours; arrays; rows with a face; frames; extremes of blocks of rows
let at = -1, view = [0, 1], marks = [null, null], chosen = null, active = 0, past = [], queued = false, ready = false;
let state = { names: {}, hidden: {}, boxes: !D.media.drawn, points: !D.media.drawn, episodes: null };

// Numbers

function decoded(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64), raw = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) raw[i] = text.charCodeAt(i);
  return raw;
}
async function unpack(name) {
  const from = $("data-" + name), { rows, columns, planes } = from.dataset, size = rows * columns;
  const stream = new Blob([decoded(from.textContent)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const flat = new Uint8Array(await new Response(stream).arrayBuffer());
  const values = planes > 3 ? new Float64Array(size) : new Int32Array(size);
  const [first, second, third] = [0, 1, 2].map((p) => p < planes ? flat.subarray(p * size, (p + 1) * size) : new Uint8Array(size));
  for (let c = 0, i = 0; c < columns; c++) {
    let total = 0;
    if (planes < 4) for (const end = i + Number(rows); i < end; i++) {
      const coded = first[i] | second[i] << 8 | third[i] << 16;
      total += coded >> 1 ^ -(coded & 1); values[i] = total;
    } else for (const end = i + Number(rows); i < end; i++) {
      let coded = 0; for (let p = planes - 1; p >= 0; p--) coded = coded * 256 + flat[p * size + i];
      total += coded % 2 ? -(coded + 1) / 2 : coded / 2; values[i] = total;
    }
  }
  return values;
}

function lower(values, value, from, to) {  // the first place that is not below the value
  while (from < to) { const mid = (from + to) >> 1; if (values[mid] < value) from = mid + 1; else to = mid; }
  return from;
}
const frameAt = (t) => Math.max(lower(A.time, t + SMALL, 0, F) - 1, 0);
const ends = (place) => place + 1 < F ? A.time[place + 1] : Math.max(D.seconds, A.time[F - 1]);
function rowOf(face, place) { const r = lower(A.at, place, face.from, face.to); return r < face.to && A.at[r] === place ? r : -1; }
const p = (k, r) => A.probability[k * R + r] / 1e6;
function bestOf(r) { let best = 0; for (let k = 1; k < K; k++) if (A.probability[k * R + r] > A.probability[best * R + r]) best = k; return best; }

function blocks() {  // the least and the most of each label in every block of rows, for wide views
  const count = Math.ceil(R / BLOCK); low = new Int32Array(count * K).fill(2e6); high = new Int32Array(count * K).fill(-1);
  for (let k = 0; k < K; k++) for (let r = 0; r < R; r++) {
    if (A.status[r]) continue;
    const b = k * count + ((r / BLOCK) | 0), v = A.probability[k * R + r];
    if (v < low[b]) low[b] = v;
    if (v > high[b]) high[b] = v;
  }
}
function extremes(k, from, to) {
  let least = 2e6, most = -1; const base = k * R, count = Math.ceil(R / BLOCK);
  for (let r = from; r < to;) {
    if (r % BLOCK === 0 && r + BLOCK <= to) {
      const b = k * count + r / BLOCK; if (low[b] < least) least = low[b]; if (high[b] > most) most = high[b]; r += BLOCK;
    } else { if (!A.status[r]) { const v = A.probability[base + r]; if (v < least) least = v; if (v > most) most = v; } r++; }
  }
  return most < 0 ? null : [least / 1e6, most / 1e6];
}

// Words

const clock = (t, digits = 3) => {
  const whole = Math.max(t, 0), m = Math.floor(whole / 60), s = (whole - 60 * m).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return m >= 60 ? Math.floor(m / 60) + ":" + String(m % 60).padStart(2, "0") + ":" + s : m + ":" + s;
};
const seconds = (t) => t.toFixed(3);
const plain = (face) => "face " + face;
const called = (face) => state.names[face] || plain(face);
const colour = (label) => D.colours[label][dark.matches ? 1 : 0];
function node(kind, text, values = {}) { const element = document.createElement(kind); if (text !== undefined) element.textContent = text; return Object.assign(element, values); }
function swatch(label) { const element = node("i"); element.style.background = colour(label); return element; }
function say(text) { $("saved").textContent = text; }
function tell(text) { $("note").textContent = text; $("note").hidden = !text; }

// The clock: the video, or none

const free = { t: 0, going: false, last: 0, rate: 1 };
let played = video && D.media.kind === "video";
const now = () => played ? video.currentTime - D.media.shift : free.t;
const going = () => played ? !video.paused && !video.ended : free.going;
function seek(t) {
  t = Math.min(Math.max(t, 0), A.time[F - 1] + SMALL);
  free.t = t;
  if (played) video.currentTime = t + D.media.shift;
  show(t);
}
function seekFrame(place) {  // a little into the frame, so that no rounding shows its neighbour; the last may be brief
  place = Math.min(Math.max(place, 0), F - 1);
  const t = A.time[place];
  free.t = t;
  if (played) video.currentTime = t + D.media.shift + (place < F - 1 ? Math.min((ends(place) - t) / 2, 0.02) : 0.001);
  show(t);
}
function toggle() {
  if (played) { if (going()) video.pause(); else video.play().catch(() => {}); }
  else { free.going = !free.going; free.last = performance.now(); if (free.t >= A.time[F - 1]) free.t = 0; tick(); }
  buttons();
}
function pause() { if (going()) toggle(); }
function tick() {
  if (!going()) { buttons(); return; }
  if (!played) {
    const moment = performance.now(); free.t += (moment - free.last) / 1000 * free.rate; free.last = moment;
    if (free.t >= D.seconds) { free.t = A.time[F - 1]; free.going = false; }
  }
  show(now());
  requestAnimationFrame(tick);
}
function buttons() {
  $("play").textContent = going() ? "❚❚" : "▶"; $("play").setAttribute("aria-label", going() ? "Pause" : "Play");
}
function noted() { const note = D.media.note; return note.startsWith(D.media.name) ? note : note[0].toUpperCase() + note.slice(1); }
function unplayable() {
  if (!played) return;
  played = false;
  video.hidden = true;
  tell((D.media.note ? noted() + ". " : "") + "This browser does not play " + D.media.name +
    (D.media.note ? "" : "; is it still where it was?") + " Below are its numbers, without the picture.");
  draw();
}

// Picture

function show(t) {
  if (!ready) return;
  const place = frameAt(t), moved = place !== at;
  at = place;
  if (going() && (t < view[0] || t > view[1])) look(t, t + view[1] - view[0]);
  if (moved) { draw(); readout(); }
  heads(t);
}
const points = new Map();
function landmarks(r) {  // 136 numbers from a chunk; null until it is there
  if (!D.chunk) return null;
  const chunk = Math.floor(r / D.chunk), known = points.get(chunk);
  if (known === undefined) {
    if (!$("data-landmarks" + chunk)) return null;  // further down in a page that is still loading
    points.set(chunk, null);
    unpack("landmarks" + chunk).then((values) => { points.set(chunk, values); draw(); });
    for (const old of points.keys()) if (points.size > CHUNKS && old !== chunk && points.get(old)) points.delete(old);
    return null;
  }
  if (!known) return null;
  const rows = known.length / 136, own = r - chunk * D.chunk, out = new Float32Array(136);
  for (let c = 0; c < 136; c++) out[c] = known[c * rows + own] / D.quarter;
  if (going() && own > 0.7 * D.chunk && !points.has(chunk + 1) && $("data-landmarks" + (chunk + 1))) landmarks(r + D.chunk);
  return out;
}
function frameSize() {
  if (D.media.width) return [D.media.width, D.media.height];
  return [A.widest || 640, A.highest || 480];
}
function boxOf(r) { return [0, 1, 2, 3].map((c) => A.box[c * R + r] / 100); }
function draw() {
  if (!ready) return;
  taken.length = 0;
  const scale = window.devicePixelRatio || 1, wide = stage.clientWidth, tall = stage.clientHeight;
  if (canvas.width !== Math.round(wide * scale) || canvas.height !== Math.round(tall * scale)) {
    canvas.width = Math.round(wide * scale); canvas.height = Math.round(tall * scale);
  }
  const [w, h] = frameSize(), fit = Math.min(wide / w, tall / h), left = (wide - w * fit) / 2, top = (tall - h * fit) / 2;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, wide, tall);
  const tags = [];
  let seen = 0;
  for (const face of D.faces) {
    const r = rowOf(face, at);
    if (r < 0) continue;
    seen++;
    const [x, y, bw, bh] = boxOf(r), best = A.status[r] ? "" : D.labels[bestOf(r)];
    const line = best ? D.colours[best][1] : "#c8ccd2", place = [left + x * fit, top + y * fit, bw * fit, bh * fit];
    if (state.points) outline(r, fit, left, top, bw * fit);
    if (!state.boxes) continue;
    pen.lineWidth = face.id === active ? 2.5 : 1.5; pen.strokeStyle = "#000a"; pen.strokeRect(place[0] - 1, place[1] - 1, place[2] + 2, place[3] + 2);
    pen.strokeStyle = line; pen.strokeRect(...place);
    tags.push([called(face.id) + " · " + (best ? best + " " + Math.round(100 * p(bestOf(r), r)) + " %" : D.statuses[A.status[r]]), place, line, wide]);
  }
  for (const each of tags) tag(...each, tags.map(([, place]) => place));  // after all boxes, so none crosses a text
  if (!seen && F) tag(D.statuses[A.empty[at] || 1], [8, 30, 0, 0], "#c8ccd2", wide);
}
function outline(r, fit, left, top, size) {
  const xy = landmarks(r);
  if (!xy) return;
  const path = new Path2D();
  for (const [from, to, closed] of LINES) {
    for (let i = from; i < to; i++) path[i === from ? "moveTo" : "lineTo"](left + xy[2 * i] * fit, top + xy[2 * i + 1] * fit);
    if (closed) path.closePath();
  }
  pen.lineWidth = Math.max(size / 110, 0.7) + 1; pen.strokeStyle = "#0007"; pen.stroke(path);
  pen.lineWidth = Math.max(size / 110, 0.7); pen.strokeStyle = "#ffffffe0"; pen.stroke(path);
}
const taken = [];  // places of tags that are drawn
function tag(text, [x, y, w, h], line, wide, boxes = []) {
  pen.font = (wide < 520 ? "600 11px" : "600 13px") + " system-ui, sans-serif";
  const width = pen.measureText(text).width + 12, within = (left) => Math.min(Math.max(left, 2), Math.max(wide - width - 2, 2));
  const above = y - 23, below = y + h + 4, sides = [within(x - 1), within(x + w + 1 - width)];
  const hides = ([left, top]) => boxes.some(([l, t, bw, bh]) => l < left + width && left < l + bw && t < top + 20 && top < t + bh);
  const places = [above, below].filter((top) => top > 1 && top + 21 < stage.clientHeight).flatMap((top) => sides.map((left) => [left, top]));
  let [left, top] = places.find((place) => !hides(place)) || [sides[0], y > 24 ? above : below];
  while (top > 21 && taken.some(([l, t, w]) => l < left + width && left < l + w && Math.abs(t - top) < 20)) top -= 21;
  taken.push([left, top, width]);
  pen.fillStyle = "#12151aee"; pen.fillRect(left, top, width, 20); pen.fillStyle = line; pen.fillRect(left, top, 3, 20);
  pen.fillStyle = "#fff"; pen.textBaseline = "middle"; pen.fillText(text, left + 8, top + 10.5);
}
canvas.addEventListener("click", (event) => {
  const [w, h] = frameSize(), fit = Math.min(stage.clientWidth / w, stage.clientHeight / h), edge = canvas.getBoundingClientRect();
  const x = (event.clientX - edge.left - (stage.clientWidth - w * fit) / 2) / fit, y = (event.clientY - edge.top - (stage.clientHeight - h * fit) / 2) / fit;
  const hit = D.faces.find((face) => { const r = rowOf(face, at); if (r < 0) return false; const [l, t, bw, bh] = boxOf(r); return x >= l && x <= l + bw && y >= t && y <= t + bh; });
  if (hit) choose(hit.id); else if (F > 1) toggle();
});
function resize() {
  const [w, h] = frameSize(), most = Math.max(window.innerHeight * (window.innerWidth < 760 ? 0.5 : 0.56), 180);
  stage.style.aspectRatio = w + " / " + h; stage.style.maxWidth = Math.round(most * w / h) + "px";
  draw(); look(...view);
}

// Numbers of a frame

const lanes = new Map();  // face -> its canvas and texts
let bars = [];
function card() {
  const face = D.faces.find((each) => each.id === active), list = $("bars");
  list.replaceChildren(); bars = [];
  if (!face) { list.hidden = true; $("face").hidden = $("name").hidden = true; return; }
  for (const label of D.labels) {
    const fill = swatch(label), bar = node("dd"), term = node("dt", label), value = node("dd"); bar.className = "bar"; value.className = "value";
    bar.append(fill); list.append(term, bar, value); bars.push([term, fill, value]);
  }
  $("face").value = String(active); $("name").value = state.names[active] || ""; $("name").placeholder = plain(active);
  $("flags").replaceChildren(...face.flags.split("; ").filter(Boolean).map((flag) => node("span", "⚑ " + flag, { className: "flag", title: "Less reliable: " + flag + " in half or more of its frames" })));
  for (const [id, lane] of lanes) lane.root.classList.toggle("chosen", id === active);
}
function readout() {
  $("time").textContent = clock(A.time[at]) + " · frame " + A.frame[at];
  for (const face of D.faces) {
    const r = rowOf(face, at), lane = lanes.get(face.id), known = r >= 0 && !A.status[r];
    if (lane) lane.now.textContent = r < 0 ? "not seen" : known ? D.labels[bestOf(r)] + " " + Math.round(100 * p(bestOf(r), r)) + " %" : D.statuses[A.status[r]];
    if (face.id !== active) continue;
    bars.forEach(([term, fill, value], k) => {
      const share = known ? p(k, r) : 0;
      fill.style.transform = "scaleX(" + share + ")"; value.textContent = known ? (100 * share).toFixed(1) + " %" : "–";
      term.classList.toggle("best", known && k === bestOf(r));
    });
    $("state").textContent = r < 0 ? "Not seen in this frame" : (known ? "" : "No label: " + D.statuses[A.status[r]] + ". ") + "Score " + (A.score[r] / 1e4).toFixed(2) + ", box " + boxOf(r).slice(2).map(Math.round).join(" × ") + " px";
  }
  if (!D.faces.length) $("state").textContent = D.reason || D.statuses[A.empty[at] || 1];
}
function choose(id) { active = id; card(); readout(); draw(); }

// Timeline

const span = () => Math.max(D.seconds, A.time[F - 1], SMALL);
function look(from, to) {
  if (!ready || F < 2) return;
  const whole = span(), width = Math.min(Math.max(to - from, Math.min(LEAST, whole)), whole);
  from = Math.min(Math.max(from, 0), whole - width); view = [from, from + width];
  $("scroll").hidden = width > whole * 0.999;
  const thumb = $("thumb"); thumb.style.left = 100 * from / whole + "%"; thumb.style.width = 100 * width / whole + "%";
  thumb.setAttribute("aria-valuenow", Math.round(100 * from / Math.max(whole - width, SMALL)));
  paint();
}
function zoom(by, about = now()) { const rest = (about - view[0]) / (view[1] - view[0]), width = (view[1] - view[0]) * by; const keep = rest < 0 || rest > 1 ? 0.5 : rest; look(about - keep * width, about + (1 - keep) * width); }
function paint() { if (queued) return; queued = true; requestAnimationFrame(() => { queued = false; if (ready && F > 1) paintAll(); }); }
function paintAll() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ink", "soft", "gone", "grid", "card", "line"]) ink[name] = style.getPropertyValue("--" + name).trim();
  ruler();
  for (const [id, lane] of lanes) if (lane.near) paintLane(id, lane);
  heads(now());
}
function sized(surface, height) {
  const scale = window.devicePixelRatio || 1, wide = surface.parentElement.clientWidth;
  if (surface.width !== Math.round(wide * scale) || surface.height !== Math.round(height * scale)) { surface.width = Math.round(wide * scale); surface.height = Math.round(height * scale); surface.style.height = height + "px"; }
  const pen = surface.getContext("2d"); pen.setTransform(scale, 0, 0, scale, 0, 0); pen.clearRect(0, 0, wide, height);
  return [pen, wide];
}
function ruler() {
  const [pen, wide] = sized(document.querySelector("#ruler canvas"), 24), [from, to] = view;
  const step = [0.04, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600].find((s) => s / (to - from) * wide >= 68) || 7200;
  pen.font = "11px system-ui, sans-serif"; pen.fillStyle = ink.soft; pen.strokeStyle = ink.line; pen.textBaseline = "top";
  for (let t = Math.ceil(from / step) * step; t <= to + 1e-9; t += step) {
    const x = (t - from) / (to - from) * wide; pen.fillRect(Math.round(x), 16, 1, 8);
    const text = clock(t, step < 0.1 ? 2 : step < 1 ? 1 : 0), half = pen.measureText(text).width / 2; pen.fillText(text, Math.min(Math.max(x - half, 0), wide - 2 * half), 2);
  }
  $("span").textContent = clock(from, 1) + " – " + clock(to, 1);
}
function stacked(id) {  // a face's episodes, each with the row in which it overlaps no other
  const own = state.episodes.filter((each) => each.face === id).sort((a, b) => a.onset - b.onset), free = [];
  for (const each of own) { let row = free.findIndex((end) => end <= each.onset + 1e-6); if (row < 0) row = free.length; row = Math.min(row, LEVELS - 1); free[row] = Math.max(each.offset, free[row] || 0); each.row = row; }
  return [own, Math.max(Math.min(free.length, LEVELS), 1)];
}
function paintLane(id, lane) {
  const CURVE = tall(), face = D.faces.find((each) => each.id === id), [own, levels] = stacked(id), band = levels * ROW + 6, [pen, wide] = sized(lane.canvas, band + CURVE + 8), [from, to] = view;
  lane.own = own;
  const y = (v) => band + 4 + CURVE * (1 - v), X = (t) => (t - from) / (to - from) * wide, T = (x) => from + x / wide * (to - from);
  // Rows of the table in each column of pixels.
  const edges = new Int32Array(Math.ceil(wide) + 1); for (let x = 0; x < edges.length; x++) edges[x] = frameAt(T(x));
  const rows = (x) => [lower(A.at, edges[x], face.from, face.to), lower(A.at, Math.max(edges[x + 1], edges[x] + 1), face.from, face.to)];
  pen.fillStyle = ink.gone;
  const columns = []; for (let x = 0; x < edges.length - 1; x++) { const [a, b] = rows(x); columns.push([a, b]); if (a === b || (b - a < 3 && A.status[a])) pen.fillRect(x, band + 4, 1, CURVE); }
  pen.fillStyle = ink.grid; for (const v of [0, 0.5, 1]) pen.fillRect(0, Math.round(y(v)), wide, 1);
  const first = Math.max(lower(A.at, edges[0], face.from, face.to) - 1, face.from), last = Math.min(lower(A.at, edges[edges.length - 1] + 1, face.from, face.to) + 1, face.to);
  const exact = last - first < 2 * wide;
  const order = D.labels.map((_, k) => k).sort((a, b) => (D.labels[b] === D.neutral) - (D.labels[a] === D.neutral));
  for (const k of order) {
    if (state.hidden[D.labels[k]]) continue;
    pen.beginPath(); let open = false;
    if (exact) {
      for (let r = first; r < last; r++) {
        if (A.status[r]) { open = false; continue; }
        const place = A.at[r], x = X((A.time[place] + ends(place)) / 2);
        if (open && A.at[r - 1] !== place - 1) open = false;
        pen[open ? "lineTo" : "moveTo"](x, y(p(k, r))); if (!open) pen.lineTo(x + 0.5, y(p(k, r)));
        open = true;
      }
    } else columns.forEach(([a, b], x) => {
      const pair = a < b && extremes(k, a, b);
      if (!pair) { open = false; return; }
      pen[open ? "lineTo" : "moveTo"](x + 0.5, y(pair[1])); pen.lineTo(x + 0.5, y(pair[0]) + 0.3); open = true;
    });
    pen.strokeStyle = colour(D.labels[k]); pen.lineWidth = D.labels[k] === D.neutral ? 1.1 : 1.7; pen.lineJoin = "round"; pen.stroke();
  }
  for (const each of own) block(pen, each, X, wide);
}
function block(pen, each, X, wide) {
  const left = X(each.onset), right = X(each.offset), top = 3 + each.row * ROW, width = Math.max(right - left, 2);
  if (right < -2 || left > wide + 2) return;
  const fill = colour(each.label), picked = each === chosen;
  pen.fillStyle = fill; pen.globalAlpha = picked ? 1 : 0.8; pen.beginPath(); pen.roundRect(left, top, width, ROW - 2, Math.min(3, width / 2)); pen.fill(); pen.globalAlpha = 1;
  if (each.source !== "fervid") { pen.fillStyle = ink.card; pen.fillRect(left + 1, top + ROW - 4.5, Math.max(width - 2, 1), 1.5); }
  if (picked) { pen.strokeStyle = ink.ink; pen.lineWidth = 2; pen.stroke(); }
  const shown = Math.max(left, 0), room = Math.min(right, wide) - shown;
  pen.font = "600 11px system-ui, sans-serif"; pen.textBaseline = "middle";
  if (room > 22) { pen.save(); pen.clip(); pen.fillStyle = bright(fill) ? "#14171b" : "#fff"; pen.fillText(each.label, shown + 5, top + (ROW - 2) / 2 + 0.5); pen.restore(); }
}
function bright(hex) { const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.2; }
function heads(t) {
  if (!going() && t >= A.time[at] && t < A.time[at] + 0.05) t = A.time[at];  // still: the frame's begin
  const share = (t - view[0]) / (view[1] - view[0]);
  for (const track of document.querySelectorAll(".track")) {
    const head = track.querySelector(".head"), wide = track.clientWidth;
    head.style.transform = "translateX(" + share * wide + "px)"; head.hidden = share < 0 || share > 1;
    const [a, b] = marks.map((mark) => mark === null ? null : (mark - view[0]) / (view[1] - view[0])), between = track.querySelector(".between");
    between.hidden = a === null && b === null;
    if (between.hidden) continue;
    const left = a === null ? b : a, right = b === null ? a : b;
    between.style.left = 100 * left + "%"; between.style.width = "max(2px, " + 100 * (right - left) + "%)";
  }
  for (const lane of lanes.values()) { lane.track.setAttribute("aria-valuenow", seconds(t)); lane.track.setAttribute("aria-valuetext", clock(t) + ", " + lane.now.textContent); }
}
function build() {
  const seen = new IntersectionObserver((found) => { for (const each of found) { const lane = lanes.get(Number(each.target.dataset.face)); lane.near = each.isIntersecting || D.faces.length <= 12; if (lane.near) paint(); } }, { rootMargin: "200px" });
  for (const face of D.faces) {
    const root = node("div", undefined, { className: "lane" }), who = node("div", undefined, { className: "who" }), name = node("button", called(face.id), { type: "button" }), now = node("div", "", { className: "now" });
    const track = node("div", undefined, { className: "track", tabIndex: 0 }), surface = node("canvas");
    root.dataset.face = face.id; who.append(name, now);
    if (face.flags) who.append(node("span", "⚑ " + face.flags, { className: "flag" }));
    name.addEventListener("click", () => choose(face.id));
    for (const [key, value] of [["role", "slider"], ["aria-label", "Timeline of " + plain(face.id)], ["aria-valuemin", "0"], ["aria-valuemax", seconds(span())]]) track.setAttribute(key, value);
    track.append(surface); root.append(who, track); $("lanes").append(root);
    lanes.set(face.id, { root, name, now, track, canvas: surface, own: [], near: D.faces.length <= 12 });
    seen.observe(root); pointing(track, face.id);
    $("face").append(node("option", called(face.id), { value: String(face.id) }));
  }
  pointing(document.querySelector("#ruler .track"), null);
  for (const track of document.querySelectorAll(".track")) track.append(node("div", undefined, { className: "between", hidden: true }), node("div", undefined, { className: "head" }));
  for (const label of D.labels) {
    const button = node("button", undefined, { type: "button" }); button.append(swatch(label), label); button.dataset.label = label;
    button.addEventListener("click", () => { if (state.hidden[label]) delete state.hidden[label]; else state.hidden[label] = true; keep(); legend(); paint(); });
    $("legend").append(button); $("label").append(node("option", label, { value: label }));
  }
}
function legend() { for (const button of $("legend").children) { const label = button.dataset.label; button.setAttribute("aria-pressed", String(!state.hidden[label])); button.querySelector("i").style.background = colour(label); } }
function pointing(track, id) {
  let mode = "", other = 0;
  const moment = (event) => { const edge = track.getBoundingClientRect(); return view[0] + (event.clientX - edge.left) / edge.width * (view[1] - view[0]); };
  const hit = (event) => {
    if (id === null) return null;
    const edge = track.getBoundingClientRect(), y = event.clientY - edge.top, t = moment(event), reach = EDGE / edge.width * (view[1] - view[0]);
    return lanes.get(id).own.findLast((each) => y >= 3 + each.row * ROW && y < 3 + (each.row + 1) * ROW && t >= each.onset - (each === chosen ? reach : 0) && t <= each.offset + (each === chosen ? reach : 0)) || null;
  };
  const border = (event, each) => { const reach = EDGE / track.clientWidth * (view[1] - view[0]), t = moment(event); return Math.abs(t - each.onset) < reach ? "onset" : Math.abs(t - each.offset) < reach ? "offset" : ""; };
  track.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const each = hit(event); mode = "seek";
    if (each && each === chosen && border(event, each)) { mode = border(event, each); other = mode === "onset" ? each.offset : each.onset; remember(); }
    else if (each) { select(each); mode = ""; } else { if (id !== null && id !== active) choose(id); pause(); seek(moment(event)); }
    track.setPointerCapture(event.pointerId);
  });
  track.addEventListener("pointermove", (event) => {
    if (!event.buttons) { const each = hit(event); track.style.cursor = each ? (each === chosen && border(event, each) ? "ew-resize" : "pointer") : "crosshair"; return; }
    if (mode === "seek") seek(moment(event));
    else if (mode) { const t = Math.min(Math.max(moment(event), 0), span()); if (mode === "onset" ? t < other - 0.01 : t > other + 0.01) { chosen[mode] = snapped(t); touched(chosen); fill(); paint(); } }
  });
  track.addEventListener("pointerup", () => { if (mode === "onset" || mode === "offset") changed(); mode = ""; });
  track.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) { event.preventDefault(); zoom(event.deltaY > 0 ? 1.25 : 0.8, moment(event)); }
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) { event.preventDefault(); const by = (event.deltaX || event.deltaY) / track.clientWidth * (view[1] - view[0]); look(view[0] + by, view[1] + by); }
  }, { passive: false });
}
function snapped(t) { const place = frameAt(t); return t - A.time[place] <= ends(place) - t ? A.time[place] : ends(place); }  // the nearest border of a frame

// Episodes

function remember() { past.push(JSON.stringify(state.episodes)); if (past.length > 200) past.shift(); $("undo").disabled = false; }
function undo() { if (!past.length) return; const index = state.episodes.indexOf(chosen); state.episodes = JSON.parse(past.pop()); chosen = state.episodes[index] || null; changed(); $("undo").disabled = !past.length; }
function touched(each) { if (each.source === "fervid") each.source = "corrected"; each.apex = Math.min(Math.max(each.apex, each.onset), each.offset); }
function changed() { state.episodes.sort((a, b) => a.onset - b.onset || a.face - b.face); keep(true); fill(); list(); overlaps(); paint(); }
function select(each, move = true) {
  chosen = each;
  if (each) {
    if (each.face !== active) choose(each.face);
    if (move) { pause(); seekFrame(frameAt(each.onset)); if (each.onset < view[0] || each.offset > view[1]) { const width = view[1] - view[0]; look(each.onset - width * 0.2, each.onset + width * 0.8); } }
    say(each.label + ", " + called(each.face) + ", " + seconds(each.onset) + " to " + seconds(each.offset) + " s");
  }
  fill(); picked(); paint();
}
function fill() {
  $("editor").hidden = !chosen; $("hint").hidden = !!chosen || marks.some((mark) => mark !== null);
  const [a, b] = marks, both = a !== null && b !== null && b > a;
  $("adding").hidden = a === null && b === null; $("add").disabled = !both; $("borders").disabled = !both;
  $("marks").textContent = "Marks " + (a === null ? "–" : seconds(a)) + " to " + (b === null ? "–" : seconds(b)) + " s";
  if (!chosen) { $("which").textContent = ""; return; }
  const own = state.episodes.filter((each) => each.face === chosen.face);
  $("which").textContent = own.indexOf(chosen) + 1 + " of " + own.length + ", " + called(chosen.face);
  $("label").value = chosen.label; $("onset").value = seconds(chosen.onset); $("offset").value = seconds(chosen.offset);
}
function edit(values) {
  if (!chosen) return;
  const next = { ...chosen, ...values };
  if (!(next.onset >= 0 && next.offset > next.onset && next.offset <= span() + 1e-6)) { say("An episode ends after it begins, within the video"); fill(); return; }
  remember(); Object.assign(chosen, values); touched(chosen); changed(); say("Corrected: " + chosen.label + ", " + seconds(chosen.onset) + " to " + seconds(chosen.offset) + " s");
}
function add() {
  const [onset, offset] = marks;
  if (onset === null || offset === null || offset <= onset || !D.faces.length) return;
  const face = D.faces.find((each) => each.id === active), total = new Array(K).fill(0);
  for (let r = lower(A.at, frameAt(onset), face.from, face.to); r < face.to && A.time[A.at[r]] < offset; r++) if (!A.status[r]) for (let k = 0; k < K; k++) if (D.labels[k] !== D.neutral) total[k] += p(k, r);
  remember();
  const each = { face: active, label: D.labels[total.indexOf(Math.max(...total))], onset, apex: (onset + offset) / 2, offset, source: "added" };
  state.episodes.push(each); marks = [null, null]; changed(); select(each, false); heads(now());
}
function remove() { if (!chosen) return; remember(); const index = state.episodes.indexOf(chosen); state.episodes.splice(index, 1); chosen = null; changed(); say("Deleted; Undo brings it back"); }
function mark(side) {
  if (F < 2) return;
  marks[side] = side ? ends(at) : A.time[at];
  if (marks[0] !== null && marks[1] !== null && marks[1] <= marks[0]) marks[1 - side] = null;
  fill(); heads(now());
}
function step(by) {
  const order = state.episodes.slice().sort((a, b) => a.onset - b.onset || a.face - b.face);
  if (!order.length) return;
  const t = now() + SMALL;
  let index = order.indexOf(chosen);
  if (index < 0) index = by > 0 ? order.findIndex((each) => each.onset > t) - 1 : order.filter((each) => each.onset < t - 0.03).length;
  else if (Math.abs(chosen.onset - A.time[at]) > 1 && !(t >= chosen.onset && t <= chosen.offset)) index = by > 0 ? order.filter((each) => each.onset <= t).length - 1 : order.filter((each) => each.onset < t).length;
  select(order[Math.min(Math.max(index + by, 0), order.length - 1)]);
}
const inWords = new Map();
let listed = 100;  // rows of the list that are there; more come where it is scrolled
function list() {
  inWords.clear();
  $("count").textContent = "· " + state.episodes.length;
  $("rows").replaceChildren(...state.episodes.slice(0, listed).map((each) => {
    const row = node("tr"), label = node("button", undefined, { type: "button" }), cell = node("td"); label.append(swatch(each.label), each.label); cell.append(label);
    row.append(node("td", called(each.face)), cell, ...["onset", "apex", "offset"].map((name) => node("td", seconds(each[name]))), node("td", each.peak === undefined ? "" : each.peak.toFixed(2)), node("td", each.source));
    row.addEventListener("click", () => select(each)); inWords.set(each, row); return row;
  }));
  picked(false);
}
function picked(reveal = true) {
  const index = state.episodes.indexOf(chosen);
  if (index >= listed) { listed = index + 100; list(); }
  for (const [each, row] of inWords) {
    row.setAttribute("aria-selected", String(each === chosen));
    if (!reveal || each !== chosen) continue;
    const box = $("rows").closest(".scroll"), top = row.offsetTop;
    if (top < box.scrollTop + 30 || top > box.scrollTop + box.clientHeight - 40) box.scrollTop = top - 60;
  }
}
function clashes() {
  let count = 0;
  for (const face of D.faces) { let end = -1; for (const each of state.episodes) { if (each.face !== face.id) continue; if (each.onset < end - 0.0015) count++; end = Math.max(end, each.offset); } }
  return count;
}
function overlaps() { const count = clashes(); $("overlap").hidden = !count; $("overlaps").textContent = count + (count === 1 ? " episode overlaps another" : " episodes overlap others") + " of the same face. `fervid annotate import` takes one label for each moment."; }
function cut() {  // the person's own episodes win, then the higher peaks
  remember();
  const weight = (each) => (each.source === "fervid" ? 0 : 2) + (each.peak || 0), kept = [];
  for (const each of state.episodes.slice().sort((a, b) => weight(b) - weight(a))) {
    let parts = [[each.onset, each.offset]];
    for (const other of kept) if (other.face === each.face) parts = parts.flatMap(([a, b]) => [[a, Math.min(b, other.onset)], [Math.max(a, other.offset), b]].filter(([c, d]) => d - c > 1e-6));
    const [a, b] = parts.sort((c, d) => d[1] - d[0] - c[1] + c[0])[0] || [0, 0];
    if (b - a < 0.05) continue;
    if (a !== each.onset || b !== each.offset) { each.onset = a; each.offset = b; touched(each); }
    kept.push(each);
  }
  state.episodes = kept; if (!kept.includes(chosen)) chosen = null; changed(); say("Overlaps cut");
}

// Kept in this browser

function keep(edited = false) {
  if (edited) state.edited = true;
  try { localStorage.setItem(NAME, JSON.stringify({ ...state, episodes: state.edited ? state.episodes : null })); if (edited) say("Kept in this browser; export to use it"); }
  catch { say("This browser keeps nothing: export before you close the page"); }
}
function recall() {
  let kept = null; try { kept = JSON.parse(localStorage.getItem(NAME)); } catch { /* nothing kept */ }
  if (kept && typeof kept === "object") state = { ...state, ...kept };
  const known = new Set(D.labels), faces = new Set(D.faces.map((face) => face.id));
  const valid = (each) => each && known.has(each.label) && faces.has(each.face) && each.offset > each.onset && Number.isFinite(each.apex);
  if (Array.isArray(state.episodes)) { state.episodes = state.episodes.filter(valid); say("Your corrections are here again"); }
  else state.episodes = D.episodes.map((each) => ({ ...each, source: "fervid" }));
}
function discard() { try { localStorage.removeItem(NAME); } catch { /* nothing kept */ } state = { names: {}, hidden: {}, boxes: !D.media.drawn, points: !D.media.drawn, episodes: null }; past = []; $("undo").disabled = true; chosen = null; recall(); naming(); switches(); legend(); card(); fill(); list(); overlaps(); readout(); draw(); paint(); $("keys").close(); say("Discarded"); }
function naming() { for (const [id, lane] of lanes) lane.name.textContent = called(id); for (const option of $("face").options) option.textContent = called(Number(option.value)); words(); }
function switches() { $("boxes").checked = state.boxes; $("points").checked = state.points; $("points").disabled = !D.chunk; if (!D.chunk) $("points").parentElement.title = "The table has no landmarks: predict --landmarks"; }

// Files

const safe = (text) => { const line = String(text).replace(/[\u0000-\u001f\u007f-\u009f]/g, " "); return /^'*[=+\-@]/.test(line) ? "'" + line : line; };
const quoted = (text) => /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
const six = (t) => t.toFixed(6).replace(/\.?0+$/, "");
function csv() {
  const rows = [["input", "face_id", "subject", "label", "start_seconds", "apex_seconds", "end_seconds", "source"]];
  for (const each of state.episodes) rows.push([safe(D.input), each.face, safe(state.names[each.face] || ""), safe(each.label), six(each.onset), six(each.apex), six(each.offset), each.source]);
  return rows.map((row) => row.map((cell) => quoted(String(cell))).join(",")).join("\n") + "\n";
}
const xml = (text) => String(text).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd").replace(/[&<>"']/g, (c) => "&#" + c.charCodeAt(0) + ";");
function tiersOf(face) {  // those that overlap an earlier one go to tiers of their own, as ELAN wants
  const tiers = [];
  for (const each of state.episodes.filter((other) => other.face === face)) {
    const times = [Math.round(1000 * each.onset), Math.round(1000 * each.offset)];
    if (times[0] >= times[1]) continue;
    let tier = tiers.find((other) => other[other.length - 1].times[1] <= times[0]);
    if (!tier) tiers.push(tier = []);
    tier.push({ times, label: each.label });
  }
  return tiers;
}
function eaf() {
  const tiers = D.faces.flatMap((face) => { const own = tiersOf(face.id); return (own.length ? own : [[]]).map((all, n) => ({ name: plain(face.id) + (n ? " overlap" + (n > 1 ? " " + n : "") : ""), who: called(face.id), all })); });
  const slots = tiers.flatMap((tier) => tier.all.flatMap((each) => [[each, 0], [each, 1]])).sort((a, b) => a[0].times[a[1]] - b[0].times[b[1]]);
  slots.forEach(([each, side], n) => { (each.slots ||= [])[side] = "ts" + (n + 1); });
  let id = 0;
  const media = D.media.source ? `<MEDIA_DESCRIPTOR MEDIA_URL="${xml(new URL(D.media.source, location.href).href)}" RELATIVE_MEDIA_URL="${xml("./" + D.media.source.split("/").pop())}" MIME_TYPE="${/\.mp4$/i.test(D.media.source) ? "video/mp4" : "unknown"}"/>` : "";
  const tier = (each) => `<TIER TIER_ID="${xml(each.name)}" LINGUISTIC_TYPE_REF="label" PARTICIPANT="${xml(each.who)}" ANNOTATOR="fervid page">` + each.all.map((one) => `<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a${++id}" TIME_SLOT_REF1="${one.slots[0]}" TIME_SLOT_REF2="${one.slots[1]}"><ANNOTATION_VALUE>${xml(one.label)}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>`).join("\n") + "</TIER>";
  const body = tiers.map(tier).join("\n");
  return `<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="fervid" DATE="${new Date().toISOString().replace(/\.\d+Z/, "+00:00")}" VERSION="2.8" FORMAT="2.8" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv2.8.xsd">
<HEADER TIME_UNITS="milliseconds">${media}<PROPERTY NAME="lastUsedAnnotationId">${id}</PROPERTY></HEADER>
<TIME_ORDER>${slots.map(([each, side], n) => `<TIME_SLOT TIME_SLOT_ID="ts${n + 1}" TIME_VALUE="${each.times[side]}"/>`).join("\n")}</TIME_ORDER>
${body}
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="label" TIME_ALIGNABLE="true" GRAPHIC_REFERENCES="false" CONTROLLED_VOCABULARY_REF="labels"/>
<LANGUAGE LANG_ID="und" LANG_DEF="http://cdb.iso.org/lg/CDB-00130975-001" LANG_LABEL="undetermined (und)"/>
<CONTROLLED_VOCABULARY CV_ID="labels"><DESCRIPTION LANG_REF="und">Labels of the model</DESCRIPTION>${D.labels.map((label, k) => `<CV_ENTRY_ML CVE_ID="cveid_${k}"><CVE_VALUE LANG_REF="und">${xml(label)}</CVE_VALUE></CV_ENTRY_ML>`).join("")}</CONTROLLED_VOCABULARY>
</ANNOTATION_DOCUMENT>
`;
}
function save(text, ending, kind) {
  const link = node("a", "", { href: URL.createObjectURL(new Blob([text], { type: kind })), download: D.table + ending });
  document.body.append(link); link.click(); link.remove(); setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  say("Saved " + D.table + ending + (clashes() ? "; some episodes overlap" : ""));
}

// In words, for readers who do not see the curves

function words() {
  const parts = [];
  if (D.media.note) parts.push(node("p", "Video: " + D.media.note + "."));
  if (D.reason) parts.push(node("p", "Remark: " + D.reason + "."));
  parts.push(node("p", F > 1 ? F + " frames, " + clock(span(), 1) + ", " + D.faces.length + (D.faces.length === 1 ? " face." : " faces.") : "One picture, " + D.faces.length + (D.faces.length === 1 ? " face." : " faces.")));
  for (const face of D.faces) {
    const count = new Array(K).fill(0); let all = 0;
    for (let r = face.from; r < face.to; r++) if (!A.status[r]) { count[bestOf(r)]++; all++; }
    const shares = D.labels.map((label, k) => [label, count[k] / (all || 1)]).filter(([, share]) => share > 0).sort((a, b) => b[1] - a[1]);
    parts.push(node("p", called(face.id) + ": " + (all ? shares.map(([label, share]) => label + " " + (100 * share).toFixed(1) + " %").join(", ") + " of " + all + " frames with a label" : "no label") + (face.flags ? "; less reliable: " + face.flags : "") + "."));
  }
  $("words").replaceChildren(...parts);
}

// Keys

const KEYS = {
  " ": toggle, n: () => step(1), p: () => step(-1), i: () => mark(0), o: () => mark(1), a: add, b: () => { if (!$("borders").disabled) edit({ onset: marks[0], offset: marks[1] }); },
  Delete: remove, Backspace: remove, "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "0": () => look(0, span()), Home: () => { pause(); seekFrame(0); }, End: () => { pause(); seekFrame(F - 1); },
  Escape: () => { marks = [null, null]; select(null); heads(now()); }, "?": () => $("keys").showModal(),
};
function key(event) {
  const field = event.target.closest?.("input:not([type=checkbox]), select, textarea"), name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if ($("keys").open || field) { if (field && name === "Escape") field.blur(); return; }
  if ((event.ctrlKey || event.metaKey) && name === "z") { event.preventDefault(); undo(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || !ready) return;
  if (name === "?") { KEYS["?"](); return; }
  if (F < 2 || (name === " " && event.target.closest("button, summary, input, a"))) return;
  if (name === "ArrowLeft" || name === "ArrowRight") {
    const by = name === "ArrowLeft" ? -1 : 1; pause(); event.preventDefault();
    if (event.shiftKey) seekFrame(frameAt(A.time[at] + by)); else seekFrame(at + by);
  } else if (/^[1-9]$/.test(name)) { const label = D.labels[Number(name) - 1]; if (label && chosen) edit({ label }); }
  else if (KEYS[name]) { event.preventDefault(); KEYS[name](); }
}
function listen() {
  const on = (id, run, kind = "click") => $(id).addEventListener(kind, run);
  on("play", toggle); on("back", () => { pause(); seekFrame(at - 1); }); on("on", () => { pause(); seekFrame(at + 1); });
  on("before", () => step(-1)); on("after", () => step(1)); on("undo", undo); on("help", KEYS["?"]); on("discard", discard);
  on("in", () => zoom(0.5)); on("out", () => zoom(2)); on("all", () => look(0, span()));
  on("csv", () => save(csv(), ".corrected.csv", "text/csv")); on("eaf", () => save(eaf(), ".corrected.eaf", "application/xml"));
  on("face", () => choose(Number($("face").value)), "change");
  on("name", () => { const text = $("name").value.trim(); if (text) state.names[active] = text; else delete state.names[active]; keep(); naming(); list(); draw(); fill(); }, "input");
  on("label", () => edit({ label: $("label").value }), "change");
  for (const side of ["onset", "offset"]) on(side, () => edit({ [side]: Number($(side).value) }), "change");
  on("begin-here", () => edit({ onset: A.time[at] })); on("end-here", () => edit({ offset: ends(at) })); on("borders", KEYS.b);
  on("remove", remove); on("add", add); on("clear", () => { marks = [null, null]; fill(); heads(now()); }); on("cut", cut);
  for (const what of ["boxes", "points"]) on(what, () => { state[what] = $(what).checked; keep(); draw(); }, "change");
  on("speed", () => { free.rate = Number($("speed").value); if (video) video.playbackRate = free.rate; }, "change");
  on("sound", () => { if (video) video.muted = !$("sound").checked; }, "change");
  $("rows").closest(".scroll").addEventListener("scroll", (event) => {
    const box = event.target;
    if (listed < state.episodes.length && box.scrollTop + 2 * box.clientHeight > box.scrollHeight) { listed += 200; list(); }
  });
  document.addEventListener("keydown", key);
  document.addEventListener("DOMContentLoaded", draw);
  // A click leaves the keys to the page; who comes by Tab keeps the focus.
  document.addEventListener("click", (event) => { const button = event.target.closest("button, input[type=checkbox]"); if (button && event.detail) button.blur(); });
  let grabbed = null; const thumb = $("thumb");
  thumb.addEventListener("pointerdown", (event) => { grabbed = [event.clientX, view[0]]; thumb.setPointerCapture(event.pointerId); });
  thumb.addEventListener("pointermove", (event) => { if (!grabbed) return; const from = grabbed[1] + (event.clientX - grabbed[0]) / thumb.parentElement.clientWidth * span(); look(from, from + view[1] - view[0]); });
  thumb.addEventListener("pointerup", () => { grabbed = null; });
  dark.addEventListener("change", () => { legend(); card(); list(); readout(); draw(); paint(); });
  new ResizeObserver(resize).observe(document.querySelector("main"));
  window.addEventListener("resize", resize);
  if (!video) return;
  if (video.error) unplayable();
  video.addEventListener("error", unplayable);
  for (const kind of ["play", "pause", "ended"]) video.addEventListener(kind, () => { buttons(); tick(); });
  for (const kind of ["seeked", "timeupdate"]) video.addEventListener(kind, () => { if (played) show(now()); });
  video.addEventListener("loadedmetadata", () => { if (played && !video.videoWidth) unplayable(); });
}

async function start() {
  const names = ["frame", "time", "empty", "at", "status", "box", "score", "probability"];
  const arrays = await Promise.all(names.map(unpack));
  names.forEach((name, n) => { A[name] = arrays[n]; });
  A.time = Float64Array.from(A.time, (t) => t / 1e6);
  R = A.at.length; F = A.frame.length; document.body.dataset.frames = F;
  let row = 0; for (const face of D.faces) { face.from = row; row += face.rows; face.to = row; }
  for (let r = 0; r < R; r++) { A.widest = Math.max(A.widest || 0, 1.2 * (A.box[r] + A.box[2 * R + r]) / 100); A.highest = Math.max(A.highest || 0, 1.2 * (A.box[R + r] + A.box[3 * R + r]) / 100); }
  blocks(); recall(); active = D.faces.length ? D.faces[0].id : -1; ready = true;
  build(); switches(); legend(); card(); fill(); list(); overlaps(); words(); listen();
  if (D.media.note) tell(noted());
  view = [0, span()]; resize(); show(0); readout(); look(0, span());
  requestAnimationFrame(() => requestAnimationFrame(() => { performance.mark("fervid drawn"); document.body.dataset.ready = "true"; }));
}
start().catch((error) => tell("This page cannot show its numbers (" + error + "). It needs a browser of 2023 or newer."));
})();
