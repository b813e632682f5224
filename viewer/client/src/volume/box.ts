/** The box that a volume is cut to: six sides along the patient's axes. */
import type { Vector3 } from "../dicom/geometry.ts";
import type { Cut } from "./cast.ts";
import { corners, type Geometry } from "./geometry.ts";

export const SIDES = ["right", "left", "front", "back", "feet", "head"] as const;

export type Side = (typeof SIDES)[number];

/** How much is cut away from each side, as a share (0 to 1) of the volume's extent there. */
export type Box = Readonly<Record<Side, number>>;

export const WHOLE: Box = { right: 0, left: 0, front: 0, back: 0, feet: 0, head: 0 };

/** Axis of each side, and whether it lies at the axis' lower end (PS3.3 C.7.6.2: +x left, +y back, +z head). */
const AXES: Readonly<Record<Side, readonly [axis: 0 | 1 | 2, isLow: boolean]>> = {
  right: [0, true],
  left: [0, false],
  front: [1, true],
  back: [1, false],
  feet: [2, true],
  head: [2, false],
};

function extent(geometry: Geometry, axis: 0 | 1 | 2): readonly [number, number] {
  const all = corners(geometry).map((corner) => corner[axis]);
  return [Math.min(...all), Math.max(...all)];
}

/** mm that are cut away from a side. */
export function depthOf(geometry: Geometry, side: Side, share: number): number {
  const [low, high] = extent(geometry, AXES[side][0]);
  return (high - low) * share;
}

/** The half-spaces that are kept; sides that cut nothing away are left out. */
export function cutsOf(geometry: Geometry, box: Box): Cut[] {
  return SIDES.filter((side) => box[side] > 0).map((side) => {
    const [axis, isLow] = AXES[side];
    const [low, high] = extent(geometry, axis);
    const away = depthOf(geometry, side, box[side]);
    const sign = isLow ? -1 : 1;
    const normal: Vector3 = [axis === 0 ? sign : 0, axis === 1 ? sign : 0, axis === 2 ? sign : 0];
    return { normal, distance: isLow ? -(low + away) : high - away };
  });
}
