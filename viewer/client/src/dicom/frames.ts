/** Turns the metadata of a series into its frames, in the order in which a reader scrolls them. */
import { type DataSet, items, number, text, texts, vector } from "./dataset.ts";
import { cross, dot, type Vector3, vector3 } from "./geometry.ts";
import { Tag } from "./tags.ts";

export interface Frame {
  readonly imageId: string;
  /** Address of the frame, DICOMweb (PS3.18 10.4). */
  readonly url: string;
  readonly sopInstanceUid: string;
  /** Counted from 1 within its instance. */
  readonly frameNumber: number;
  readonly instanceNumber: number | null;
  /** Attributes of the instance, with those of the frame's functional groups laid over them. */
  readonly dataSet: DataSet;
  readonly position: Vector3 | null;
  readonly row: Vector3 | null;
  readonly column: Vector3 | null;
}

export interface SeriesAddress {
  readonly dicomwebUrl: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
}

/** How far two directions may differ, as 1 − |cosine|, and still count as parallel: about 0.8 degrees. */
const PARALLEL = 1e-4;

/** Positions nearer than this (mm) are the same place. */
const SAME_PLACE = 1e-3;

/** Attributes of functional groups (PS3.3 C.7.6.16): each group is a sequence with one item. */
function groupAttributes(groups: DataSet | undefined): DataSet {
  if (!groups) return {};
  return Object.assign({}, ...Object.keys(groups).flatMap((tag) => items(groups, tag).slice(0, 1)));
}

/** A data set without modality is of an unknown one; Cornerstone stumbles over its absence. */
const UNKNOWN_MODALITY = { vr: "CS", Value: ["OT"] };

/** Spacing that is no positive number says nothing: without it the image counts as not calibrated. */
function withoutBrokenSpacing(ds: DataSet): DataSet {
  if (!ds[Tag.PixelSpacing]) return ds;
  const spacing = vector(ds, Tag.PixelSpacing, 2);
  if (spacing?.every((value) => value > 0)) return ds;
  const { [Tag.PixelSpacing]: _broken, ...rest } = ds;
  return rest;
}

function frameDataSets(instance: DataSet): DataSet[] {
  const count = Math.max(1, Math.floor(number(instance, Tag.NumberOfFrames) ?? 1));
  const perFrame = items(instance, Tag.PerFrameFunctionalGroupsSequence);
  const {
    [Tag.PerFrameFunctionalGroupsSequence]: _perFrame,
    [Tag.SharedFunctionalGroupsSequence]: _shared,
    [Tag.NumberOfFrames]: _count,
    ...plain
  } = instance;
  const shared = groupAttributes(items(instance, Tag.SharedFunctionalGroupsSequence)[0]);
  const modality = text(plain, Tag.Modality) === "" ? UNKNOWN_MODALITY : plain[Tag.Modality];
  const base = withoutBrokenSpacing({ ...plain, ...shared, [Tag.Modality]: modality });
  if (perFrame.length === 0) return Array<DataSet>(count).fill(base);
  return Array.from({ length: count }, (_, index) =>
    withoutBrokenSpacing({ ...base, ...groupAttributes(perFrame[index]) }),
  );
}

/** Where reading begins: in the middle of a stack, at the beginning of a film. */
export function beginning(frames: readonly Frame[]): number {
  return isCine(frames) || !frames[0]?.position ? 0 : Math.floor((frames.length - 1) / 2);
}

function hasPixels(ds: DataSet): boolean {
  return (number(ds, Tag.Rows) ?? 0) > 0 && (number(ds, Tag.Columns) ?? 0) > 0;
}

function framesOfInstance(instance: DataSet, series: SeriesAddress): Frame[] {
  const sopInstanceUid = text(instance, Tag.SOPInstanceUID);
  if (sopInstanceUid === "" || !hasPixels(instance)) return [];
  const address =
    `${series.dicomwebUrl.replace(/\/+$/, "")}/studies/${series.studyInstanceUid}` +
    `/series/${series.seriesInstanceUid}/instances/${sopInstanceUid}/frames/`;
  return frameDataSets(instance).map((dataSet, index) => {
    const orientation = vector(dataSet, Tag.ImageOrientationPatient, 6);
    return {
      imageId: `wadors:${address}${index + 1}`,
      url: `${address}${index + 1}`,
      sopInstanceUid,
      frameNumber: index + 1,
      instanceNumber: number(dataSet, Tag.InstanceNumber),
      dataSet,
      position: vector3(vector(dataSet, Tag.ImagePositionPatient, 3)),
      row: orientation && vector3(orientation.slice(0, 3)),
      column: orientation && vector3(orientation.slice(3, 6)),
    };
  });
}

