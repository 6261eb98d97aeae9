// One file: progress while it is coloured, then before and after with a slider, zoom, strength, quality and hints.

import { ask, describe, duration, listen, local, progress, show, text } from "./site.js";
import { Choices } from "./choices.js";
import { Cropper } from "./crop.js";
import { Hints } from "./hints.js";

const at = (id) => document.getElementById(id);
let file = JSON.parse(at("file-data").textContent);
let shown = "";
let zoom = 1;
let pending = false; // whether changes are on their way, so that an older state must not set the controls back

// === Before and after ===

function divide(percent) {
  at("before").style.clipPath = `inset(0 ${100 - percent}% 0 0)`;
  at("divider").style.left = `${percent}%`;
  at("compare").setAttribute("aria-valuetext", text("shown", { percent: 100 - Math.round(percent) }));
}

at("compare").addEventListener("input", (event) => divide(Number(event.target.value)));

function drag(event) {
  const box = at("canvas").getBoundingClientRect();
  const percent = Math.min(100, Math.max(0, 100 * (event.clientX - box.left) / box.width));
  at("compare").value = percent;
  divide(percent);
}

for (const target of [at("divider"), at("still")]) {
  target.addEventListener("pointerdown", (event) => {
    if (hints.open || (target === at("still") && (zoom > 1 || event.pointerType !== "mouse"))) return;
    event.preventDefault();
    target.setPointerCapture(event.pointerId);
    target.addEventListener("pointermove", drag);
    drag(event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    target.addEventListener(end, () => target.removeEventListener("pointermove", drag));
  }
}

// === Size ===

function fit() {
  const [width, height] = file.size;
  if (!width) return;
  const viewer = at("viewer");
  // While a colour is chosen on a small screen, the picture stays in sight above the choices.
  const most = window.innerHeight * (window.innerWidth > 820 ? (hints.open ? 0.5 : 0.66) : hints.open ? 0.34 : 0.6);
  const whole = Math.min(viewer.clientWidth, most * width / height, Math.max(width, 480));
  at("canvas").style.width = `${Math.round(whole * zoom)}px`;
  at("zoom-out").disabled = zoom <= 1;
  at("zoom-in").disabled = zoom >= 8;
}

function enlarge(factor) {
  const viewer = at("viewer");
  const middle = [(viewer.scrollLeft + viewer.clientWidth / 2) / viewer.scrollWidth,
    (viewer.scrollTop + viewer.clientHeight / 2) / viewer.scrollHeight];
  zoom = Math.min(8, Math.max(1, factor));
  fit();
  viewer.scrollLeft = middle[0] * viewer.scrollWidth - viewer.clientWidth / 2;
  viewer.scrollTop = middle[1] * viewer.scrollHeight - viewer.clientHeight / 2;
}

at("zoom-in").addEventListener("click", () => enlarge(zoom * 1.5));
at("zoom-out").addEventListener("click", () => enlarge(zoom / 1.5));
at("zoom-whole").addEventListener("click", () => enlarge(1));
window.addEventListener("resize", fit);

// === What is shown ===

function display() {
  const link = file.links.result;
  const wanted = hints.open && file.kind !== "picture" && link ? `${file.links.self}/frame?number=${hints.frame}&v=${file.version}`
    : file.kind === "picture" && link ? `${file.links.self}/after?v=${file.version}`
      : link && file.state !== "working" ? link : file.links.preview || link || "";
  at("looking").hidden = !wanted;
  at("looking").classList.toggle("cropping", cropper.open);
  at("canvas").hidden = cropper.open;
  at("cropper").hidden = !cropper.open;
  if (wanted === shown) return;
  shown = wanted;
  const playing = file.kind === "film" && wanted === link;
  at("still").hidden = playing;
  at("film").hidden = !playing;
  at("looking").classList.toggle("playing", playing);
  if (playing) at("film").src = wanted;
  else { at("film").pause(); at("still").src = wanted; }
  const before = at("before");
  before.classList.toggle("veil", file.kind !== "picture");
  before.style.backgroundImage = file.kind === "picture" && wanted ? `url("${file.links.self}/before?v=${file.version}")` : "";
  fit();
}

function update(newer) {
  const changed = newer.version !== file.version;
  file = newer;
  const here = local && file.state === "done" && !file.note;
  const words = pending && file.state !== "done" ? text("updating")
    : here ? text("done_here", { time: duration(file.seconds) }) : describe(file);
  if (at("status").textContent !== words) at("status").textContent = words;
  progress(at("progress"), file);
  const active = ["waiting", "working"].includes(file.state);
  at("stop").hidden = !active;
  at("versions-progress").hidden = !active || !file.settings.versions || file.versions.length > 0;
  at("again").hidden = !["stopped", "failed"].includes(file.state);
  at("again").textContent = text(file.state === "failed" ? "try_again" : "go_on");
  at("anyway").hidden = !(file.in_colour && !active);
  at("settings").hidden = !file.links.result;
  at("download").hidden = !file.links.result;
  if (file.links.result) at("download").href = `${file.links.result}&download`;
  at("share").hidden = !file.links.result || !sharable();
  at("paper").hidden = !file.links.result || file.kind !== "picture";
  const [width, height] = file.size;
  const centimetres = (pixels) => Math.round(pixels / 200 * 2.54); // at 200 dots an inch
  at("prints").textContent = text("prints", { width, height, across: centimetres(width), down: centimetres(height) })
    .replaceAll(" × ", "\u00a0×\u00a0");
  if (!active) pending = false;
  if (!active || changed) {
    at("strength").value = file.settings.strength;
    for (const choice of document.querySelectorAll("[name=quality]")) choice.checked = choice.value === file.settings.quality;
    cropper.update(file);
    hints.update(file);
    choices.update(file);
  }
  display();
}

// === Settings ===

async function change(values) {
  show("");
  pending = true;
  const answer = await ask(file.links.self, "PATCH", values);
  if (answer) update(answer);
  else pending = false;
}

at("strength").addEventListener("change", (event) => change({ strength: Number(event.target.value) }));
for (const choice of document.querySelectorAll("[name=quality]")) {
  choice.addEventListener("change", () => change({ quality: choice.value }));
}
at("anyway").addEventListener("click", () => change({ force: true }));
at("film").addEventListener("error", () => show(text("not_playing")));
at("stop").addEventListener("click", () => ask(`${file.links.self}/stop`, "POST"));
at("again").addEventListener("click", () => ask(`${file.links.self}/again`, "POST"));
at("delete").addEventListener("click", async () => {
  if (confirm(text("sure", file)) && await ask(file.links.self, "DELETE")) leave();
});

// === Sharing, printing, the files before and after ===

const sharable = () => Boolean(navigator.canShare?.({ files: [new File([], "picture.jpg", { type: "image/jpeg" })] }));

at("share").addEventListener("click", async () => {
  try {
    const blob = await (await fetch(file.links.result)).blob();
    await navigator.share({ files: [new File([blob], file.result_name, { type: blob.type })] });
  } catch (error) {
    if (error.name !== "AbortError") show(text("not_shared"));
  }
});
at("print").addEventListener("click", () => print());

let neighbours = [];

function between(files) {
  const place = files.findIndex((each) => each.id === file.id);
  at("neighbours").hidden = files.length < 2;
  neighbours = [files[place - 1], files[place + 1]];
  for (const [number, name] of ["previous", "next"].entries()) {
    if (neighbours[number]) at(name).href = neighbours[number].links.page;
    else at(name).removeAttribute("href");
  }
}

// Goes to a neighbour that is still there; the file itself is gone.
function leave(files = neighbours) {
  const next = [neighbours[1], neighbours[0]].find((each) => each && files.some((other) => other?.id === each.id));
  location.href = next?.links.page || "/";
}

const cropper = new Cropper(change, display);
const hints = new Hints(change, display);
const choices = new Choices(change, (newer) => { pending = true; update(newer); }, hints);
for (const [one, other] of [["crop", "hints"], ["hints", "crop"]]) {
  at(one).addEventListener("toggle", () => { if (at(one).open) at(other).open = false; });
}
at("compare").value = file.kind === "picture" ? 50 : 0;
divide(Number(at("compare").value));
update(file);
listen((files) => {
  const newer = files.find((each) => each.id === file.id);
  if (!newer) { leave(files); return; }
  between(files);
  update(newer);
});
