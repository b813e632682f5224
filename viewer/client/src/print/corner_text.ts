/** Writes the four corners and the letters into a picture, as they stand on the screen. */
import type { Frame } from "../dicom/frames.ts";
import { type Window, windowLabel } from "../dicom/windows.ts";
import type { Affine, Size } from "../engine/camera.ts";
import { lettersOn } from "../engine/letters.ts";
import { patientLines, placeLine, studyLines, techniqueLine } from "../panes/corners.ts";
import { seriesName } from "../studies/config.ts";
import { _ } from "../words/say.ts";
import type { Context } from "./image.ts";
import { fitted, font, writeOnImage } from "./ink.ts";
import type { Subject } from "./job.ts";

export interface CornerPlace {
  readonly frame: Frame;
  readonly affine: Affine;
  readonly size: Size;
  /** Pixels of the picture for a CSS pixel of the screen. */
  readonly unit: number;
  readonly window: Window | null;
  readonly identity: boolean;
}

const TEXT = 13;
const LINE = 17;
const EDGE = 8;

/** Without identity: nothing of patient, institution, dates; and no description, in which anything may stand. */
function cornerLines(subject: Subject, { frame, window, identity }: CornerPlace): Record<string, string[]> {
  const { study, series, config, index, frames, modality } = subject;
  const number = series.number === null ? "" : _("Series {n}", { n: series.number });
  const anonymous = [modality, number].filter((words) => words !== "").join(", ");
  return {
    topLeft: identity ? patientLines(frame, study.config, config.language) : [],
    topRight: identity ? studyLines(frame, study.config, config.language) : [],
    bottomLeft: [
      identity ? seriesName(series) : anonymous,
      _("Image {n} of {count}", { n: index + 1, count: frames.length }),
      placeLine(frame),
      techniqueLine(frame),
    ],
    bottomRight: [window ? windowLabel(window) : ""],
  };
}

export function drawCorners(context: Context, subject: Subject, place: CornerPlace): void {
  const { size, unit, frame, affine } = place;
  const [width, height] = [size.width / unit, size.height / unit];
  const corners = cornerLines(subject, place);
  context.save();
  context.scale(unit, unit);
  context.font = font(TEXT, 500);
  const write = (name: string, align: "left" | "right", atTop: boolean) => {
    const lines = (corners[name] ?? []).filter((line) => line !== "");
    const first = atTop ? EDGE + TEXT : height - EDGE - (lines.length - 1) * LINE - 3;
    lines.forEach((line, index) => {
      const x = align === "left" ? EDGE : width - EDGE;
      context.font = font(TEXT, 500);
      writeOnImage(context, fitted(context, line, width * 0.46), x, first + index * LINE, {
        size: TEXT,
        align,
      });
    });
  };
  write("topLeft", "left", true);
  write("topRight", "right", true);
  write("bottomLeft", "left", false);
  write("bottomRight", "right", false);
  const letters = lettersOn(frame, affine);
  const middle = height / 2 + TEXT * 0.35;
  const style = { size: TEXT + 1, weight: 600 };
  writeOnImage(context, letters.left, EDGE, middle, style);
  writeOnImage(context, letters.right, width - EDGE, middle, { ...style, align: "right" });
  writeOnImage(context, letters.top, width / 2, EDGE + TEXT, { ...style, align: "center" });
  writeOnImage(context, letters.bottom, width / 2, height - EDGE, { ...style, align: "center" });
  context.restore();
}
