/** What a reader asks of an image: how, when and with what it was made. */
import { type DataSet, number, numbers, text, texts } from "../dicom/dataset.ts";
import { shownDate } from "../dicom/people.ts";
import { Tag } from "../dicom/tags.ts";
import { _, withMark } from "../words/say.ts";
import { uidName } from "./names.ts";

export type Fact = readonly [what: string, words: string];

/** Tags of PS3.6 that only these facts need. */
const InfoTag = {
  ContentTime: "00080033",
  Manufacturer: "00080070",
  StationName: "00081010",
  ManufacturerModelName: "00081090",
  ContrastBolusAgent: "00180010",
  MagneticFieldStrength: "00180087",
  ProtocolName: "00181030",
  ExposureTime: "00181150",
  Exposure: "00181152",
  FlipAngle: "00181314",
  PatientPosition: "00185100",
} as const;

/** "1.25": as exact as it was sent, to a millionth. */
function exact(value: number): string {
  const words = withMark(String(Number(value.toFixed(6))));
  return words.replace("-", "−");
}

function measured(ds: DataSet, tag: string, unit: string): string {
  const value = number(ds, tag);
  return value === null ? "" : `${exact(value)} ${unit}`;
}

/** "21 Nov 2026, 14:05:09"; only what was sent of it. */
export function moment(date: string, time: string, language: string): string {
  const clock = /^(\d{2})(\d{2})?(\d{2})?/.exec(time.trim());
  const shown = (clock?.slice(1) ?? []).filter((part) => part !== undefined).join(":");
  return [shownDate(date, language), shown].filter((words) => words !== "").join(", ");
}

function moments(ds: DataSet, language: string): Fact[] {
  const at = (date: string, time: string) => moment(text(ds, date), text(ds, time), language);
  return [
    [_("Study"), at(Tag.StudyDate, Tag.StudyTime)],
    [_("Series"), at(Tag.SeriesDate, Tag.SeriesTime)],
    [_("Acquired"), at(Tag.AcquisitionDate, Tag.AcquisitionTime)],
    [_("Content"), at(Tag.ContentDate, InfoTag.ContentTime)],
  ];
}

function device(ds: DataSet): Fact[] {
  const model = [InfoTag.Manufacturer, InfoTag.ManufacturerModelName].map((tag) => text(ds, tag));
  const place = [Tag.InstitutionName, Tag.InstitutionalDepartmentName].map((tag) => text(ds, tag));
  const said = (words: readonly string[]) => words.filter((one) => one !== "").join(", ");
  return [
    [_("Device"), said(model)],
    [_("Station"), text(ds, InfoTag.StationName)],
    [_("Institution"), said(place)],
    [_("Protocol"), text(ds, InfoTag.ProtocolName)],
    [_("Body part"), text(ds, Tag.BodyPartExamined)],
    [_("Patient position"), text(ds, InfoTag.PatientPosition)],
    [_("Contrast agent"), text(ds, InfoTag.ContrastBolusAgent)],
  ];
}

function technique(ds: DataSet): Fact[] {
  return [
    [_("Tube voltage"), measured(ds, Tag.KVP, "kVp")],
    [_("Tube current"), measured(ds, Tag.XRayTubeCurrent, "mA")],
    [_("Exposure"), measured(ds, InfoTag.Exposure, "mAs")],
    [_("Exposure time"), measured(ds, InfoTag.ExposureTime, "ms")],
    [_("Kernel"), texts(ds, Tag.ConvolutionKernel).join(", ")],
    [_("Field strength"), measured(ds, InfoTag.MagneticFieldStrength, "T")],
    [_("Repetition time"), measured(ds, Tag.RepetitionTime, "ms")],
    [_("Echo time"), measured(ds, Tag.EchoTime, "ms")],
    [_("Flip angle"), measured(ds, InfoTag.FlipAngle, "°")],
    [_("Slice thickness"), measured(ds, Tag.SliceThickness, "mm")],
    [_("Between slices"), measured(ds, Tag.SpacingBetweenSlices, "mm")],
  ];
}

function spacing(ds: DataSet, tag: string): string {
  const values = numbers(ds, tag);
  const isWhole = values.length === 2 && values.every((value) => Number.isFinite(value) && value > 0);
  return isWhole ? `${values.map(exact).join(" × ")} mm` : "";
}

/** A UID with its name, where DICOM has one. */
function named(ds: DataSet, tag: string): string {
  const uid = text(ds, tag);
  const name = uidName(uid);
  return name === "" ? uid : `${name} (${uid})`;
}

function pixels(ds: DataSet): Fact[] {
  const [rows, columns] = [number(ds, Tag.Rows), number(ds, Tag.Columns)];
  const [stored, allocated] = [number(ds, Tag.BitsStored), number(ds, Tag.BitsAllocated)];
  return [
    [_("Rows × columns"), rows === null || columns === null ? "" : `${rows} × ${columns}`],
    [_("Pixel spacing, rows × columns"), spacing(ds, Tag.PixelSpacing)],
    [_("Spacing on the detector"), spacing(ds, Tag.ImagerPixelSpacing)],
    [_("Frames"), text(ds, Tag.NumberOfFrames)],
    [_("Colours"), text(ds, Tag.PhotometricInterpretation)],
    [
      _("Bits"),
      stored === null || allocated === null ? "" : _("{stored} of {allocated}", { stored, allocated }),
    ],
    [_("Transfer syntax"), named(ds, Tag.AvailableTransferSyntaxUID)],
    [_("SOP class"), named(ds, Tag.SOPClassUID)],
  ];
}

/** The facts that the image states, in the order in which they are asked for; `language` is the reader's. */
export function factsOf(ds: DataSet, language: string): Fact[] {
  const all = [...moments(ds, language), ...device(ds), ...technique(ds), ...pixels(ds)];
  return all.filter(([, words]) => words !== "");
}
