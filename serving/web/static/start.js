// The start page: files come in by button, drop, clipboard or as a sample; each has a line with its state.

import { ask, describe, headers, largest, listen, progress, show, text } from "./site.js";

const list = document.getElementById("files");
const rows = new Map();
const begun = new Set(); // what this page sent: the first one to be done is shown when it was alone
const sending = [];
let busy = 0;

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

function update(every) {
  // The gallery has all; here are those that are worked on, and the newest.
  const files = every.filter((file, number) => number < 12 || ["waiting", "working"].includes(file.state));
  const present = new Set(files.map((file) => file.id));
  for (const [key, line] of rows) {
    if (!present.has(key) && !line.sending) { line.item.remove(); rows.delete(key); }
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
      const alone = begun.size === 1 && !sending.length && !busy;
      begun.delete(file.id);
      if (alone && file.state === "done") location.href = file.links.page;
    }
  }
  document.getElementById("yours").hidden = rows.size === 0;
}

// XMLHttpRequest, since fetch does not tell how much is sent.
function send(file, name) {
  const key = Symbol(name);
  const line = row(key, name);
  line.sending = true;
  const failed = (message) => {
    line.state.textContent = `${text("failed")}: ${message}`;
    line.bar.hidden = true;
    line.actions.replaceChildren(button("×", text("delete_this", { name }), () => { line.item.remove(); rows.delete(key); }));
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
        begun.add(answer.id);
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
  sending.push(...files);
  if (busy) return;
  busy = 1;
  while (sending.length) {
    const file = sending.shift();
    await send(file, file.name || "picture.png");
  }
  busy = 0;
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
    if (file) { begun.add(file.id); row(file.id, file.name); }
  });
}
listen(update);
