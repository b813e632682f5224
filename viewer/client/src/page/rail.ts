/** The rail of series: pictures, names and counts, which one is open, how much of it is loaded. */
import { isMade } from "../engine/made.ts";
import type { Pane } from "../panes/pane.ts";
import { mayHoldImages, type SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { press } from "./elements.ts";
import { icon } from "./icons.ts";

/** Thumbnails asked for at once. */
const AT_ONCE = 2;

interface Wanted {
  readonly study: Study;
  readonly series: SeriesSummary;
}

export class Rail {
  private readonly tiles = new Map<string, HTMLButtonElement>();
  private readonly waiting: Wanted[] = [];
  private running = 0;

  constructor(
    private readonly studies: readonly Study[],
    onChoose: (study: Study, series: SeriesSummary) => void,
  ) {
    // Looked up and not searched: a study may have thousands of series.
    const byUid = new Map(
      studies.map((study) => [study, new Map(study.config.series.map((one) => [one.uid, one]))]),
    );
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-series-button]")) {
      const study = studies.find(
        ({ uid, config }) =>
          uid === button.dataset.studyUid && config.serverId === (button.dataset.serverId ?? config.serverId),
      );
      const series = study && byUid.get(study)?.get(button.dataset.seriesUid ?? "");
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

  /** The portal counts instances; one of them may hold a whole film. */
  count(pane: Pane): void {
    const { frames } = pane.view;
    const [first] = frames;
    const words = this.tiles.get(keyOfPane(pane))?.querySelector(".series-count")?.firstChild;
    if (words && first && !isMade(first)) words.textContent = String(frames.length);
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

  /** Fetches the pictures of the tiles that come into sight; a series without one keeps its tile of words. */
  loadThumbnails(): void {
    const wanted = new Map<Element, Wanted>();
    for (const study of this.studies) {
      for (const series of study.config.series.filter(mayHoldImages)) {
        const tile = this.tiles.get(keyOf(study, series));
        if (tile) wanted.set(tile, { study, series });
      }
    }
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          const found = isIntersecting && wanted.get(target);
          if (!found) continue;
          observer.unobserve(target);
          this.waiting.push(found);
        }
        this.loadNext();
      },
      { rootMargin: "300px" },
    );
    for (const tile of wanted.keys()) observer.observe(tile);
  }

  private loadNext(): void {
    while (this.running < AT_ONCE) {
      const next = this.waiting.shift();
      if (!next) return;
      this.running += 1;
      this.loadThumbnail(next.study, next.series)
        .catch(() => {})
        .finally(() => {
          this.running -= 1;
          this.loadNext();
        });
    }
  }

  private async loadThumbnail(study: Study, series: SeriesSummary): Promise<void> {
    const tile = this.tiles.get(keyOf(study, series));
    const image = tile?.querySelector("img");
    if (!tile || !image) return;
    const kind = await study.kind(series);
    if (kind === "video") tile.querySelector(".series-tile")?.prepend(icon("play-fill"));
    if (kind !== "images") return;
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
