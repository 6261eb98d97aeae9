// Colour hints: a spot is chosen by click, touch or keyboard, then its colour; each is added to the file's settings.

import { ask, headers, text } from "./site.js";

const at = (id) => document.getElementById(id);
const hex = (rgb) => `#${rgb.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
const facts = (hint) => [hint.x, hint.y, hint.rgb, hint.reach, hint.frame, hint.darken];
const parts = (colour) => [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));

export class Hints {
  constructor(change, display) {
    this.change = change;
    this.display = display;
    this.history = [[]]; // every list of hints since the page was opened
    this.now = 0; // which of them holds
    this.spot = null;
    this.frame = 0;
    const canvas = at("canvas");
    canvas.addEventListener("click", (event) => {
      if (!this.open) return;
      const box = canvas.getBoundingClientRect();
      this.choose((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    });
    at("viewer").addEventListener("keydown", (event) => this.key(event));
    at("hints").addEventListener("toggle", () => {
      at("looking").classList.toggle("hinting", this.open);
      at("spot").hidden = !this.open || !this.spot;
      this.draw();
      this.display();
      window.dispatchEvent(new Event("resize"));
    });
    at("frame").addEventListener("input", () => {
      this.frame = Number(at("frame").value);
      at("frame-number").textContent = this.frame + 1;
      this.spot = null;
      at("spot").hidden = true;
      this.draw();
    });
    at("frame").addEventListener("change", () => this.display());
    at("still").addEventListener("load", () => { at("draft").hidden = true; });
    at("colour").addEventListener("input", () => this.preview(parts(at("colour").value)));
    at("use-colour").addEventListener("click", () => this.add(parts(at("colour").value)));
    at("keep-colour").addEventListener("click", () => this.add(null));
    at("undo").addEventListener("click", () => this.go(this.now - 1));
    at("redo").addEventListener("click", () => this.go(this.now + 1));
    document.addEventListener("keydown", (event) => {
      const key = event.key.toLowerCase();
      if (!(event.ctrlKey || event.metaKey) || !["z", "y"].includes(key) || !this.open) return;
      const button = at(key === "y" || event.shiftKey ? "redo" : "undo");
      if (button.disabled) return;
      event.preventDefault();
      button.click();
    });
    at("clear-hints").addEventListener("click", () => this.set([]));
    for (const name of ["reach", "darken"]) {
      at(name).addEventListener("change", () => {
        const own = this.given.find((hint) => this.isHere(hint));
        if (own) this.set(this.including(own.rgb));
      });
    }
  }

  get open() { return at("hints").open; }

  get given() { return this.history[this.now]; }

  // Takes over what the website knows.
  update(file) {
    this.file = file;
    const hints = file.settings.hints;
    if (JSON.stringify(hints.map(facts)) !== JSON.stringify(this.given.map(facts))) { // of before a reload, or of another tab
      this.history = [...hints.keys(), hints.length].map((count) => hints.slice(0, count));
      this.now = hints.length;
    }
    this.enable();
    at("frame-field").hidden = file.kind === "picture";
    at("frame").max = Math.max(0, file.frames - 1);
    at("frame-number").textContent = this.frame + 1;
    this.draw();
  }

  key(event) {
    if (!this.open) return;
    const step = event.shiftKey ? 0.1 : 0.02;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    this.cross ??= { x: 0.5, y: 0.5 };
    if (event.key in moves) {
      const [right, down] = moves[event.key];
      this.cross = { x: Math.min(1, Math.max(0, this.cross.x + right)), y: Math.min(1, Math.max(0, this.cross.y + down)) };
      this.draw();
    } else if (event.key === "Enter") this.choose(this.cross.x, this.cross.y, true);
    else return;
    event.preventDefault();
  }

  async choose(x, y, byKeyboard = false) {
    x = Math.min(1, Math.max(0, x));
    y = Math.min(1, Math.max(0, y));
    this.spot = { x, y };
    this.cross = { x, y };
    this.draw();
    const colours = await ask(`${this.file.links.self}/colours?x=${x.toFixed(4)}&y=${y.toFixed(4)}&frame=${this.frame}`);
    if (!colours) return;
    at("likely").replaceChildren(...colours.likely.map((rgb) => {
      const swatch = document.createElement("button");
      swatch.type = "button";
      swatch.style.backgroundColor = hex(rgb);
      swatch.setAttribute("aria-label", text("use_colour", { colour: hex(rgb) }));
      swatch.addEventListener("click", () => this.add(rgb));
      for (const name of ["pointerenter", "focus"]) swatch.addEventListener(name, () => this.preview(rgb));
      for (const name of ["pointerleave", "blur"]) {
        swatch.addEventListener(name, () => { if (this.pointed === rgb) this.preview(null); });
      }
      return swatch;
    }));
    at("too-light").hidden = !colours.too_light;
    at("darken-choice").hidden = this.file.kind !== "picture";
    at("darken").checked = false;
    at("spot").hidden = false;
    if (byKeyboard) at("likely").firstElementChild.focus();
  }

  // The hints with one more, for the spot.
  including(rgb) {
    const darken = !at("too-light").hidden && at("darken").checked;
    const hint = { x: this.spot.x, y: this.spot.y, rgb, reach: Number(at("reach").value), frame: this.frame, darken };
    return [...this.given.filter((old) => !this.isHere(old)), hint];
  }

  isHere(hint) { return hint.x === this.spot?.x && hint.y === this.spot?.y && hint.frame === this.frame; }

  // Shows the picture as it would be with a colour that is pointed at, where nothing else is to be done; null ends that.
  preview(rgb) {
    clearTimeout(this.soon);
    this.pointed = rgb;
    const canvas = at("draft");
    if (!rgb) canvas.hidden = true;
    if (!rgb || !this.spot) return;
    this.soon = setTimeout(async () => {
      const sent = { ...headers, "Content-Type": "application/json" };
      const body = JSON.stringify({ hints: this.including(rgb) });
      const answer = await fetch(`${this.file.links.self}/draft`, { method: "POST", headers: sent, body }).catch(() => null);
      if (!answer?.ok) return;
      const picture = await createImageBitmap(await answer.blob());
      if (this.pointed !== rgb) return;
      [canvas.width, canvas.height] = [picture.width, picture.height];
      canvas.getContext("2d").drawImage(picture, 0, 0);
      canvas.hidden = false;
    }, 150);
  }

  add(rgb) {
    if (!this.spot) return;
    clearTimeout(this.soon);
    this.pointed = null; // what is shown of it stays until the result is there
    this.set(this.including(rgb));
  }

  set(hints) {
    this.history = [...this.history.slice(0, this.now + 1), hints];
    this.go(this.now + 1);
  }

  go(number) {
    this.now = number;
    this.enable();
    this.draw();
    this.change({ hints: this.given });
  }

  enable() {
    at("undo").disabled = this.now === 0;
    at("redo").disabled = this.now === this.history.length - 1;
    at("clear-hints").disabled = this.given.length === 0;
  }

  draw() {
    const pins = at("pins");
    pins.replaceChildren();
    if (!this.open) return;
    const pin = (x, y, colour) => {
      const made = document.createElement("i");
      made.style.left = `${100 * x}%`;
      made.style.top = `${100 * y}%`;
      if (colour) made.style.backgroundColor = colour;
      else made.className = "cross";
      pins.append(made);
    };
    for (const hint of this.given) if (hint.frame === this.frame) pin(hint.x, hint.y, hint.rgb ? hex(hint.rgb) : "transparent");
    if (this.cross) pin(this.cross.x, this.cross.y, "");
  }
}
