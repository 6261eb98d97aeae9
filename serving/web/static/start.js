// The start page: files come in by button, drop, clipboard or as a sample; each has a line with its state.

import { ask, describe, headers, largest, listen, progress, show, text } from "./site.js";

const list = document.getElementById("files");
const rows = new Map();
const begun = new Set(); // what this page sent and is not done yet
const sending = [];
const batch = stored(); // what was sent together, and what of it was refused: kept over a reload
let busy = 0;
let unfinished = false;

function stored() {
  try { return JSON.parse(sessionStorage.getItem("batch")) || { sent: [], refused: [] }; } catch { return { sent: [], refused: [] }; }
}

function store() {
  try { sessionStorage.setItem("batch", JSON.stringify(batch)); } catch { /* then a reload forgets it */ }
}

// Begins a new batch, unless files of the last one are still on their way.
function begin() {
  if (busy || unfinished) return;
  batch.sent = [];
  for (const refusal of [...batch.refused]) forget(refusal);
  store();
}

function sent(file) {
  begun.add(file.id);
  batch.sent.push(file.id);
  unfinished = true;
  store();
}

function button(label, name, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "small";
  made.textContent = label;
  made.setAttribute("aria-label", name);
  made.addEventListener("click", action);
  return made;
}

function row(key, name) {
  if (rows.has(key)) return rows.get(key);
  const item = document.createElement("li");
  const image = document.createElement("div");
  image.className = "empty";
  const middle = document.createElement("div");
  const title = document.createElement("p");
  title.className = "name";
  title.textContent = name;
  const state = document.createElement("p");
  state.className = "quiet";
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", name);
  middle.append(title, state, bar);
  const actions = document.createElement("div");
  actions.className = "row";
  item.append(image, middle, actions);
  list.prepend(item);
  const made = { item, image, state, bar, actions, drawn: "" };
  rows.set(key, made);
  document.getElementById("yours").hidden = false;
  return made;
}

function picture(line, address) {
  if (!address || line.address === address) return;
  line.address = address;
  const image = document.createElement("img");
  image.alt = "";
  image.addEventListener("load", () => { line.image.replaceWith(image); line.image = image; });
  image.src = address;
}

function actions(line, file) {
  const kind = `${file.state} ${file.links.result}`;
  if (line.drawn === kind) return;
  line.drawn = kind;
  const made = [];
  if (["waiting", "working"].includes(file.state)) {
    made.push(button(text("stop"), text("stop_this", file), () => ask(`${file.links.self}/stop`, "POST")));
  }
  if (file.links.result || file.state === "stopped") {
    const look = document.createElement("a");
    look.className = "button small";
    look.href = file.links.page;
    look.textContent = text("open");
    look.setAttribute("aria-label", text("open_this", file));
    made.push(look);
  }
  if (file.links.result) {
    const save = document.createElement("a");
    save.className = "button small";
    save.href = `${file.links.result}&download`;
    save.textContent = text("download");
    save.setAttribute("aria-label", text("download_this", file));
    made.push(save);
  }
  if (!["waiting", "working"].includes(file.state)) {
    made.push(button("×", text("delete_this", file), async () => {
      if (confirm(text("sure", file))) await ask(file.links.self, "DELETE");
    }));
  }
  line.actions.replaceChildren(...made);
}

let newest = [];

function update(every) {
  newest = every;
  // The gallery has all; here are those that are worked on, and the newest.
  const files = every.filter((file, number) => number < 12 || active(file) || batch.sent.includes(file.id));
  const present = new Set(files.map((file) => file.id));
  for (const [key, line] of rows) {
    if (!present.has(key) && !line.sending && !begun.has(key)) { line.item.remove(); rows.delete(key); }
  }
  for (const file of [...files].reverse()) {
    const line = row(file.id, file.name);
    const words = describe(file);
    if (line.state.textContent !== words) line.state.textContent = words;
    progress(line.bar, file);
    picture(line, file.links.preview || file.links.thumbnail);
    actions(line, file);
    if (begun.has(file.id) && ["done", "failed", "stopped"].includes(file.state)) {
      document.getElementById("live").textContent = `${file.name}: ${words}`;
      const alone = batch.sent.length === 1 && !batch.refused.length && !sending.length && !busy;
      begun.delete(file.id);
      if (alone && file.state === "done") location.href = file.links.page;
    }
  }
  const own = every.filter((file) => batch.sent.includes(file.id));
  unfinished = own.some(active) || batch.sent.some((id) => begun.has(id));
  summarize(own);
  document.getElementById("yours").hidden = rows.size === 0;
}

