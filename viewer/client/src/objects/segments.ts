/** Reads segmentations (PS3.3 C.8.20): which segments there are, and which frame shows which of them where. */
import { type DataSet, items, number, numbers, text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { meaningIn } from "./codes.ts";
import { type Reference, referencesIn } from "./references.ts";
import { ObjectTag } from "./tags.ts";

const SegmentTag = {
  SegmentationType: "00620001",
  SegmentSequence: "00620002",
  SegmentNumber: "00620004",
  SegmentLabel: "00620005",
  ReferencedSegmentNumber: "0062000B",
  RecommendedDisplayCIELabValue: "0062000D",
  MaximumFractionalValue: "0062000E",
  SegmentedPropertyTypeCodeSequence: "0062000F",
} as const;

export type Color = readonly [red: number, green: number, blue: number];

export interface Segment {
  readonly number: number;
  readonly label: string;
  /** What it is, in words; "" where the label says it. */
  readonly property: string;
  readonly color: Color;
}

export interface Segmentation {
  readonly kind: "binary" | "fractional" | "labelmap";
  /** The value that stands for the whole pixel, where it is fractional. */
  readonly maximum: number;
  readonly segments: readonly Segment[];
}

/** Colours for segments that recommend none; told apart by people who see few colours too. */
const COLORS: readonly Color[] = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [204, 121, 167],
  [213, 94, 0],
  [0, 114, 178],
  [170, 170, 255],
];

function linear(share: number): number {
  return share > 6 / 29 ? share ** 3 : 3 * (6 / 29) ** 2 * (share - 4 / 29);
}

function gamma(value: number): number {
  const one = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, one)));
}

/** CIELab as DICOM packs it into 16 bits (PS3.3 C.10.7.1.1), under D50, as sRGB. */
export function colorOfLab(values: readonly number[]): Color | null {
  const [l, a, b] = values;
  if (l === undefined || a === undefined || b === undefined || values.length !== 3) return null;
  const lightness = (l * 100) / 65_535;
  const [green, blue] = [(a * 255) / 65_535 - 128, (b * 255) / 65_535 - 128];
  const height = (lightness + 16) / 116;
  const [x, y, z] = [
    0.9642 * linear(height + green / 500),
    linear(height),
    0.8249 * linear(height - blue / 200),
  ];
  return [
    gamma(3.1338561 * x - 1.6168667 * y - 0.4906146 * z),
    gamma(-0.9787684 * x + 1.9161415 * y + 0.033454 * z),
    gamma(0.0719453 * x - 0.2289914 * y + 1.4052427 * z),
  ];
}

function segmentOf(item: DataSet, index: number): Segment {
  const label = text(item, SegmentTag.SegmentLabel);
  const property = meaningIn(item, SegmentTag.SegmentedPropertyTypeCodeSequence);
  const color = colorOfLab(numbers(item, SegmentTag.RecommendedDisplayCIELabValue));
  return {
    number: number(item, SegmentTag.SegmentNumber) ?? index + 1,
    label: label || property,
    property: label === property ? "" : property,
    color: color ?? (COLORS[index % COLORS.length] as Color),
  };
}

export function segmentationOf(ds: DataSet): Segmentation {
  const type = text(ds, SegmentTag.SegmentationType);
  return {
    kind: type === "FRACTIONAL" ? "fractional" : type === "LABELMAP" ? "labelmap" : "binary",
    maximum: number(ds, SegmentTag.MaximumFractionalValue) ?? 255,
    segments: items(ds, SegmentTag.SegmentSequence)
      .map(segmentOf)
      .filter(({ number: of }) => of !== 0),
  };
}

/** The images that a frame of a segmentation was drawn on, as it says itself. */
export function sourcesOf({ dataSet }: Frame): Reference[] {
  return referencesIn(dataSet, ObjectTag.SourceImageSequence);
}

/** The segment that a frame shows; null in label maps, which show all. */
export function segmentNumberOf({ dataSet }: Frame): number | null {
  return number(dataSet, SegmentTag.ReferencedSegmentNumber);
}

/** How much of each pixel one segment covers, 0 to 255. */
export function coverage(
  stored: ArrayLike<number>,
  { kind, maximum }: Segmentation,
  segment: number,
): Uint8Array<ArrayBuffer> {
  const cover = new Uint8Array(stored.length);
  for (let index = 0; index < stored.length; index += 1) {
    const value = stored[index] as number;
    if (kind === "labelmap") cover[index] = value === segment ? 255 : 0;
    else if (kind === "binary") cover[index] = value > 0 ? 255 : 0;
    else cover[index] = Math.round((255 * Math.min(value, maximum)) / maximum);
  }
  return cover;
}
