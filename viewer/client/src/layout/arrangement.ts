/** A shape of viewports, and which series hangs in a place of it. */
import type { Shape } from "../panes/grid.ts";
import type { Start } from "../panes/pane.ts";
import type { SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";

export interface Arrangement extends Shape {
  /** Images of one series that follow each other, in place of series. */
  readonly tiles?: boolean;
}

export const ONE: Arrangement = { rows: 1, columns: 1 };

/** A series in a place of the screen. */
export interface Hung {
  readonly study: Study;
  readonly series: SeriesSummary;
  readonly start?: Start;
}

/** Below this width there is room for one viewport. */
export const NARROW = "(width < 900px)";

/** A series of the page's studies, which all are of one patient, by the names that a tile of the rail carries. */
export function seriesOf(
  studies: readonly Study[],
  studyUid: string,
  serverId: string,
  seriesUid: string,
): Hung | null {
  const study = studies.find(({ uid, config }) => uid === studyUid && config.serverId === serverId);
  const series = study?.config.series.find(({ uid }) => uid === seriesUid);
  return study && series ? { study, series } : null;
}
