/** What a data set says of a frame's pixels: their form, their unit, and which of them are no part of the picture. */
import { type DataSet, number, numbers, text } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";
import { Unusable } from "../http/failures.ts";
import { _ } from "../words/say.ts";
import type { Flaw, PixelDescription } from "./decoding/task.ts";
import type { Rescale } from "./picture.ts";

const PHOTOMETRIC = new Set([
  "MONOCHROME1",
  "MONOCHROME2",
  "PALETTE COLOR",
  "RGB",
  "YBR_FULL",
  "YBR_FULL_422",
  "YBR_ICT",
  "YBR_PARTIAL_420",
  "YBR_PARTIAL_422",
  "YBR_RCT",
]);

const FLOAT_PIXEL_DATA = ["7FE00008", "7FE00009"];
const PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30";

/** Float pixels say neither how many bits are stored nor a sign (PS3.3 C.7.6.24). */
function isFloat(ds: DataSet, bitsAllocated: number): boolean {
  if (FLOAT_PIXEL_DATA.some((tag) => ds[tag] !== undefined)) return true;
  return bitsAllocated >= 32 && number(ds, Tag.BitsStored) === null;
}

export function descriptionOf(ds: DataSet): PixelDescription {
  const photometricInterpretation = text(ds, Tag.PhotometricInterpretation);
  if (!PHOTOMETRIC.has(photometricInterpretation)) {
    throw new Unusable(_('its colours are written as "{name}"', { name: photometricInterpretation }));
  }
  const bitsAllocated = number(ds, Tag.BitsAllocated) ?? 16;
  const bitsStored = number(ds, Tag.BitsStored) ?? bitsAllocated;
  return {
    rows: number(ds, Tag.Rows) ?? 0,
    columns: number(ds, Tag.Columns) ?? 0,
    samplesPerPixel: number(ds, Tag.SamplesPerPixel) ?? 1,
    photometricInterpretation,
    planarConfiguration: number(ds, Tag.PlanarConfiguration) ?? 0,
    bitsAllocated,
    bitsStored,
    highBit: number(ds, Tag.HighBit) ?? bitsStored - 1,
    pixelRepresentation: number(ds, Tag.PixelRepresentation) ?? 0,
    isFloat: isFloat(ds, bitsAllocated),
  };
}

/** Why decoded samples make no picture, in words that end "Image 7 cannot be shown: ". */
export function flawWords(flaw: Flaw, { columns, rows }: PixelDescription): string {
  switch (flaw.why) {
    case "missing":
      return _("some of its pixels are missing");
    case "colours":
      return _("its colours are not described");
    case "packing":
      return _("its pixels are packed in another way than its description says");
    case "bits":
      return _("it is written with {bits} bits a pixel, which this viewer cannot read", { bits: flaw.bits });
    case "size":
      return _("its description says {columns} × {rows} pixels, but it holds {width} × {height}", {
        columns,
        rows,
        width: flaw.columns,
        height: flaw.rows,
      });
  }
}

/** Slope and intercept of a frame's values; 1 and 0 where it has none. */
export function rescaleOf(ds: DataSet): Rescale {
  const slope = number(ds, Tag.RescaleSlope);
  const intercept = number(ds, Tag.RescaleIntercept) ?? 0;
  if (text(ds, Tag.Modality) === "RTDOSE")
    return { slope: number(ds, Tag.DoseGridScaling) || 1, intercept: 0 };
  if (slope === null && text(ds, Tag.SOPClassUID) === PARAMETRIC_MAP) {
    return {
      slope: number(ds, Tag.RealWorldValueSlope) || 1,
      intercept: number(ds, Tag.RealWorldValueIntercept) ?? 0,
    };
  }
  // A slope of 0 would make all pixels one: nobody means that.
  return { slope: slope || 1, intercept };
}

/** Stored values from..to are no part of the picture (PS3.3 C.7.5.1.1.2), or null. */
export function paddingOf(
  ds: DataSet,
  { pixelRepresentation, bitsAllocated }: PixelDescription,
): readonly [number, number] | null {
  const value = number(ds, Tag.PixelPaddingValue);
  if (value === null) return null;
  // A signed value that was written without its sign.
  const signed = (one: number) =>
    pixelRepresentation === 1 && one >= 2 ** (bitsAllocated - 1) ? one - 2 ** bitsAllocated : one;
  const limit = numbers(ds, Tag.PixelPaddingRangeLimit)[0];
  const ends = [signed(value), signed(limit !== undefined && Number.isFinite(limit) ? limit : value)];
  return [Math.min(...ends), Math.max(...ends)];
}
