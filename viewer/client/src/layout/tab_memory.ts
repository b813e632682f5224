/** What a tab remembers of its layout over a reload: which series stand where; no word of the patient. */
import type { Study } from "../studies/study.ts";
import { type Hung, seriesOf } from "./arrangement.ts";
import { type KeptPlan, parseKept } from "./hanging.ts";

export interface Remembered {
  readonly plan: KeptPlan;
  readonly hung: readonly (Hung | null)[];
  /** Place of the active viewport. */
  readonly active: number;
}

export function memoryKey(studyUid: string): string {
  return `layout ${studyUid}`;
}

function isReload(): boolean {
  const [entry] = performance.getEntriesByType("navigation");
  return entry instanceof PerformanceNavigationTiming && entry.type === "reload";
}

/** "study server series image", or "" of an empty place. */
function hungOf(studies: readonly Study[], words: string): Hung | null {
  const [study = "", server = "", series = "", image = "0"] = words.split(" ");
  const found = seriesOf(studies, study, server, series);
  return found && { ...found, start: Math.max(0, Number(image) || 0) };
}

/** What stood in this tab before it was loaded again; null where it was not, or where nothing of it is here. */
export function remembered(studies: readonly Study[]): Remembered | null {
  if (!isReload()) return null;
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(memoryKey(studies[0]?.uid ?? "")) ?? "null");
    if (typeof value !== "object" || value === null) return null;
    const { layout, panes, active } = value as Readonly<Record<string, unknown>>;
    if (typeof layout !== "object" || layout === null || !Array.isArray(panes)) return null;
    const plan = parseKept(layout as Readonly<Record<string, unknown>>);
    const hung = panes.map((words) => hungOf(studies, String(words)));
    return plan && hung.some((one) => one !== null) ? { plan, hung, active: Number(active) || 0 } : null;
  } catch {
    return null;
  }
}
