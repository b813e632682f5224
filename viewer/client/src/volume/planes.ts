/** The three planes through one point: where they lie, how they turn together, what they are called. */
import {
  cross,
  directionLetters,
  dot,
  type EdgeLetters,
  edgeLetters,
  negative,
  type Vector3,
} from "../dicom/geometry.ts";
import { plainNumber } from "../dicom/windows.ts";
import { _ } from "../words/say.ts";
import { along, minus, turned, unit } from "./space.ts";

export type PlaneName = "axial" | "coronal" | "sagittal";

export const PLANES: readonly PlaneName[] = ["axial", "coronal", "sagittal"];

/** A plane's own directions: to the right and down on the screen, and into it. */
export interface Directions {
  readonly right: Vector3;
  readonly down: Vector3;
  readonly normal: Vector3;
}

/** All three planes: they meet in `center` and stand on each other. */
export interface Planes {
  readonly center: Vector3;
  readonly directions: Readonly<Record<PlaneName, Directions>>;
}

function directions(right: Vector3, down: Vector3): Directions {
  return { right, down, normal: cross(right, down) };
}

/**
 * As radiologists hang them: axial seen from the feet (patient's left on the right), coronal from the front,
 * sagittal from the left (front on the left).
 */
export const PATIENT_PLANES: Planes["directions"] = {
  axial: directions([1, 0, 0], [0, 1, 0]),
  coronal: directions([1, 0, 0], [0, 0, -1]),
  sagittal: directions([0, 1, 0], [0, 0, -1]),
};

export function planesThrough(center: Vector3): Planes {
  return { center, directions: PATIENT_PLANES };
}

/** The crosshair moved; the planes keep their directions. */
export function moved(planes: Planes, center: Vector3): Planes {
  return { ...planes, center };
}

/** The other two planes turned about this one's normal, clockwise on the screen for positive angles (radians). */
export function rotated(planes: Planes, within: PlaneName, angle: number): Planes {
  const axis = planes.directions[within].normal;
  const next = { ...planes.directions };
  for (const name of PLANES) {
    if (name === within) continue;
    const { right, down } = planes.directions[name];
    next[name] = directions(unit(turned(right, axis, angle)), unit(turned(down, axis, angle)));
  }
  return { center: planes.center, directions: next };
}

/** The line in which another plane cuts this one, as a unit vector [right, down] on this one's screen. */
export function lineOf(planes: Planes, within: PlaneName, other: PlaneName): readonly [number, number] {
  const { right, down, normal } = planes.directions[within];
  const line = unit(cross(normal, planes.directions[other].normal));
  const [x, y] = [dot(line, right), dot(line, down)];
  const length = Math.hypot(x, y) || 1;
  return [x / length, y / length];
}

/** Where a point of the plane lies: mm to the right of and below the crosshair's centre. */
export function pointAt(planes: Planes, name: PlaneName, right: number, down: number): Vector3 {
  const plane = planes.directions[name];
  return along(along(planes.center, plane.right, right), plane.down, down);
}

/** mm to the right of and below the crosshair's centre, of a point projected onto the plane. */
export function offsetOf(planes: Planes, name: PlaneName, point: Vector3): readonly [number, number] {
  const way = minus(point, planes.center);
  const { right, down } = planes.directions[name];
  return [dot(way, right), dot(way, down)];
}

export function lettersOf({ right, down }: Directions): EdgeLetters {
  return edgeLetters(right, down);
}

/** The patient's axis that each plane stands on as long as it is not turned. */
const AXIS: Readonly<Record<PlaneName, 0 | 1 | 2>> = { sagittal: 0, coronal: 1, axial: 2 };

/** Degrees by which a plane is turned away from the patient's own. */
export function turnOf(planes: Planes, name: PlaneName): number {
  const cosine = Math.abs(dot(planes.directions[name].normal, PATIENT_PLANES[name].normal));
  return (Math.acos(Math.min(1, cosine)) * 180) / Math.PI;
}

/** Turned by less than this (degrees), a plane is the patient's own. */
const STRAIGHT = 0.05;

export function nameOf(planes: Planes, name: PlaneName): string {
  const isTurned = turnOf(planes, name) > STRAIGHT;
  if (name === "axial") return isTurned ? _("Axial, oblique") : _("Axial");
  if (name === "coronal") return isTurned ? _("Coronal, oblique") : _("Coronal");
  return isTurned ? _("Sagittal, oblique") : _("Sagittal");
}

/** "z −520.8 mm"; of a turned plane its turn, "turned 12.5°". */
export function positionOf(planes: Planes, name: PlaneName): string {
  const turn = turnOf(planes, name);
  if (turn > STRAIGHT) return _("turned {degrees}°", { degrees: plainNumber(turn, 1) });
  const axis = AXIS[name];
  return `${"xyz"[axis]} ${plainNumber(planes.center[axis], 1)} mm`;
}

/** Letters of a plane's two faces, for who cannot see the picture: "from F to H". */
export function faces({ normal }: Directions): readonly [string, string] {
  return [directionLetters(negative(normal)), directionLetters(normal)];
}
