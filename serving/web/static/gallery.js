// The gallery: deleting one result, or all of them.

import { ask, text } from "./site.js";

for (const item of document.querySelectorAll(".gallery li")) {
  item.querySelector("[data-delete]").addEventListener("click", async () => {
    const next = item.nextElementSibling || item.previousElementSibling;
    if (!confirm(text("sure", { name: item.dataset.name }))) return;
    if (!await ask(`/api/files/${item.dataset.id}`, "DELETE")) return;
    item.remove();
    if (next) next.querySelector("a").focus();
    else location.reload();
  });
}
document.getElementById("delete-all")?.addEventListener("click", async () => {
  if (confirm(text("sure_all")) && await ask("/api/files", "DELETE")) location.reload();
});
