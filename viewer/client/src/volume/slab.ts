/** Through how much of the patient a plane is seen, and how. */
import type { Vector3 } from "../dicom/geometry.ts";
import { type Geometry, spacingAlong } from "./geometry.ts";
import type { Slab, SlabMode } from "./reslice.ts";
import { mappedDirection, times } from "./space.ts";

export interface SlabChoice {
  /** null: a plane, no slab. */
  readonly mode: SlabMode | null;
  /** mm. */
  readonly thickness: number;
}

export const NO_SLAB: SlabChoice = { mode: null, thickness: 10 };

export const THICKEST = 200;

/** Samples of a picture and sheets of a slab that are drawn at once, without anybody noticing (about 20 ms). */
const AT_ONCE = 2_000_000;

/** Sheets on either side of the plane: all that lie within half the thickness, one voxel apart. */
export function sheetsAside(geometry: Geometry, normal: Vector3, thickness: number): number {
  return Math.max(0, Math.floor(thickness / 2 / spacingAlong(geometry, normal) + 1e-6));
}

function slabOf(geometry: Geometry, normal: Vector3, mode: SlabMode, aside: number, every: number): Slab {
  const apart = spacingAlong(geometry, normal) * every;
  return { mode, count: 2 * aside + 1, step: mappedDirection(geometry.fromPatient, times(normal, apart)) };
}

/** The slab in full: the plane itself and every sheet of voxels beside it. */
export function fullSlab(geometry: Geometry, normal: Vector3, { mode, thickness }: SlabChoice): Slab | null {
  return mode && slabOf(geometry, normal, mode, sheetsAside(geometry, normal, thickness), 1);
}

/** The same slab with only as many of its sheets as are drawn at once in so many pixels. */
export function quickSlab(
  geometry: Geometry,
  normal: Vector3,
  { mode, thickness }: SlabChoice,
  pixels: number,
): Slab | null {
  if (!mode) return null;
  const aside = sheetsAside(geometry, normal, thickness);
  const most = Math.max(1, Math.floor((AT_ONCE / pixels - 1) / 2));
  const every = Math.max(1, Math.ceil(aside / most));
  return slabOf(geometry, normal, mode, Math.floor(aside / every), every);
}
