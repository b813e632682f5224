/** What stands in the head and the foot of a page, and beside its images. */
import { text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { shownDate, shownIdentifier, shownName, shownTime } from "../dicom/people.ts";
import { Tag } from "../dicom/tags.ts";
import { presetOf, type Window, windowLabel } from "../dicom/windows.ts";
import { personOf } from "../panes/corners.ts";
import type { SeriesSummary } from "../studies/config.ts";
import { _, _n } from "../words/say.ts";
import type { Choice, Item, Subject } from "./job.ts";

export interface HeadWords {
  /** The first is the patient's name, or what stands for it. */
  readonly left: readonly string[];
  readonly right: readonly string[];
}

function joined(parts: readonly string[], by = ", "): string {
  return parts.filter((part) => part !== "").join(by);
}

function sexWords(sex: string): string {
  switch (sex) {
    case "F":
      return _("Female");
    case "M":
      return _("Male");
    case "O":
      return _("Other");
    default:
      return _("Sex not given");
  }
}

/** "Series 2, Lung 1.0". */
export function seriesWords({ number, description }: SeriesSummary): string {
  const series = number === null ? _("Series") : _("Series {n}", { n: number });
  return joined([series, description.trim()]);
}

function windowWords(subject: Subject, choice: Choice, items: readonly Item[], windows: WindowOf): string {
  const labels = new Set(
    items.map((item) => {
      const window = windows(item);
      return window ? windowLabel(window) : "";
    }),
  );
  if (subject.isColor) return "";
  const [only = ""] = labels;
  return labels.size <= 1
    ? only
    : choice.window === "own"
      ? _("each image's own window")
      : _("several windows");
}

/** "series 2, Lung 1.0", within a sentence. */
export function seriesWithin({ number, description }: SeriesSummary): string {
  const name = joined([number === null ? "" : String(number), description.trim()]);
  return name === "" ? _("this series") : _("series {name}", { name });
}

type WindowOf = (item: Item) => Window | null;

function personWords(frame: Frame, { study, config }: Subject): string[] {
  const { name, birthDate, age, sex, identifier } = personOf(frame, study.config);
  const date = shownDate(birthDate, config.language);
  const born = date === "" ? _("birth date not given") : _("born {date}", { date });
  const bornAndAge = age === "" ? born : `${born} (${age})`;
  const id = shownIdentifier(identifier);
  const idWords = id === "" ? "" : _("ID {identifier}", { identifier: id });
  return [shownName(name), joined([sexWords(sex), bornAndAge, idWords])];
}

function studyWords(frame: Frame, { study, config, modality }: Subject): string {
  const ds = frame.dataSet;
  const date = shownDate(text(ds, Tag.StudyDate) || study.config.studyDate, config.language);
  const accession = text(ds, Tag.AccessionNumber) || study.config.accessionNumber;
  const day = joined([date, shownTime(text(ds, Tag.StudyTime))]);
  return joined([
    joined([modality, day], " "),
    accession === "" ? "" : _("accession {accession}", { accession }),
  ]);
}

/** The head of a page with these images; null where there is none. */
export function headWords(
  subject: Subject,
  choice: Choice,
  items: readonly Item[],
  windows: WindowOf,
): HeadWords | null {
  const [first] = items;
  if (!choice.header || !first) return null;
  const oneSeries = items.every(({ series }) => series.uid === first.series.uid);
  const window = windowWords(subject, choice, items, windows);
  if (choice.withoutIdentity) {
    const number = first.series.number;
    const series = oneSeries && number !== null ? _("series {n}", { n: number }) : "";
    return { left: [joined([subject.modality, series])], right: [window] };
  }
  const ds = first.frame.dataSet;
  const series = oneSeries ? seriesWords(first.series) : _("several series");
  return {
    left: [...personWords(first.frame, subject), studyWords(first.frame, subject)],
    right: [
      text(ds, Tag.InstitutionName) || subject.study.config.institution,
      text(ds, Tag.InstitutionalDepartmentName),
      joined([series, window]),
    ],
  };
}

/** "Munteanu, Elena, F 64 y, 14 Mar 1962, ID 2002 0620 3145 8", as dialogs begin: the name apart from the rest. */
export function bannerWords(frame: Frame, { study, config }: Subject): { name: string; rest: string } {
  const { name, birthDate, age, sex, identifier } = personOf(frame, study.config);
  const id = shownIdentifier(identifier);
  const rest = joined([
    joined([sex, age], " "),
    shownDate(birthDate, config.language),
    id === "" ? "" : _("ID {identifier}", { identifier: id }),
  ]);
  return { name: shownName(name), rest };
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** "Printed 20 Nov 2026, 02:50 by Elena Pascaru"; "" where nobody is to be named. */
export function printedWords({ config }: Subject, choice: Choice, now: Date): string {
  if (choice.withoutIdentity) return "";
  const day = `${now.getFullYear()}${twoDigits(now.getMonth() + 1)}${twoDigits(now.getDate())}`;
  const date = shownDate(day, config.language);
  const time = `${twoDigits(now.getHours())}:${twoDigits(now.getMinutes())}`;
  return config.me === ""
    ? _("Printed {date}, {time}", { date, time })
    : _("Printed {date}, {time} by {name}", { date, time, name: config.me });
}

export function pageWords(page: number, pages: number): string {
  return _("Page {page} of {pages}. Not for diagnosis.", { page, pages });
}

/** "36 images on 2 pages of A4". */
export function countWords(images: number, pages: number, paper: string): string {
  if (images === 0) return _("No image chosen");
  const imageWords = _n("{n} image", "{n} images", images);
  return _n("{images} on {n} page of {paper}", "{images} on {n} pages of {paper}", pages, {
    images: imageWords,
    paper,
  });
}

/** "Lung, C −600 W 1500 (as on screen)". */
export function screenWindowWords({ window, modality, config, isColor }: Subject): string {
  if (isColor) return _("Colours, as they are");
  if (!window) return _("Each image's own (as on screen)");
  const preset = modality === "CT" ? presetOf(window, config.presets) : null;
  const label = windowLabel(window);
  return preset
    ? _("{preset}, {window} (as on screen)", { preset: preset.name, window: label })
    : _("{window} (as on screen)", { window: label });
}