/** The common normal of all frames, or null where they are not parallel slices. */
export function commonNormal(frames: readonly Frame[]): Vector3 | null {
  const first = frames[0];
  if (!first?.row || !first.column) return null;
  const normal = cross(first.row, first.column);
  const length = Math.hypot(...normal);
  if (!(length > 0.5)) return null;
  for (const { row, column, position } of frames) {
    if (!row || !column || !position) return null;
    if (dot(row, first.row) < 1 - PARALLEL || dot(column, first.column) < 1 - PARALLEL) return null;
  }
  return [normal[0] / length, normal[1] / length, normal[2] / length];
}

/**
 * Reading order along the normal: head to feet, front to back, or right to left, whichever axis of the
 * patient (PS3.3 C.7.6.2: +x left, +y back, +z head) the normal is nearest to.
 */
export function readingDirection(normal: Vector3): Vector3 {
  const [x, y, z] = normal.map(Math.abs) as [number, number, number];
  const ascending = z >= x && z >= y ? normal[2] < 0 : y >= x ? normal[1] > 0 : normal[0] > 0;
  return ascending ? normal : [-normal[0], -normal[1], -normal[2]];
}

function byNumber(a: Frame, b: Frame): number {
  const first = a.instanceNumber ?? Number.POSITIVE_INFINITY;
  const second = b.instanceNumber ?? Number.POSITIVE_INFINITY;
  if (first !== second) return first - second;
  return a.sopInstanceUid === b.sopInstanceUid
    ? a.frameNumber - b.frameNumber
    : a.sopInstanceUid < b.sopInstanceUid
      ? -1
      : 1;
}

/** Sorted by position along the normal where every frame has a place of its own, else by number. */
export function sorted(frames: readonly Frame[]): Frame[] {
  const normal = frames.length > 1 ? commonNormal(frames) : null;
  const numbered = [...frames].sort(byNumber);
  if (!normal) return numbered;
  const direction = readingDirection(normal);
  const placed = numbered
    .map((frame) => ({ frame, place: frame.position ? dot(frame.position, direction) : 0 }))
    .sort((a, b) => a.place - b.place);
  const distinct = placed.every(({ place }, index) => {
    const previous = placed[index - 1];
    return previous === undefined || place - previous.place > SAME_PLACE;
  });
  return distinct ? placed.map(({ frame }) => frame) : numbered;
}

/** All frames of a series, in reading order; instances without pixels are left out. */
export function framesOf(instances: readonly DataSet[], series: SeriesAddress): Frame[] {
  return sorted(instances.flatMap((instance) => framesOfInstance(instance, series)));
}

/** Frames per second that the data set asks for, or null. */
export function ownFrameRate(ds: DataSet): number | null {
  for (const tag of [Tag.RecommendedDisplayFrameRate, Tag.CineRate]) {
    const rate = number(ds, tag);
    if (rate !== null && rate > 0) return rate;
  }
  const milliseconds = number(ds, Tag.FrameTime);
  return milliseconds !== null && milliseconds > 0 ? 1000 / milliseconds : null;
}

/** True for pictures that are watched rather than scrolled: several frames in an instance without a place. */
export function isCine(frames: readonly Frame[]): boolean {
  const last = frames.at(-1);
  return last !== undefined && frames.length > 1 && last.frameNumber > 1 && commonNormal(frames) === null;
}

/** JPEG baseline and extended lose something whatever the data set says of it (PS3.5 8.2.1). */
const ALWAYS_LOSSY = new Set(["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"]);

/** "1:10" of a lossy image, "" of a lossy one that does not say, null of one that lost nothing. */
export function lossyRatio(ds: DataSet): string | null {
  const isLossy = texts(ds, Tag.AvailableTransferSyntaxUID).some((syntax) => ALWAYS_LOSSY.has(syntax));
  if (text(ds, Tag.LossyImageCompression) !== "01" && !isLossy) return null;
  const ratio = Number(texts(ds, Tag.LossyImageCompressionRatio).at(-1));
  return Number.isFinite(ratio) && ratio > 0 ? `1:${Math.round(ratio)}` : "";
}
