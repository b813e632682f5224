/** One viewport over the whole stage and back; the page over the whole screen and back. */
import type { Workspace } from "../page/workspace.ts";
import { _ } from "../words/say.ts";

export function startFull(workspace: Workspace, grid: HTMLElement): void {
  const { commands } = workspace;
  const draw = () => commands.show("one-full", grid.hasAttribute("data-full"));
  commands.add(
    {
      id: "one-full",
      group: "view",
      title: _("One viewport full, and back"),
      keys: ["Q"],
      run: () => {
        grid.toggleAttribute("data-full");
        draw();
      },
      enabled: () => workspace.panes.length > 1,
    },
    {
      id: "full-screen",
      group: "view",
      title: _("Full screen, and back"),
      keys: ["Shift+F"],
      run: () => {
        const asked = document.fullscreenElement
          ? document.exitFullscreen()
          : document.documentElement.requestFullscreen();
        // A browser that does not allow it has its own key.
        asked.catch((error: unknown) => console.warn(error));
      },
      enabled: () => document.fullscreenEnabled,
    },
  );
  document.addEventListener("fullscreenchange", () => {
    commands.show("full-screen", document.fullscreenElement !== null);
  });
  workspace.on("layout", () => {
    grid.removeAttribute("data-full");
    draw();
  });
}
