/** Remembers what the panes showed, and brings it back. */
import type { Window } from "../dicom/windows.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Shape } from "../panes/grid.ts";
import type { Start } from "../panes/pane.ts";
import type { SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";

interface Shown {
  readonly study: Study;
  readonly series: SeriesSummary;
  readonly start: Start | undefined;
  readonly window: Window | null;
}

export interface Before {
  readonly shape: Shape;
  readonly active: number;
  readonly shown: readonly (Shown | null)[];
}

export function remember({ grid, panes, active }: Workspace): Before {
  const shown = panes.map(({ study, series, view }): Shown | null => {
    if (!study || !series) return null;
    const { frame } = view;
    const start = frame
      ? { sopInstanceUid: frame.sopInstanceUid, frameNumber: frame.frameNumber }
      : undefined;
    return { study, series, start, window: view.ownWindow ? null : view.window };
  });
  return { shape: grid.shape, active: panes.indexOf(active), shown };
}

/** `start` and `window` replace those of the pane that was active. */
export async function bringBack(
  workspace: Workspace,
  before: Before,
  start?: Start,
  window?: Window | null,
): Promise<void> {
  const { rows, columns, large } = before.shape;
  workspace.arrange(rows, columns, large);
  const active = workspace.panes[before.active];
  if (active) workspace.activate(active);
  await Promise.all(
    workspace.panes.map(async (pane, index) => {
      const shown = before.shown[index];
      if (!shown) {
        pane.close();
        pane.messages.state = "empty";
        return;
      }
      const isActive = index === before.active;
      await pane.open(shown.study, shown.series, isActive && start ? start : shown.start);
      const wanted = isActive && window !== undefined ? window : shown.window;
      if (wanted) pane.view.setWindow(wanted);
    }),
  );
}
