/** Frames whose pictures are made here, such as planes cut through a volume: nothing of them is fetched or kept. */
import type { Frame } from "../dicom/frames.ts";
import type { Picture } from "./picture.ts";

export interface MadeFrame extends Frame {
  /** The picture as it is now; called for each time that it is shown. */
  make(): Picture;
  /** What stands in the corners in place of the usual, by item. */
  words?(): Readonly<Record<string, string>>;
  /** The badge; absent: that of the images. */
  quality?(): Quality;
}

export interface Quality {
  readonly words: string;
  readonly full: boolean;
}

/** Made frames are no instances: nothing can be saved under their name. */
export function isMade(frame: Frame): frame is MadeFrame {
  return "make" in frame;
}
