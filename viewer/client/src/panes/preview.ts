/** A small picture that stands where the image will be, with a badge that says so, until the image itself is here. */
import { write } from "../page/elements.ts";
import { _ } from "../words/say.ts";
import type { Parts } from "./parts.ts";

/** What `key` of a preview says: one series of one study. */
export function previewKey(studyInstanceUid: string, seriesInstanceUid: string): string {
  return `${studyInstanceUid} ${seriesInstanceUid}`;
}

export class Preview {
  constructor(private readonly parts: Parts) {}

  private get image(): HTMLImageElement {
    return this.parts.get<HTMLImageElement>("preview");
  }

  isOf(key: string): boolean {
    return this.image.dataset.key === key;
  }

  /** Shows the picture of a series once it is here, unless the image or another series was quicker. */
  async begin(key: string, picture: Promise<Blob>): Promise<void> {
    const { image } = this;
    // The page begins with it before the rest of its code has come.
    if (this.isOf(key)) return;
    this.end();
    image.dataset.key = key;
    try {
      const url = URL.createObjectURL(await picture);
      if (!this.isOf(key)) {
        URL.revokeObjectURL(url);
        return;
      }
      image.src = url;
      await image.decode();
    } catch {
      // Without it the reader waits for the image, and hears there what is wrong.
      return;
    }
    if (!this.isOf(key)) return;
    image.hidden = false;
    this.say(_("Preview"));
  }

  /** Some of the image itself has come: a share from 0 to 1. */
  arriving(share: number): void {
    if (this.image.hidden) return;
    this.say(_("Preview, {percent} % loaded", { percent: Math.floor(share * 100) }));
  }

  /** Takes it off. */
  end(): void {
    const { image } = this;
    delete image.dataset.key;
    image.hidden = true;
    this.parts.get("preview-badge").hidden = true;
    if (image.src !== "") URL.revokeObjectURL(image.src);
    image.removeAttribute("src");
  }

  private say(words: string): void {
    write(this.parts.get("preview-words"), words);
    this.parts.get("preview-badge").hidden = false;
    // The badge says it all.
    this.parts.get("waiting").hidden = true;
  }
}
