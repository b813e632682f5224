/** Loads what the page can do without until the first image is there. */
import type { Workspace } from "./workspace.ts";

/** Without an image (ms). */
const LATEST = 10_000;

/** Scripts of the portal's own that the server named. */
function load(): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-later]")) {
    const { later } = element.dataset;
    element.remove();
    if (later) import(/* @vite-ignore */ later).catch((error: unknown) => console.error(error));
  }
}

export function startLater(workspace: Workspace): void {
  const timer = setTimeout(load, LATEST);
  workspace.on("shown", () => {
    clearTimeout(timer);
    // Once the image is on the screen.
    setTimeout(load, 0);
  });
}
