/** Which image of another series belongs to the one that is looked at: by place in the patient, or from a common start. */
import type { Frame } from "../dicom/frames.ts";
import { dot, type Vector3 } from "../dicom/geometry.ts";
import { centerOf, isParallel, nearestTo, planeOf, stackOf } from "./space.ts";

/** How far a series was scrolled since it was linked. */
export interface Shift {
  /** Along the normal; null for images that do not say where they lie. */
  readonly mm: number | null;
  readonly images: number;
}

/** Where a series stood when it was linked. */
export interface Anchor {
  readonly mm: number | null;
  readonly images: number;
}

/** Where somebody looks; plain data, which may come from another window. */
export interface Stand {
  readonly at: { readonly space: string; readonly center: Vector3; readonly normal: Vector3 } | null;
  readonly shift: Shift;
}

/** `space`: the same place of the patient. `shift`: as far from where it was linked. */
export type Relation = "space" | "shift";

export interface Counterpart {
  readonly relation: Relation;
  readonly index: number;
  /** False: the series does not reach there; the index is the nearest. */
  readonly here: boolean;
}

/** The place of an image along its own normal. */
export function anchorAt(frames: readonly Frame[], index: number): Anchor {
  const frame = frames[index];
  const plane = frame && planeOf(frame);
  return { mm: plane ? dot(plane.origin, plane.normal) : null, images: index };
}

export function standAt(frames: readonly Frame[], index: number, anchor: Anchor): Stand {
  const frame = frames[index];
  const plane = frame && planeOf(frame);
  const now = anchorAt(frames, index);
  return {
    at: plane ? { space: plane.space, center: centerOf(plane), normal: plane.normal } : null,
    shift: {
      mm: now.mm === null || anchor.mm === null ? null : now.mm - anchor.mm,
      images: index - anchor.images,
    },
  };
}

/** How a series can follow; null where its planes are others, so that no image of it belongs to that one. */
export function relationTo({ at, shift }: Stand, frames: readonly Frame[]): Relation | null {
  if (frames.length === 0) return null;
  const stack = stackOf(frames);
  const [first] = frames;
  const plane = first && planeOf(first);
  if (!at || !plane) return "shift";
  if (!isParallel(at.normal, plane.normal)) return null;
  if (stack && at.space === stack.space) return "space";
  return stack && shift.mm === null ? null : "shift";
}

/** The image of a series that belongs to a stand; `near`: the one that it shows now. */
export function counterpart(
  stand: Stand,
  frames: readonly Frame[],
  anchor: Anchor,
  near: number,
): Counterpart | null {
  const relation = relationTo(stand, frames);
  if (!relation) return null;
  const stack = stackOf(frames);
  if (relation === "space" && stack && stand.at) {
    return { relation, ...nearestTo(stack, dot(stand.at.center, stack.normal), near) };
  }
  const { shift } = stand;
  if (stack && shift.mm !== null && anchor.mm !== null) {
    return { relation, ...nearestTo(stack, anchor.mm + shift.mm, near) };
  }
  const wanted = anchor.images + shift.images;
  const index = Math.max(0, Math.min(frames.length - 1, wanted));
  return { relation, index, here: index === wanted };
}

/** The anchor with which a series, as it stands, has gone as far as the others. */
export function joiningAt(stand: Stand, frames: readonly Frame[], index: number): Anchor {
  const now = anchorAt(frames, index);
  const stack = stackOf(frames);
  if (relationTo(stand, frames) === "space" && stack && stand.at) {
    const mm = dot(stand.at.center, stack.normal) - (stand.shift.mm ?? 0);
    return { mm, images: index - stand.shift.images };
  }
  return {
    mm: now.mm === null ? null : now.mm - (stand.shift.mm ?? 0),
    images: index - stand.shift.images,
  };
}
