/** Directions, letters and lengths of images in the patient's space (PS3.3 C.7.6.2). */
import { withMark } from "../words/say.ts";
import { type DataSet, texts, vector } from "./dataset.ts";
import { Tag } from "./tags.ts";

export type Vector3 = readonly [number, number, number];

export function vector3(values: readonly number[] | null): Vector3 | null {
  const [x, y, z] = values ?? [];
  return x === undefined || y === undefined || z === undefined ? null : [x, y, z];
}

export function dot(a: Vector3, b: Vector3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vector3, b: Vector3): Vector3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function negative(a: Vector3): Vector3 {
  return [-a[0], -a[1], -a[2]];
}

/** A second letter is shown only for a direction at least this oblique (cosine): about 20 degrees. */
const OBLIQUE = 0.342;

/** Letters of where a direction points: "L", or "LA" where it is oblique. */
export function directionLetters(direction: Vector3): string {
  const axes: readonly [number, string, string][] = [
    [direction[0], "L", "R"],
    [direction[1], "P", "A"],
    [direction[2], "H", "F"],
  ];
  const length = Math.hypot(...direction);
  if (!(length > 0)) return "";
  return axes
    .map(([value, positive, opposite]) => ({
      size: Math.abs(value) / length,
      letter: value > 0 ? positive : opposite,
    }))
    .filter(({ size }) => size >= OBLIQUE)
    .sort((a, b) => b.size - a.size)
    .slice(0, 2)
    .map(({ letter }) => letter)
    .join("");
}

const OPPOSITE: Readonly<Record<string, string>> = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };

/** The letters of the other side; "" where a letter is none of the six. */
export function oppositeLetters(letters: string): string {
  const opposite = [...letters].map((letter) => OPPOSITE[letter]);
  return opposite.some((letter) => letter === undefined) ? "" : opposite.join("");
}

export interface EdgeLetters {
  readonly top: string;
  readonly right: string;
  readonly bottom: string;
  readonly left: string;
}

export const NO_LETTERS: EdgeLetters = { top: "", right: "", bottom: "", left: "" };

/** Letters of the four edges when the screen's right and down point along these directions. */
export function edgeLetters(right: Vector3, down: Vector3): EdgeLetters {
  return {
    top: directionLetters(negative(down)),
    right: directionLetters(right),
    bottom: directionLetters(down),
    left: directionLetters(negative(right)),
  };
}

/** What Patient Orientation (0020,0020) says of images without a place in the patient's space, or null. */
export function statedDirections(ds: DataSet): { right: string; bottom: string } | null {
  const [right, bottom] = texts(ds, Tag.PatientOrientation);
  if (!right || !bottom || !oppositeLetters(right) || !oppositeLetters(bottom)) return null;
  return { right, bottom };
}

/** Height of a pixel over its width: by spacing, else by Pixel Aspect Ratio (0028,0034), else 1. */
export function pixelAspect(ds: DataSet): number {
  const told = [
    Tag.PixelSpacing,
    Tag.ImagerPixelSpacing,
    Tag.NominalScannedPixelSpacing,
    Tag.PixelAspectRatio,
  ];
  for (const tag of told) {
    const ratio = vector(ds, tag, 2);
    if (ratio?.[0] && ratio[1] && ratio[0] > 0 && ratio[1] > 0) return ratio[0] / ratio[1];
  }
  return 1;
}

/** A round length (mm) for a scale bar that fits into `available` mm: 1, 2 or 5 times a power of ten. */
export function scaleBarLength(available: number): number | null {
  if (!(available > 0) || !Number.isFinite(available)) return null;
  const power = 10 ** Math.floor(Math.log10(available));
  for (const step of [5, 2, 1]) if (step * power <= available) return step * power;
  return null;
}

/** "10 cm", "5 mm", "0.5 mm". */
export function lengthLabel(millimetres: number): string {
  if (millimetres >= 10) return `${withMark(String(Number((millimetres / 10).toPrecision(6))))} cm`;
  return `${withMark(String(Number(millimetres.toPrecision(6))))} mm`;
}
