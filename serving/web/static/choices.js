// Versions of a picture to start from, and a reference picture, whose colours the network takes for what is alike.

import { ask, headers, show, text } from "./site.js";

const at = (id) => document.getElementById(id);
const facts = (hints) => JSON.stringify(hints.map((hint) => [hint.x, hint.y, hint.rgb]));

export class Choices {
  constructor(change, update, hints) {
    this.update_file = update;
    this.hints = hints;
    at("versions").addEventListener("toggle", () => {
      if (at("versions").open && !this.file.settings.versions) change({ versions: true });
    });
    at("reference-file").addEventListener("change", (event) => {
      this.give(event.target.files[0]);
      event.target.value = "";
    });
    at("reference-remove").addEventListener("click", async () => {
      const file = await ask(`${this.file.links.self}/reference`, "DELETE");
      if (file) this.update_file(file);
    });
    const zone = at("reference-drop");
    for (const name of ["dragover", "dragleave", "drop"]) {
      zone.addEventListener(name, (event) => {
        event.preventDefault();
        zone.classList.toggle("over", name === "dragover");
        if (name === "drop") this.give(event.dataTransfer.files[0]);
      });
    }
  }

  update(file) {
    this.file = file;
    at("versions").hidden = !file.offers.includes("versions");
    at("reference").hidden = !file.offers.includes("reference") && !file.settings.reference;
    at("reference-given").hidden = !file.links.reference;
    if (file.links.reference) at("reference-shown").src = file.links.reference;
    at("no-versions").hidden = !file.settings.versions || file.versions.length !== 1;
    at("version-list").hidden = file.versions.length < 2;
    const drawn = JSON.stringify(file.versions);
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      at("version-list").replaceChildren(...file.versions.map((version, number) => {
        const button = document.createElement("button");
        const image = document.createElement("img");
        button.type = "button";
        image.src = version.thumbnail;
        image.alt = text("version", { number: number + 1 });
        button.append(image);
        button.addEventListener("click", () => this.hints.set(version.hints));
        return button;
      }));
    }
    for (const [number, button] of [...at("version-list").children].entries()) {
      button.setAttribute("aria-pressed", facts(file.versions[number].hints) === facts(file.settings.hints));
    }
  }

  // Sends a picture as the reference.
  async give(picture) {
    if (!picture) return;
    show("");
    try {
      const answer = await fetch(`${this.file.links.self}/reference`, { method: "PUT", headers, body: picture });
      const values = await answer.json();
      if (answer.ok) this.update_file(values);
      else show(values.error);
    } catch {
      show(text("no_connection"));
    }
  }
}
