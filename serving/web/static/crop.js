// Turning, straightening and cropping: a frame over the whole scan. Nothing changes before Apply, and all can be taken back.

import { ask, text } from "./site.js";

const at = (id) => document.getElementById(id);
const WHOLE = { turn: 0, x: 0.5, y: 0.5, width: 1, height: 1, angle: 0 };
const CORNERS = [["left", "top"], ["right", "top"], ["right", "bottom"], ["left", "bottom"]];
const LEAST = 0.05; // of the width or height

function rotated([x, y], degrees) {
  const angle = degrees * Math.PI / 180;
  return [x * Math.cos(angle) - y * Math.sin(angle), x * Math.sin(angle) + y * Math.cos(angle)];
}

export class Cropper {
  constructor(change, display) {
    this.file = null;
    this.crop = WHOLE;
    this.fresh = true; // whether the frame is still that of the whole picture, which follows the angle
    at("crop").addEventListener("toggle", () => {
      this.load();
      display();
    });
    at("whole").addEventListener("load", () => this.show(this.crop));
    at("turn-left").addEventListener("click", () => this.turn(3));
    at("turn-right").addEventListener("click", () => this.turn(1));
    at("straighten").addEventListener("input", () => this.straighten(Number(at("straighten").value)));
    at("apply").addEventListener("click", () => { at("crop").open = false; change({ crop: this.crop }); });
    at("whole-again").addEventListener("click", () => { at("crop").open = false; change({ crop: WHOLE }); });
    at("stretch").addEventListener("change", () => change({ stretch: at("stretch").checked }));
    at("split").addEventListener("click", async () => {
      if (await ask(`${this.file.links.self}/split`, "POST")) location.href = "/";
    });
    this.corners = CORNERS.map((sides, number) => {
      const corner = document.createElement("button");
      corner.type = "button";
      corner.classList.toggle("right", sides[0] === "right"); // the handles lie inside of the frame
      corner.classList.toggle("down", sides[1] === "bottom");
      corner.setAttribute("aria-label", text("corner", { number: number + 1 }));
      corner.addEventListener("keydown", (event) => {
        const moves = { ArrowLeft: [-0.01, 0], ArrowRight: [0.01, 0], ArrowUp: [0, -0.01], ArrowDown: [0, 0.01] };
        if (!(event.key in moves)) return;
        event.preventDefault();
        this.move(sides, moves[event.key]);
      });
      this.drag(corner, sides);
      at("cropper").append(corner);
      return corner;
    });
    this.drag(at("crop-frame"), null);
    window.addEventListener("resize", () => { if (this.open) this.show(this.crop); });
  }

  get open() { return at("crop").open; }

  // Width and height of the turned picture, in pixels of its view.
  get size() {
    const { naturalWidth: width, naturalHeight: height } = at("whole");
    return this.crop.turn % 2 ? [height, width] : [width, height];
  }

  // Takes over what the website knows.
  update(file) {
    const before = this.file?.settings.crop;
    this.file = file;
    at("crop").hidden = file.kind !== "picture";
    at("stretch").checked = file.settings.stretch;
    const pages = file.pages > 1;
    const count = pages ? file.pages : file.parts.length;
    at("splitting").hidden = !count;
    at("split").textContent = pages ? text("split_pages", { count }) : text("split", { count });
    at("split-note").textContent = pages ? text("split_pages_note", { count }) : text("split_note", { count });
    if (JSON.stringify(before) !== JSON.stringify(file.settings.crop)) this.load();
  }

  load() {
    if (!this.open) return;
    at("whole").src = `${this.file.links.self}/whole?v=${this.file.version}`;
    this.show(this.file.settings.crop);
  }

  show(crop) {
    this.crop = crop;
    this.fresh = crop.width === 1 && crop.height === 1;
    const [width, height] = this.size;
    if (!width || !this.open) return;
    const [x, y] = rotated([(crop.x - 0.5) * width, (crop.y - 0.5) * height], -crop.angle);
    const [right, down] = [x / width + 0.5, y / height + 0.5];
    this.frame = { left: right - crop.width / 2, right: right + crop.width / 2, top: down - crop.height / 2, bottom: down + crop.height / 2 };
    this.draw();
  }

