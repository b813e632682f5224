/** Says under the badge what is odd about the images of a pane. */
import { type Flag, flagsOf } from "../dicom/flags.ts";
import { plainNumber } from "../dicom/windows.ts";
import { pictureOf } from "../engine/loader.ts";
import { _, _n } from "../words/say.ts";
import type { Pane, Workspace } from "./host.ts";

/** A flag in words. */
export function flagWords(flag: Flag): string {
  switch (flag.kind) {
    case "tilted":
      return _("Tilted {degrees}°", { degrees: plainNumber(flag.degrees) });
    case "missing":
      return _n("{n} slice missing after {image}", "{n} slices missing after {image}", flag.count, {
        image: flag.after,
      });
    case "uneven":
      return _("Slices {least} to {greatest} mm apart", {
        least: plainNumber(flag.least, 1),
        greatest: plainNumber(flag.greatest, 1),
      });
    case "doubles":
      return _n("{n} image at the place of another", "{n} images at the place of others", flag.count);
    case "sizes":
      return _n("Images of {n} size", "Images of {n} sizes", flag.count);
    case "directions":
      return _n("Slices in {n} direction", "Slices in {n} directions", flag.count);
    case "unplaced":
      return _n("{n} image without a place", "{n} images without a place", flag.count);
  }
}

function failedWords(failed: number, total: number): string | null {
  if (failed === 0) return null;
  return _n("{n} of {total} images cannot be shown", "{n} of {total} images cannot be shown", failed, {
    total,
  });
}

function reducedWords({ view }: Pane): string | null {
  const picture = view.frame && pictureOf(view.frame);
  const reduced = picture?.kind === "color" && picture.isReduced;
  return reduced ? _("Reduced: drawn by the DICOM Server") : null;
}

function unfitWords({ view }: Pane): string | null {
  const picture = view.frame && pictureOf(view.frame);
  return picture?.leavesPixels ? _("Rows and columns do not fit the pixels: the image may be wrong") : null;
}

function flag(pane: Pane): void {
  const words = flagsOf(pane.view.frames).map(flagWords);
  pane.notice("stack", words.length > 0 ? words.join("\n") : null);
}

export function startFlags(workspace: Workspace): void {
  const flagged = new WeakMap<Pane, unknown>();
  // The same images opened again are flagged again: what stood under the badge went with them.
  workspace.on("opened", (pane) => flagged.delete(pane));
  workspace.on("shown", (pane) => {
    if (flagged.get(pane) !== pane.view.frames) {
      flagged.set(pane, pane.view.frames);
      flag(pane);
    }
    pane.notice("reduced", reducedWords(pane));
    pane.notice("unfit", unfitWords(pane));
  });
  workspace.on("progress", ({ pane, progress: { failed, total } }) => {
    pane.notice("failed", failedWords(failed.size, total));
  });
}
