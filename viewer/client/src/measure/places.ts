/** Names the image on which a mark stands: a frame of an instance, or a plane cut through a volume. */
import type { Frame } from "../dicom/frames.ts";
import { isMade } from "../engine/made.ts";
import type { Place } from "./marks.ts";

export type ImageName = Omit<Place, "seriesUid">;

const PLANE = "plane ";

/** A plane has no UID: where it lies and how it is turned is its name, so that no other plane shows its marks. */
function planeName({ row, column, position }: Frame): string {
  const numbers = [row, column, position].flatMap((vector) => [...(vector ?? [])]);
  return `${PLANE}${numbers.map((value) => value.toFixed(3)).join(" ")}`;
}

export function nameOf(frame: Frame): ImageName {
  if (isMade(frame)) return { sopInstanceUid: planeName(frame), frameNumber: 1 };
  return { sopInstanceUid: frame.sopInstanceUid, frameNumber: frame.frameNumber };
}

/** True for a mark on a plane that was cut here: no instance holds that image, so the mark cannot be kept. */
export function isOnPlane({ sopInstanceUid }: ImageName): boolean {
  return sopInstanceUid.startsWith(PLANE);
}

export function keyOf({ sopInstanceUid, frameNumber }: ImageName): string {
  return `${sopInstanceUid} ${frameNumber}`;
}