  turn(quarters) {
    const { left, right, top, bottom } = this.frame;
    this.frame = quarters === 1 ? { left: 1 - bottom, right: 1 - top, top: left, bottom: right }
      : { left: top, right: bottom, top: 1 - right, bottom: 1 - left };
    this.crop = { ...this.crop, turn: (this.crop.turn + quarters) % 4 };
    this.take();
  }

  straighten(degrees) {
    this.crop = { ...this.crop, angle: -degrees };
    if (this.fresh) { // the largest frame without empty corners
      const [width, height] = this.size;
      const angle = Math.abs(degrees) * Math.PI / 180;
      const half = 0.5 / (Math.cos(angle) + Math.max(width / height, height / width) * Math.sin(angle));
      this.frame = { left: 0.5 - half, right: 0.5 + half, top: 0.5 - half, bottom: 0.5 + half };
    }
    this.take();
  }

  // Moves sides of the frame, or all of it.
  move(sides, [right, down]) {
    const frame = { ...this.frame };
    if (!sides) {
      right = Math.min(1 - frame.right, Math.max(-frame.left, right));
      down = Math.min(1 - frame.bottom, Math.max(-frame.top, down));
    }
    for (const side of sides || ["left", "right", "top", "bottom"]) {
      frame[side] = Math.min(1, Math.max(0, frame[side] + (side === "left" || side === "right" ? right : down)));
    }
    if (frame.right - frame.left < LEAST || frame.bottom - frame.top < LEAST) return;
    this.frame = frame;
    this.fresh = false;
    this.take();
  }

  // The frame on the screen is upright and the picture turned under it; the crop says it the other way round.
  take() {
    const [width, height] = this.size;
    const { left, right, top, bottom } = this.frame;
    const [x, y] = rotated([((left + right) / 2 - 0.5) * width, ((top + bottom) / 2 - 0.5) * height], this.crop.angle);
    const inside = (value) => Math.min(1, Math.max(0, value));
    this.crop = { ...this.crop, x: inside(x / width + 0.5), y: inside(y / height + 0.5), width: right - left, height: bottom - top };
    this.draw();
  }

  drag(element, sides) {
    const moved = (event) => {
      const box = at("cropper").getBoundingClientRect();
      this.move(sides, [(event.clientX - this.last[0]) / box.width, (event.clientY - this.last[1]) / box.height]);
      this.last = [event.clientX, event.clientY];
    };
    element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      element.focus();
      this.last = [event.clientX, event.clientY];
      element.setPointerCapture(event.pointerId);
      element.addEventListener("pointermove", moved);
    });
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => element.removeEventListener("pointermove", moved));
  }

  draw() {
    const [width, height] = this.size;
    const across = Math.min(at("viewer").clientWidth, window.innerHeight * (window.innerWidth > 820 ? 0.66 : 0.4) * width / height);
    const down = across * height / width;
    const { turn, angle } = this.crop;
    Object.assign(at("cropper").style, { width: `${across}px`, height: `${down}px` });
    Object.assign(at("whole").style, { width: `${turn % 2 ? down : across}px`, transform: `translate(-50%, -50%) rotate(${90 * turn - angle}deg)` });
    const percent = (value) => `${100 * value}%`;
    const { left, right, top, bottom } = this.frame;
    Object.assign(at("crop-frame").style, { left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top) });
    this.corners.forEach((corner, number) => {
      const [across, down] = CORNERS[number];
      Object.assign(corner.style, { left: percent(this.frame[across]), top: percent(this.frame[down]) });
    });
    at("straighten").value = -angle;
    at("straighten").setAttribute("aria-valuetext", `${(-angle).toFixed(1)}°`);
    this.outline(turn || angle || !this.fresh ? [] : this.file.parts);
  }

  // Shows which photographs were found on a scan.
  outline(parts) {
    at("parts").replaceChildren(...parts.map((part) => {
      const made = document.createElement("i");
      Object.assign(made.style, {
        left: `${100 * part.x}%`, top: `${100 * part.y}%`, width: `${100 * part.width}%`, height: `${100 * part.height}%`,
        transform: `translate(-50%, -50%) rotate(${part.angle}deg)`,
      });
      return made;
    }));
  }
}
