/** What this folder uses of the page, under names of its own. */
export type { Layer, Workspace } from "../page/workspace.ts";
export type { Pane } from "../panes/pane.ts";
export type { SeriesSummary } from "../studies/config.ts";
export type { Study } from "../studies/study.ts";
