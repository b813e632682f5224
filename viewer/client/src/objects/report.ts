/** Reads the content tree of a structured report (PS3.3 C.17.3) as lines of text. */

import { type DataSet, items, numbers, personName, text, texts } from "../dicom/dataset.ts";
import { shownDate, shownName, shownTime } from "../dicom/people.ts";
import { _ } from "../words/say.ts";
import { meaningIn, unitIn } from "./codes.ts";
import { type Reference, referencesIn } from "./references.ts";
import { ObjectTag } from "./tags.ts";

export interface ReportItem {
  /** The name of the item, "" where it has none. */
  readonly name: string;
  readonly value: string;
  /** A heading of what is below it. */
  readonly isHeading: boolean;
  readonly references: readonly Reference[];
  readonly children: readonly ReportItem[];
}

/** Nobody nests deeper; who does wants to harm. */
const MAX_DEPTH = 40;

function numericValue(ds: DataSet): string {
  const [measured] = items(ds, ObjectTag.MeasuredValueSequence);
  if (!measured) return meaningIn(ds, ObjectTag.NumericValueQualifierCodeSequence) || _("No value");
  const value = texts(measured, ObjectTag.NumericValue)[0] ?? "";
  const unit = unitIn(measured, ObjectTag.MeasurementUnitsCodeSequence);
  return [value.replace("-", "\u2212"), unit].filter((word) => word !== "").join(" ");
}

/** "20010213184746" in the reader's way of writing dates. */
function dateTime(value: string, language: string): string {
  return [shownDate(value.slice(0, 8), language), shownTime(value.slice(8))]
    .filter((word) => word !== "")
    .join(" ");
}

function coordinates(ds: DataSet): string {
  const type = text(ds, ObjectTag.GraphicType).toLowerCase();
  const count = Math.floor(numbers(ds, ObjectTag.GraphicData).length / 2);
  if (type === "point") return _("A point");
  return _("A drawing ({type}) of {count} points", { type: type || "?", count });
}

const VALUES: Readonly<Record<string, (ds: DataSet, language: string) => string>> = {
  TEXT: (ds) => text(ds, ObjectTag.TextValue),
  CODE: (ds) => meaningIn(ds, ObjectTag.ConceptCodeSequence),
  NUM: numericValue,
  DATE: (ds, language) => shownDate(text(ds, ObjectTag.Date), language),
  TIME: (ds) => shownTime(text(ds, ObjectTag.Time)),
  DATETIME: (ds, language) => dateTime(text(ds, ObjectTag.DateTime), language),
  PNAME: (ds) => shownName(personName(ds, ObjectTag.PersonName)),
  UIDREF: (ds) => text(ds, ObjectTag.UID),
  SCOORD: coordinates,
  SCOORD3D: coordinates,
  TCOORD: (ds) => text(ds, ObjectTag.TemporalRangeType).toLowerCase(),
  IMAGE: () => _("Image"),
  WAVEFORM: () => _("Waveform"),
  COMPOSITE: () => _("Object"),
  CONTAINER: () => "",
  TABLE: () => _("A table, which this viewer does not show"),
};

function itemOf(ds: DataSet, language: string, depth: number): ReportItem {
  const type = text(ds, ObjectTag.ValueType);
  const children = depth < MAX_DEPTH ? items(ds, ObjectTag.ContentSequence) : [];
  const target = numbers(ds, ObjectTag.ReferencedContentItemIdentifier);
  return {
    name: meaningIn(ds, ObjectTag.ConceptNameCodeSequence),
    value:
      target.length > 0 ? _("See item {place}", { place: target.join(".") }) : shownValue(ds, type, language),
    isHeading: type === "CONTAINER",
    references: referencesIn(ds, ObjectTag.ReferencedSOPSequence),
    children: children.map((child) => itemOf(child, language, depth + 1)),
  };
}

function shownValue(ds: DataSet, type: string, language: string): string {
  const read = VALUES[type];
  return read ? read(ds, language) : type;
}

export interface Report {
  readonly root: ReportItem;
  /** "Complete, verified by Jörg Riesmeier on 13 Feb 2001" in parts. */
  readonly state: readonly string[];
}

function stateOf(ds: DataSet, language: string): string[] {
  const complete = text(ds, ObjectTag.CompletionFlag);
  const state: string[] = [];
  if (complete !== "") state.push(complete === "COMPLETE" ? _("Complete") : _("Not complete"));
  if (text(ds, ObjectTag.VerificationFlag) !== "VERIFIED") return [...state, _("Not verified")];
  const observers = items(ds, ObjectTag.VerifyingObserverSequence).map((observer) =>
    _("Verified by {name}, {date}", {
      name: shownName(personName(observer, ObjectTag.VerifyingObserverName)),
      date: dateTime(text(observer, ObjectTag.VerificationDateTime), language),
    }),
  );
  return [...state, ...(observers.length > 0 ? observers : [_("Verified")])];
}

export function reportOf(ds: DataSet, language: string): Report {
  return { root: itemOf(ds, language, 0), state: stateOf(ds, language) };
}

/** How many lines a report has, its headings counted. */
export function lineCount({ children }: ReportItem): number {
  return children.reduce((sum, child) => sum + lineCount(child), 1);
}