// How much of a file is done, from 0 to 1.
function part(file) {
  if (!active(file)) return 1;
  return file.progress.total ? file.progress.done / file.progress.total : 0;
}

const active = (file) => ["waiting", "working"].includes(file.state);

// Says how many files of a batch are done, and what is wrong with the others.
function summarize(own) {
  const done = own.filter((file) => file.state === "done");
  const faults = own.filter((file) => ["failed", "stopped"].includes(file.state)).map((file) => ({ name: file.name, message: describe(file) }));
  faults.push(...batch.refused);
  const count = own.length + batch.refused.length + sending.length + busy;
  document.getElementById("summary").hidden = count < 2;
  if (count < 2) return;
  const over = !unfinished && !busy;
  const bar = document.getElementById("summary-progress");
  bar.hidden = over;
  bar.value = own.reduce((sum, file) => sum + part(file), batch.refused.length) / count;
  const words = !over ? text("so_far", { done: done.length, count })
    : faults.length ? text("some_done", { done: done.length, failed: faults.length }) : text("all_done", { count });
  const line = document.getElementById("summary-text");
  if (line.textContent !== words) {
    line.textContent = words;
    if (over) document.getElementById("live").textContent = words;
  }
  document.getElementById("faults").replaceChildren(...(over ? faults : []).map((fault) => {
    const made = document.createElement("li");
    made.textContent = `${fault.name}: ${fault.message}`;
    return made;
  }));
  const zip = document.getElementById("zip");
  zip.hidden = done.length < 2;
  zip.href = `/api/results.zip?files=${done.map((file) => file.id).join(",")}`;
}

// A file that was not taken: its line stays until its user removes it.
function refuse(refusal) {
  const key = refusal;
  const line = row(key, refusal.name);
  line.sending = true;
  line.state.textContent = `${text("failed")}: ${refusal.message}`;
  line.bar.hidden = true;
  line.actions.replaceChildren(button("×", text("delete_this", refusal), () => { forget(refusal); store(); update(newest); }));
}

function forget(refusal) {
  rows.get(refusal)?.item.remove();
  rows.delete(refusal);
  batch.refused.splice(batch.refused.indexOf(refusal), 1);
}

// XMLHttpRequest, since fetch does not tell how much is sent.
function send(file, name) {
  const key = Symbol(name);
  const line = row(key, name);
  line.sending = true;
  const failed = (message) => {
    line.item.remove();
    rows.delete(key);
    const refusal = { name, message };
    batch.refused.push(refusal);
    store();
    refuse(refusal);
    document.getElementById("live").textContent = `${name}: ${message}`;
  };
  if (file.size > largest) {
    failed(text("too_large", { size: Math.round(largest / 1e6) }));
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/files?name=${encodeURIComponent(name)}`);
    for (const [header, value] of Object.entries(headers)) request.setRequestHeader(header, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      line.bar.value = event.loaded / event.total;
      line.state.textContent = text("sending", { percent: Math.round(100 * event.loaded / event.total) });
    });
    request.addEventListener("load", () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* a proxy's page */ }
      if (request.status === 201) {
        sent(answer);
        line.item.remove();
        rows.delete(key);
        row(answer.id, answer.name);
      } else failed(answer.error || text("no_connection"));
      resolve();
    });
    request.addEventListener("error", () => { failed(text("no_connection")); resolve(); });
    request.send(file);
  });
}

async function take(files) {
  begin();
  sending.push(...files);
  if (busy) return;
  busy = 1;
  while (sending.length) {
    const file = sending.shift();
    await send(file, file.name || "picture.png");
  }
  busy = 0;
  update(newest);
}

document.getElementById("choose").addEventListener("change", (event) => {
  take([...event.target.files]);
  event.target.value = "";
});

const drop = document.getElementById("drop");
document.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take([...event.dataTransfer.files]);
});
document.addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  if (files.length) take(files);
});
for (const sample of document.querySelectorAll("[data-sample]")) {
  sample.addEventListener("click", async () => {
    show("");
    const file = await ask(`/api/samples/${sample.dataset.sample}`, "POST");
    if (file) { begin(); sent(file); row(file.id, file.name); }
  });
}
batch.refused.forEach(refuse);
listen(update);
