/** Keeps the layout over a reload of the same tab. */
import { part } from "../page/elements.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Layouts } from "./layouts.ts";
import type { Linking } from "./linking.ts";
import { memoryKey, remembered } from "./tab_memory.ts";

/** Remembers when the page goes; true where it hung again what it remembers from before a reload. */
export function restore(workspace: Workspace, layouts: Layouts, linking: Linking): boolean {
  window.addEventListener("pagehide", () => {
    // Planes and volumes are made anew; what stood there before them is not known here.
    if (part("grid").dataset.volume !== undefined) {
      sessionStorage.removeItem(memoryKey(workspace.study.uid));
      return;
    }
    const panes = workspace.panes.map(({ study, series, view }) =>
      study && series
        ? `${study.uid} ${study.config.serverId} ${series.uid} ${Math.max(0, view.target)}`
        : "",
    );
    const layout = { ...layouts.shown, linked: linking.isOn };
    const active = workspace.panes.indexOf(workspace.active);
    sessionStorage.setItem(memoryKey(workspace.study.uid), JSON.stringify({ layout, panes, active }));
  });
  const kept = remembered(workspace.studies);
  if (!kept) return false;
  const opened = layouts.hang(kept.plan.arrangement, kept.hung);
  const active = workspace.panes[kept.active];
  if (active) workspace.activate(active);
  void opened.then(() => {
    linking.isOn = kept.plan.linked;
  });
  return true;
}
