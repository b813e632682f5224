/** Reads grayscale softcopy presentation states (PS3.3 A.33.1): how somebody wanted images to be shown. */
import { type DataSet, items, number, numbers, personName, text } from "../dicom/dataset.ts";
import { shownName } from "../dicom/people.ts";
import { type Graphic, graphicsOf } from "./graphics.ts";
import { type Reference, referencesIn } from "./references.ts";
import { ObjectTag } from "./tags.ts";

const PresentationTag = {
  RescaleIntercept: "00281052",
  RescaleSlope: "00281053",
  ModalityLUTSequence: "00283000",
  SoftcopyVOILUTSequence: "00283110",
  VOILUTSequence: "00283010",
  WindowCenter: "00281050",
  WindowWidth: "00281051",
  VOILUTFunction: "00281056",
  PresentationLUTSequence: "20500010",
  PresentationLUTShape: "20500020",
  ImageHorizontalFlip: "00700041",
  ImageRotation: "00700042",
  DisplayedAreaSelectionSequence: "0070005A",
  DisplayedAreaTopLeft: "00700052",
  DisplayedAreaBottomRight: "00700053",
  PresentationSizeMode: "00700100",
  PresentationPixelMagnificationRatio: "00700103",
  ContentLabel: "00700080",
  ContentDescription: "00700081",
  ContentCreatorName: "00700084",
  PresentationCreationDate: "00700082",
} as const;

export type Point = readonly [x: number, y: number];

export interface Voi {
  readonly references: readonly Reference[];
  readonly window: { readonly center: number; readonly width: number; readonly by: string } | null;
  /** An item with LUT Descriptor and LUT Data, or null. */
  readonly lut: DataSet | null;
}

/** The area that is to be seen; corners in pixels, the centre of the first is [0, 0]. */
export interface Area {
  readonly references: readonly Reference[];
  readonly topLeft: Point;
  readonly bottomRight: Point;
  readonly mode: "fit" | "true size" | "magnify";
  /** Screen pixels for one of the image, where the mode is "magnify". */
  readonly magnification: number;
}

export interface PresentationState {
  readonly sopInstanceUid: string;
  readonly label: string;
  readonly description: string;
  readonly creator: string;
  readonly date: string;
  readonly images: readonly Reference[];
  readonly rescale: { readonly slope: number; readonly intercept: number } | null;
  readonly modalityLut: DataSet | null;
  readonly vois: readonly Voi[];
  readonly presentationLut: DataSet | null;
  readonly inverse: boolean;
  /** Degrees clockwise, then mirrored left to right. */
  readonly rotation: number;
  readonly flipped: boolean;
  readonly areas: readonly Area[];
  readonly graphics: readonly Graphic[];
  readonly shutter: DataSet;
}

/** Grayscale, colour, pseudo-colour, blending and XA/XRF states; only the first can be applied as a whole. */
export function isPresentationState(sopClassUid: string): boolean {
  return /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.11\.\d+$/.test(sopClassUid);
}

function voiOf(item: DataSet): Voi {
  const center = number(item, PresentationTag.WindowCenter);
  const width = number(item, PresentationTag.WindowWidth);
  const by = text(item, PresentationTag.VOILUTFunction) || "LINEAR";
  return {
    references: referencesIn(item, ObjectTag.ReferencedImageSequence),
    window: center !== null && width !== null && width > 0 ? { center, width, by } : null,
    lut: items(item, PresentationTag.VOILUTSequence)[0] ?? null,
  };
}

function pair(ds: DataSet, tag: string): Point | null {
  const [x, y] = numbers(ds, tag);
  return x !== undefined && y !== undefined && Number.isFinite(x) && Number.isFinite(y) ? [x, y] : null;
}

const MODES = { "TRUE SIZE": "true size", MAGNIFY: "magnify" } as const;

/** Corners are numbers of pixels counted from 1; the area goes to their outer edges (PS3.3 C.10.4). */
function areaOf(item: DataSet): Area[] {
  const topLeft = pair(item, PresentationTag.DisplayedAreaTopLeft);
  const bottomRight = pair(item, PresentationTag.DisplayedAreaBottomRight);
  if (!topLeft || !bottomRight) return [];
  const mode = text(item, PresentationTag.PresentationSizeMode);
  return [
    {
      references: referencesIn(item, ObjectTag.ReferencedImageSequence),
      topLeft: [topLeft[0] - 1.5, topLeft[1] - 1.5],
      bottomRight: [bottomRight[0] - 0.5, bottomRight[1] - 0.5],
      mode: MODES[mode as keyof typeof MODES] ?? "fit",
      magnification: number(item, PresentationTag.PresentationPixelMagnificationRatio) ?? 1,
    },
  ];
}

function rescaleOf(ds: DataSet): PresentationState["rescale"] {
  const slope = number(ds, PresentationTag.RescaleSlope);
  const intercept = number(ds, PresentationTag.RescaleIntercept);
  return slope === null || slope === 0 || intercept === null ? null : { slope, intercept };
}

export function presentationStateOf(ds: DataSet): PresentationState {
  const series = items(ds, ObjectTag.ReferencedSeriesSequence);
  const creator = personName(ds, PresentationTag.ContentCreatorName);
  return {
    sopInstanceUid: text(ds, "00080018"),
    label: text(ds, PresentationTag.ContentLabel),
    description: text(ds, PresentationTag.ContentDescription),
    creator: creator === "" ? "" : shownName(creator),
    date: text(ds, PresentationTag.PresentationCreationDate),
    images: series.flatMap((item) => referencesIn(item, ObjectTag.ReferencedImageSequence)),
    rescale: rescaleOf(ds),
    modalityLut: items(ds, PresentationTag.ModalityLUTSequence)[0] ?? null,
    vois: items(ds, PresentationTag.SoftcopyVOILUTSequence).map(voiOf),
    presentationLut: items(ds, PresentationTag.PresentationLUTSequence)[0] ?? null,
    inverse: text(ds, PresentationTag.PresentationLUTShape) === "INVERSE",
    rotation: (((number(ds, PresentationTag.ImageRotation) ?? 0) % 360) + 360) % 360,
    flipped: text(ds, PresentationTag.ImageHorizontalFlip) === "Y",
    areas: items(ds, PresentationTag.DisplayedAreaSelectionSequence).flatMap(areaOf),
    graphics: graphicsOf(ds),
    shutter: ds,
  };
}
