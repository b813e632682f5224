/** The rail of series: pictures, names and counts, which one is open, how much of it is loaded. */
import type { DicomWeb } from "../http/dicomweb.ts";
import { mayHoldImages, type SeriesSummary } from "./config.ts";
import { keepFocus, press } from "./elements.ts";

/** Thumbnails asked for at once. */
const AT_ONCE = 2;

export class Rail {
  private readonly buttons = new Map<string, HTMLButtonElement>();

  constructor(
    private readonly series: readonly SeriesSummary[],
    onChoose: (series: SeriesSummary) => void,
  ) {
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-series-button]")) {
      const chosen = series.find(({ uid }) => uid === button.dataset.seriesUid);
      if (!chosen) continue;
      this.buttons.set(chosen.uid, button);
      keepFocus(button);
      button.addEventListener("click", () => onChoose(chosen));
    }
  }

  open(uid: string): void {
    for (const [key, button] of this.buttons) press(button, key === uid);
    this.buttons.get(uid)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  progress(uid: string, share: number): void {
    const button = this.buttons.get(uid);
    if (!button) return;
    button.style.setProperty("--share", String(share));
    button.toggleAttribute("data-loading", share < 1);
  }

  /** Takes the pictures away. */
  forget(): void {
    for (const button of this.buttons.values()) {
      const image = button.querySelector("img");
      if (!image) continue;
      image.hidden = true;
      image.removeAttribute("src");
    }
  }

  /** Fetches the pictures one after the other; a series without one keeps its tile of words. */
  async loadThumbnails(dicomweb: DicomWeb, studyInstanceUid: string): Promise<void> {
    const waiting = this.series.filter(mayHoldImages);
    const take = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        await this.loadThumbnail(dicomweb, studyInstanceUid, next.uid).catch(() => {});
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, take));
  }

  private async loadThumbnail(dicomweb: DicomWeb, studyInstanceUid: string, uid: string): Promise<void> {
    const image = this.buttons.get(uid)?.querySelector("img");
    if (!image) return;
    const address = await dicomweb.seriesAddress(studyInstanceUid, uid);
    const url = URL.createObjectURL(await dicomweb.thumbnail(address));
    image.addEventListener("load", () => {
      image.hidden = false;
      URL.revokeObjectURL(url);
    });
    image.addEventListener("error", () => URL.revokeObjectURL(url));
    image.src = url;
  }
}
