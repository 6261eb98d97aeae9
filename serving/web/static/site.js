// What all pages share: texts, requests, messages, and events.

const data = JSON.parse(document.getElementById("script-data").textContent);
export const { largest, local } = data;

export function text(name, values = {}) {
  return data.texts[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

export function show(message) {
  const box = document.getElementById("message");
  box.replaceChildren();
  if (!message) return;
  const words = document.createElement("span");
  words.textContent = message;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "small";
  close.textContent = "×";
  close.setAttribute("aria-label", text("close"));
  close.addEventListener("click", () => box.replaceChildren());
  box.append(words, close);
}

export const headers = { "X-CSRF-Token": data.csrf };

// Sends a request; shows what went wrong and then returns null.
export async function ask(address, method = "GET", body = undefined) {
  const options = { method, headers: { ...headers } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  try {
    const answer = await fetch(address, options);
    if (answer.status === 204) return {};
    const values = await answer.json();
    if (answer.ok) return values;
    show(values.error);
  } catch {
    show(text("no_connection"));
  }
  return null;
}

// Calls `update` with all files, the newest first, at every change: by server-sent events, or by asking where those are
// not to be had. A lost connection is said, and tried again.
export function listen(update) {
  let pollTimer = 0, retryTimer = 0, lostTimer = 0;
  let known = new Map();
  let source = null;
  const lost = () => { lostTimer ||= setTimeout(() => show(text("lost")), 4000); };
  const found = () => {
    clearTimeout(lostTimer);
    lostTimer = 0;
    if (document.querySelector("#message span")?.textContent === text("lost")) show("");
  };
  const poll = async () => {
    clearTimeout(pollTimer);
    try {
      const answer = await fetch("/api/files");
      if (answer.ok) { update((await answer.json()).files); found(); }
    } catch { lost(); }
    pollTimer = setTimeout(poll, 2000);
  };
  const connect = () => {
    source?.close();
    source = new EventSource("/api/events");
    source.addEventListener("open", () => { known = new Map(); clearTimeout(pollTimer); found(); }); // begins with all files
    source.addEventListener("files", (event) => {
      const changes = JSON.parse(event.data);
      const added = changes.files.filter((file) => !known.has(file.id)).map((file) => [file.id, file]);
      for (const file of changes.files) if (known.has(file.id)) known.set(file.id, file);
      known = new Map([...added, ...known]);
      for (const id of changes.gone) known.delete(id);
      update([...known.values()]);
    });
    source.addEventListener("end", connect); // as each stream does after a minute
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) { lost(); return; } // the browser itself tries again
      poll();
      retryTimer = setTimeout(connect, 15000);
    });
  };
  connect();
  window.addEventListener("pagehide", () => {
    source.close();
    for (const timer of [pollTimer, retryTimer, lostTimer]) clearTimeout(timer);
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

export function duration(seconds) {
  if (seconds < 60) return text("seconds", { count: Math.max(1, Math.round(seconds)) });
  return text("minutes", { count: Math.round(seconds / 60) });
}

// One line on how a file is.
export function describe(file) {
  if (file.state === "waiting") return file.place ? text("waiting_after", { count: file.place }) : text("waiting");
  if (file.state === "working") {
    const { done, total, seconds_left: left } = file.progress;
    const parts = [text("working")];
    if (done) parts.push(total ? text("frames", { done, total }) : text("frames_done", { done }));
    if (left !== null && left > 1) parts.push(text("left", { time: duration(left) }));
    return parts.join(" · ");
  }
  const state = text(file.state, { time: duration(file.seconds) });
  if (file.in_colour) return file.note;
  return file.note ? `${state}: ${file.note}` : state;
}

// Sets a progress bar; without a value it only shows that something goes on.
export function progress(bar, file) {
  bar.hidden = !["waiting", "working"].includes(file.state);
  if (file.progress.total) bar.value = file.progress.done / file.progress.total;
  else bar.removeAttribute("value");
}
