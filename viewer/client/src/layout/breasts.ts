/** Mirrors and moves mammograms so that the chest walls face each other. */
import type { Workspace } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";
import type { Hangs } from "./projections.ts";

type Way = Pick<Hangs<unknown>, "flipped" | "side">;

export class Breasts {
  /** What is to be done as soon as the image is there. */
  private readonly due = new Map<Pane, Way>();

  constructor(workspace: Workspace) {
    workspace.on("shown", (pane) => this.shown(pane));
  }

  /** To be called after the panes were opened. */
  turn(panes: readonly Pane[], ways: readonly (Way | null)[]): void {
    this.due.clear();
    panes.forEach((pane, at) => {
      const way = ways[at];
      if (!way?.side) return;
      this.due.set(pane, way);
      this.shown(pane);
    });
  }

  private shown(pane: Pane): void {
    const way = this.due.get(pane);
    const { view, viewport } = pane;
    const picture = view.shownPicture;
    if (!way || !picture) return;
    this.due.delete(pane);
    if (way.flipped !== view.placement.flipped) view.flip();
    const room = Math.max(0, (viewport.clientWidth / view.zoom - picture.columns) / 2);
    view.placement = { ...view.placement, pan: [way.side === "right" ? room : -room, 0] };
  }
}
