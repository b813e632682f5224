/** Which sides of the patient lie at the edges of the screen, however the image is turned. */
import type { Frame } from "../dicom/frames.ts";
import {
  type EdgeLetters,
  edgeLetters,
  NO_LETTERS,
  oppositeLetters,
  statedDirections,
  type Vector3,
} from "../dicom/geometry.ts";
import { type Affine, inverse } from "./camera.ts";

/** Along the image's own axes, where a direction on the screen leads: [along rows, down columns]. */
function onImage(affine: Affine, x: number, y: number): readonly [number, number] {
  const { a, b, c, d } = inverse(affine);
  const [right, down] = [a * x + c * y, b * x + d * y];
  const length = Math.hypot(right, down) || 1;
  return [right / length, down / length];
}

function mixed(row: Vector3, column: Vector3, [right, down]: readonly [number, number]): Vector3 {
  return [
    row[0] * right + column[0] * down,
    row[1] * right + column[1] * down,
    row[2] * right + column[2] * down,
  ];
}

/** Letters from Patient Orientation: only along the image's own axes. */
function stated(frame: Frame, affine: Affine): EdgeLetters {
  const directions = statedDirections(frame.dataSet);
  if (!directions) return NO_LETTERS;
  const { right, bottom } = directions;
  const along = (x: number, y: number): string => {
    const [across, down] = onImage(affine, x, y);
    if (Math.abs(across) > 0.999) return across > 0 ? right : oppositeLetters(right);
    if (Math.abs(down) > 0.999) return down > 0 ? bottom : oppositeLetters(bottom);
    return "";
  };
  return { top: along(0, -1), right: along(1, 0), bottom: along(0, 1), left: along(-1, 0) };
}

export function lettersOn(frame: Frame | null, affine: Affine | null): EdgeLetters {
  if (!frame || !affine) return NO_LETTERS;
  const { row, column } = frame;
  if (!row || !column) return stated(frame, affine);
  return edgeLetters(mixed(row, column, onImage(affine, 1, 0)), mixed(row, column, onImage(affine, 0, 1)));
}
