/** Keeps the layout over a reload of the same tab: which series stand where; no word of the patient. */
import { part } from "../page/elements.ts";
import type { Workspace } from "../page/workspace.ts";
import { seriesOf } from "./dropping.ts";
import { parseKept } from "./hanging.ts";
import type { Hung, Layouts } from "./layouts.ts";
import type { Linking } from "./linking.ts";

interface Remembered {
  readonly layout: Readonly<Record<string, unknown>>;
  /** "study server series image", or "". */
  readonly panes: readonly string[];
  readonly active: number;
}

function keyOf(workspace: Workspace): string {
  return `layout ${workspace.study.uid}`;
}

function read(workspace: Workspace): Remembered | null {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(keyOf(workspace)) ?? "null");
    if (typeof value !== "object" || value === null) return null;
    const { layout, panes, active } = value as Readonly<Record<string, unknown>>;
    if (typeof layout !== "object" || layout === null || !Array.isArray(panes)) return null;
    return {
      layout: layout as Readonly<Record<string, unknown>>,
      panes: panes.map(String),
      active: Number(active) || 0,
    };
  } catch {
    return null;
  }
}

function isReload(): boolean {
  const [entry] = performance.getEntriesByType("navigation");
  return entry instanceof PerformanceNavigationTiming && entry.type === "reload";
}

function hungOf(workspace: Workspace, words: string): Hung | null {
  const [study = "", server = "", series = "", image = "0"] = words.split(" ");
  const found = seriesOf(workspace, study, server, series);
  return found && { ...found, start: Math.max(0, Number(image) || 0) };
}

/** Remembers when the page goes; true where it hung again what it remembers from before a reload. */
export function restore(workspace: Workspace, layouts: Layouts, linking: Linking): boolean {
  window.addEventListener("pagehide", () => {
    // Planes and volumes are made anew; what stood there before them is not known here.
    if (part("grid").dataset.volume !== undefined) {
      sessionStorage.removeItem(keyOf(workspace));
      return;
    }
    const panes = workspace.panes.map(({ study, series, view }) =>
      study && series
        ? `${study.uid} ${study.config.serverId} ${series.uid} ${Math.max(0, view.target)}`
        : "",
    );
    const layout = { ...layouts.shown, linked: linking.isOn };
    const active = workspace.panes.indexOf(workspace.active);
    sessionStorage.setItem(keyOf(workspace), JSON.stringify({ layout, panes, active }));
  });
  const kept = isReload() ? read(workspace) : null;
  const plan = kept && parseKept(kept.layout);
  if (!kept || !plan || kept.panes.every((words) => hungOf(workspace, words) === null)) return false;
  const opened = layouts.hang(
    plan.arrangement,
    kept.panes.map((words) => hungOf(workspace, words)),
  );
  const active = workspace.panes[kept.active];
  if (active) workspace.activate(active);
  void opened.then(() => {
    linking.isOn = plan.linked;
  });
  return true;
}
