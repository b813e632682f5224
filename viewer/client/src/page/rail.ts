/** The rail of series: pictures, names and counts, which one is open, how much of it is loaded. */
import type { Pane } from "../panes/pane.ts";
import { mayHoldImages, type SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { press } from "./elements.ts";

/** Thumbnails asked for at once. */
const AT_ONCE = 2;

export class Rail {
  private readonly tiles = new Map<string, HTMLButtonElement>();

  constructor(
    private readonly studies: readonly Study[],
    onChoose: (study: Study, series: SeriesSummary) => void,
  ) {
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-series-button]")) {
      const study = studies.find(
        ({ uid, config }) =>
          uid === button.dataset.studyUid && config.serverId === (button.dataset.serverId ?? config.serverId),
      );
      const series = study?.config.series.find(({ uid }) => uid === button.dataset.seriesUid);
      if (!study || !series) continue;
      this.tiles.set(keyOf(study, series), button);
      button.addEventListener("click", (event) => {
        onChoose(study, series);
        // Not by refusing the press, which would refuse dragging too: a click by mouse leaves keys with the image.
        if (event.detail > 0) button.blur();
      });
    }
  }

  /** Marks the series that are on the screen; the active one is scrolled into sight. */
  show(panes: readonly Pane[], active: Pane): void {
    const keys = new Set(panes.map(keyOfPane));
    const activeKey = keyOfPane(active);
    for (const [key, button] of this.tiles) {
      press(button, key === activeKey);
      button.toggleAttribute("data-shown", keys.has(key));
    }
    this.tiles.get(activeKey)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  progress(pane: Pane, share: number): void {
    const button = this.tiles.get(keyOfPane(pane));
    if (!button) return;
    button.style.setProperty("--share", String(share));
    button.toggleAttribute("data-loading", share < 1);
  }

  /** Takes the pictures of a study away. */
  forget(study: Study): void {
    for (const series of study.config.series) {
      const image = this.tiles.get(keyOf(study, series))?.querySelector("img");
      if (!image) continue;
      image.hidden = true;
      image.removeAttribute("src");
    }
  }

  /** Fetches the pictures one after the other; a series without one keeps its tile of words. */
  async loadThumbnails(): Promise<void> {
    const waiting = this.studies.flatMap((study) =>
      study.config.series.filter(mayHoldImages).map((series) => ({ study, series })),
    );
    const take = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        await this.loadThumbnail(next.study, next.series).catch(() => {});
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, take));
  }

  private async loadThumbnail(study: Study, series: SeriesSummary): Promise<void> {
    const image = this.tiles.get(keyOf(study, series))?.querySelector("img");
    if (!image) return;
    const address = await study.dicomweb.seriesAddress(study.uid, series.uid);
    const url = URL.createObjectURL(await study.dicomweb.thumbnail(address));
    image.addEventListener("load", () => {
      image.hidden = false;
      URL.revokeObjectURL(url);
    });
    image.addEventListener("error", () => URL.revokeObjectURL(url));
    image.src = url;
  }
}

function keyOf(study: Study, series: SeriesSummary): string {
  return `${study.config.serverId} ${study.uid} ${series.uid}`;
}

function keyOfPane({ study, series }: Pane): string {
  return study && series ? keyOf(study, series) : "";
}
