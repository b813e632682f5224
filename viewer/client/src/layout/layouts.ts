/** How many viewports stand on the screen and which series each of them shows. */
import type { Workspace } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";
import { mayHoldImages, type SeriesSummary } from "../studies/config.ts";
import { _ } from "../words/say.ts";
import { type Arrangement, type Hung, NARROW, ONE } from "./arrangement.ts";
import { Tiles } from "./tiles.ts";

export const ONE_OVER_THREE: Arrangement = { rows: 1, columns: 3, large: true };

export function nameOf({ rows, columns, large, tiles }: Arrangement): string {
  if (large) return _("1 over {n}", { n: rows * columns });
  if (rows * columns === 1) return _("One large");
  return tiles ? _("{rows} × {columns} images", { rows, columns }) : `${rows} × ${columns}`;
}

/** Series that hold images, beginning after one of them and going round. */
export function seriesAfter(all: readonly SeriesSummary[], uid: string | undefined): SeriesSummary[] {
  const withImages = all.filter(mayHoldImages);
  const at = withImages.findIndex((series) => series.uid === uid);
  return [...withImages.slice(at + 1), ...withImages.slice(0, at + 1)];
}

export class Layouts {
  private current: Arrangement = ONE;
  private readonly tiles: Tiles;
  private arranging = false;
  private readonly listeners = new Set<() => void>();
  private readonly narrow = matchMedia(NARROW);

  constructor(private readonly workspace: Workspace) {
    this.tiles = new Tiles(workspace);
    this.narrow.addEventListener("change", () => this.narrow.matches && this.show(ONE));
  }

  get shown(): Arrangement {
    return this.current;
  }

  get isNarrow(): boolean {
    return this.narrow.matches;
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Changes the shape; places that come into being take the series that follow, as far as there are any. */
  show(arrangement: Arrangement): void {
    const hadTiles = this.current.tiles === true;
    const wanted = this.shape(arrangement);
    const { active, panes } = this.workspace;
    if (hadTiles && !wanted.tiles) for (const pane of panes) if (pane !== active) pane.empty();
    if (wanted.tiles) this.tiles.start();
    else this.fill();
    this.told();
  }

  /** Hangs series into places; places without one are empty. */
  hang(arrangement: Arrangement, series: readonly (Hung | null)[]): Promise<void> {
    const shaped = this.shape(arrangement);
    const opened = this.workspace.panes.map((pane, at) => {
      const hung = series[at] ?? null;
      if (!hung) {
        if (!shaped.tiles) pane.empty();
        return Promise.resolve();
      }
      if (shows(pane, hung)) return Promise.resolve();
      return this.workspace.open(hung.study, hung.series, pane, hung.start);
    });
    if (shaped.tiles) this.tiles.start();
    this.told();
    return Promise.all(opened).then(() => {});
  }

  private shape(arrangement: Arrangement): Arrangement {
    const wanted = this.narrow.matches ? ONE : arrangement;
    this.tiles.stop();
    this.current = wanted;
    this.arranging = true;
    this.workspace.arrange(wanted.rows, wanted.columns, wanted.large);
    this.arranging = false;
    return wanted;
  }

  /** Another part of the page arranged the panes by itself. */
  noteOtherShape(): void {
    if (this.arranging) return;
    this.tiles.stop();
    this.current = this.workspace.grid.shape;
    this.told();
  }

  private fill(): void {
    const { workspace } = this;
    const { study, series } = workspace.active;
    const from = study ?? workspace.study;
    const shown = new Set(workspace.panes.map((pane) => pane.series?.uid));
    const next = seriesAfter(from.config.series, series?.uid).filter(({ uid }) => !shown.has(uid));
    for (const pane of workspace.panes) {
      if (pane.messages.state !== "empty") continue;
      const following = next.shift();
      if (following) void this.workspace.open(from, following, pane);
    }
  }

  private told(): void {
    for (const listener of this.listeners) listener();
  }
}

function shows(pane: Pane, { study, series, start }: Hung): boolean {
  return start === undefined && pane.study === study && pane.series?.uid === series.uid;
}
