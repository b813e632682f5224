/** Arithmetic of points and directions in the patient's space (mm, PS3.3 C.7.6.2: +x left, +y back, +z head). */
import { cross, dot, type Vector3 } from "../dicom/geometry.ts";

export function plus(a: Vector3, b: Vector3): Vector3 {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

export function minus(a: Vector3, b: Vector3): Vector3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function times(a: Vector3, factor: number): Vector3 {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

/** a + b·factor: where one arrives from a, going along b. */
export function along(a: Vector3, b: Vector3, factor: number): Vector3 {
  return [a[0] + b[0] * factor, a[1] + b[1] * factor, a[2] + b[2] * factor];
}

export function size(a: Vector3): number {
  return Math.hypot(a[0], a[1], a[2]);
}

/** The same direction with length 1; a direction of no length is a mistake of the caller. */
export function unit(a: Vector3): Vector3 {
  const length = size(a);
  if (!(length > 0)) throw new RangeError("a direction has no length");
  return times(a, 1 / length);
}

/** `a` turned about the unit vector `axis` by `angle` (radians, right-handed; Rodrigues' formula). */
export function turned(a: Vector3, axis: Vector3, angle: number): Vector3 {
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  const side = cross(axis, a);
  const part = dot(axis, a) * (1 - cosine);
  return [
    a[0] * cosine + side[0] * sine + axis[0] * part,
    a[1] * cosine + side[1] * sine + axis[1] * part,
    a[2] * cosine + side[2] * sine + axis[2] * part,
  ];
}

/** An affine map of space: `columns` are the images of the three unit vectors, `origin` that of [0, 0, 0]. */
export interface Affine {
  readonly columns: readonly [Vector3, Vector3, Vector3];
  readonly origin: Vector3;
}

export function mapped({ columns: [a, b, c], origin }: Affine, [x, y, z]: Vector3): Vector3 {
  return plus(origin, mappedDirection({ columns: [a, b, c], origin }, [x, y, z]));
}

/** Where a direction points after the map; its origin plays no part. */
export function mappedDirection({ columns: [a, b, c] }: Affine, [x, y, z]: Vector3): Vector3 {
  return [a[0] * x + b[0] * y + c[0] * z, a[1] * x + b[1] * y + c[1] * z, a[2] * x + b[2] * y + c[2] * z];
}

/** The map back; null where the three columns lie in one plane. */
export function inverted({ columns: [a, b, c], origin }: Affine): Affine | null {
  const bc = cross(b, c);
  const volume = dot(a, bc);
  const scale = size(a) * size(b) * size(c);
  if (!(Math.abs(volume) > 1e-9 * scale)) return null;
  const rows = [
    times(bc, 1 / volume),
    times(cross(c, a), 1 / volume),
    times(cross(a, b), 1 / volume),
  ] as const;
  const column = (index: 0 | 1 | 2): Vector3 => [rows[0][index], rows[1][index], rows[2][index]];
  const columns = [column(0), column(1), column(2)] as const;
  const back = mappedDirection({ columns, origin }, origin);
  return { columns, origin: times(back, -1) };
}
