/** One image as a picture: at its own size or as on the screen, with or without what stands on it. */
import type { Placement, Size } from "../engine/camera.ts";
import { FITTED } from "../engine/camera.ts";
import { load, registerFrames } from "../engine/loader.ts";
import type { Pane } from "../panes/pane.ts";
import { drawMarks } from "./burned.ts";
import { drawCorners } from "./corner_text.ts";
import { nativeSize, renderImage, windowFor } from "./image.ts";
import type { Subject } from "./job.ts";

export interface PictureChoice {
  readonly asOnScreen: boolean;
  readonly marks: boolean;
  readonly corners: boolean;
  readonly identity: boolean;
}

/** How the image lies in its pane, and how large that is (device pixels). */
export interface OnScreen {
  readonly placement: Placement;
  readonly size: Size;
  readonly ratio: number;
}

export function onScreen({ view, viewport }: Pane): OnScreen {
  const ratio = window.devicePixelRatio || 1;
  return {
    placement: view.placement,
    size: {
      width: Math.max(1, Math.round(viewport.clientWidth * ratio)),
      height: Math.max(1, Math.round(viewport.clientHeight * ratio)),
    },
    ratio,
  };
}

/** Letters keep their proportion to an image of this many pixels across. */
const USUAL = 512;

/** The image that the subject is at. */
export async function pictureOf(
  subject: Subject,
  choice: PictureChoice,
  screen: OnScreen,
): Promise<OffscreenCanvas> {
  const frame = subject.frames[subject.index];
  if (!frame) throw new Error("there is no image");
  registerFrames([frame], subject.study.dicomweb);
  const picture = await load(frame, "interaction");
  const { rotation, flipped, inverted } = subject;
  const own = nativeSize(frame, picture, rotation);
  const size = choice.asOnScreen ? screen.size : own;
  const placement = choice.asOnScreen ? screen.placement : { ...FITTED, rotation, flipped };
  const unit = choice.asOnScreen ? screen.ratio : Math.max(1, Math.min(own.width, own.height) / USUAL);
  const { window: chosen, greys } = subject;
  const look = { window: chosen, inverted, greys, placement, background: "#000000" };
  return renderImage(frame, picture, look, size, (context, affine) => {
    if (choice.marks) {
      const marks = subject.marks.on(subject.study, frame);
      drawMarks(context, frame, marks, subject.marks, { affine, size, unit });
    }
    if (!choice.corners) return;
    const shown = windowFor(frame, picture, subject.window);
    drawCorners(context, subject, { frame, affine, size, unit, window: shown, identity: choice.identity });
  });
}
