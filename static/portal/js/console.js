// The console asks for its parts by itself; each is replaced in its place, so no card moves, and nothing under the pointer.

import { followHtmx } from "./live.js";

followHtmx();

document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target?.matches(":hover, :focus-within")) event.detail.shouldSwap = false;
});

document.body.addEventListener("htmx:afterOnLoad", () => {
  const title = document.getElementById("console-title")?.textContent;
  if (title) document.title = `${title} · DICOM Network`;
});
