/** What stands on the image: patient, study, series and window in the corners, letters, scale, quality. */
import { type Calibration, calibrationOf, patientSpacing } from "../dicom/calibration.ts";
import { number, personName, text } from "../dicom/dataset.ts";
import { type Frame, lossyRatio } from "../dicom/frames.ts";
import { lengthLabel, scaleBarLength } from "../dicom/geometry.ts";
import { shownAge, shownDate, shownIdentifier, shownName, shownTime } from "../dicom/people.ts";
import { Tag } from "../dicom/tags.ts";
import { type Preset, plainNumber, presetOf, windowLabel } from "../dicom/windows.ts";
import type { Affine } from "../engine/camera.ts";
import { isMade, type Quality } from "../engine/made.ts";
import { write } from "../page/elements.ts";
import { type PatientSummary, type StudyConfig, seriesName } from "../studies/config.ts";
import { _ } from "../words/say.ts";
import { CORNERS, type CornerLayout, type Item } from "./corner_layout.ts";
import type { Pane } from "./pane.ts";
import type { Parts } from "./parts.ts";

export interface CornerSettings {
  readonly presets: readonly Preset[];
  readonly language: string;
  /** As the reader has arranged them. */
  layout(): CornerLayout;
}

/** One line of a corner. */
interface Line {
  readonly item: string;
  readonly words: string;
}

function lines(element: HTMLElement, values: readonly Line[]): void {
  const wanted = values.filter(({ words }) => words !== "");
  while (element.children.length > wanted.length) element.lastElementChild?.remove();
  while (element.children.length < wanted.length) element.append(document.createElement("div"));
  wanted.forEach(({ item, words }, index) => {
    const line = element.children[index];
    if (!(line instanceof HTMLElement)) return;
    line.dataset.item = item;
    write(line, words);
  });
}

/** The patient as the image says; as the portal knows only where the image names nobody. Never a mixture. */
export function personOf({ dataSet }: Frame, config: StudyConfig): PatientSummary {
  const name = personName(dataSet, Tag.PatientName);
  const identifier = text(dataSet, Tag.PatientID);
  if (name === "" && identifier === "") return config.patient;
  const birthDate = text(dataSet, Tag.PatientBirthDate);
  const age = shownAge(birthDate, text(dataSet, Tag.StudyDate));
  return { name, identifier, birthDate, age, sex: text(dataSet, Tag.PatientSex) };
}

/** Name; sex, age on the day of the study and birth date; ID. */
export function patientLines(frame: Frame, config: StudyConfig, language: string): string[] {
  const { name, birthDate, age, sex, identifier } = personOf(frame, config);
  const sexAndAge = [sex, age].filter((value) => value !== "").join(" ");
  const second = [sexAndAge, shownDate(birthDate, language)].filter((value) => value !== "").join(", ");
  return [shownName(name), second, shownIdentifier(identifier)];
}

export function studyLines(frame: Frame, config: StudyConfig, language: string): string[] {
  const ds = frame.dataSet;
  const date = shownDate(text(ds, Tag.StudyDate) || config.studyDate, language);
  const time = shownTime(text(ds, Tag.StudyTime));
  const accession = text(ds, Tag.AccessionNumber) || config.accessionNumber;
  return [
    text(ds, Tag.InstitutionName) || config.institution,
    [date, time].filter((value) => value !== "").join(", "),
    accession === "" ? "" : _("ACC {number}", { number: accession }),
  ];
}

/** "z −520.8 mm, 1.0 mm": the axis of the patient nearest to the normal, and the slice's thickness. */
export function placeLine({ dataSet, position, row, column }: Frame): string {
  const thickness = number(dataSet, Tag.SliceThickness);
  const thick = thickness !== null && thickness > 0 ? `${plainNumber(thickness, 1)} mm` : "";
  if (!position || !row || !column) return thick === "" ? "" : _("{thickness} thick", { thickness: thick });
  const normal = [
    Math.abs(row[1] * column[2] - row[2] * column[1]),
    Math.abs(row[2] * column[0] - row[0] * column[2]),
    Math.abs(row[0] * column[1] - row[1] * column[0]),
  ];
  const axis = normal.indexOf(Math.max(...normal));
  const place = `${"xyz"[axis]} ${plainNumber(position[axis] ?? 0, 1)} mm`;
  return [place, thick].filter((value) => value !== "").join(", ");
}

/** "120 kV, 300 mA, kernel D"; "TR 4000 ms, TE 90 ms". */
export function techniqueLine({ dataSet }: Frame): string {
  const measured = (tag: string, before: string, after: string) => {
    const value = number(dataSet, tag);
    return value === null || value === 0 ? "" : `${before}${plainNumber(value)}${after}`;
  };
  const kernel = text(dataSet, Tag.ConvolutionKernel);
  return [
    measured(Tag.KVP, "", " kV"),
    measured(Tag.XRayTubeCurrent, "", " mA"),
    kernel === "" ? "" : _("kernel {kernel}", { kernel }),
    measured(Tag.RepetitionTime, "TR ", " ms"),
    measured(Tag.EchoTime, "TE ", " ms"),
  ]
    .filter((value) => value !== "")
    .join(", ");
}

/** The badge: what is lost against the image as it was made. */
export function qualityWords(frame: Frame): Quality {
  if (isMade(frame) && frame.quality) return frame.quality();
  const lossy = lossyRatio(frame.dataSet);
  if (lossy === null) return { words: _("Full quality"), full: true };
  return { words: lossy === "" ? _("Lossy") : _("Lossy {ratio}", { ratio: lossy }), full: false };
}

/** What must be known of lengths on this image; "" where they are those in the patient. */
export function calibrationWords(calibration: Calibration): string {
  switch (calibration) {
    case "patient":
      return "";
    case "detector":
      return _("Detector plane: mm");
    case "by-region":
      return _("Calibrated by region");
    case "none":
      return _("Not calibrated: px");
  }
}

export class Corners {
  constructor(
    private readonly parts: Parts,
    private readonly settings: CornerSettings,
  ) {}

  draw(pane: Pane): void {
    const { study, series, view } = pane;
    const { frame } = view;
    if (!study || !series || !frame) return;
    const layout = this.settings.layout();
    const wordsOf = this.words(pane, frame, study.config, seriesName(series));
    for (const corner of CORNERS) {
      const items = layout[corner].map((item) => ({ item, words: wordsOf[item] }));
      lines(this.parts.get(`corner-${corner}`), items);
    }
    this.drawPrior(study.config);
    this.drawLetters(pane);
    this.drawScale(frame, view.affine);
    this.drawQuality(frame);
  }

  private words(
    pane: Pane,
    frame: Frame,
    config: StudyConfig,
    series: string,
  ): Readonly<Record<Item, string>> {
    const { language, presets } = this.settings;
    const { index, count, window, zoom } = pane.view;
    const [name = "", details = "", identifier = ""] = patientLines(frame, config, language);
    const [institution = "", date = "", accession = ""] = studyLines(frame, config, language);
    const preset = window && pane.modality === "CT" ? presetOf(window, presets) : null;
    const windowWords = window && !pane.isColor ? windowLabel(window) : "";
    const own = isMade(frame) ? frame.words?.() : null;
    return {
      "patient-name": name,
      "patient-details": details,
      "patient-id": identifier,
      institution,
      "study-date": date,
      accession,
      series,
      image: _("Image {n} of {count}", { n: index + 1, count }),
      place: placeLine(frame),
      technique: techniqueLine(frame),
      window: preset ? `${preset.name}: ${windowWords}` : windowWords,
      zoom: _("Zoom {percent} %", { percent: Math.round(zoom * 100) }),
      ...own,
    };
  }

  /** A prior is never mistaken for the present study. */
  private drawPrior({ isPrior, studyDate }: StudyConfig): void {
    const plate = this.parts.get("prior");
    plate.hidden = !isPrior;
    const date = shownDate(studyDate, this.settings.language);
    if (isPrior) write(plate, _("Prior, {date}", { date }));
  }

  private drawQuality(frame: Frame): void {
    const quality = qualityWords(frame);
    const badge = this.parts.get("quality");
    badge.dataset.full = String(quality.full);
    write(this.parts.get("quality-words"), quality.words);
    badge.hidden = false;
  }

  drawNotices(words: readonly string[]): void {
    lines(
      this.parts.get("notices"),
      words.map((notice) => ({ item: "notice", words: notice })),
    );
  }

  private drawLetters({ view: { letters } }: Pane): void {
    for (const edge of ["top", "right", "bottom", "left"] as const) {
      write(this.parts.get(`letter-${edge}`), letters[edge]);
    }
  }

  /** The bar stands upright: it measures along the screen's height, whichever axis of the image that is. */
  private drawScale(frame: Frame, affine: Affine | null): void {
    const bar = this.parts.get("scale");
    const spacing = patientSpacing(frame.dataSet);
    const badge = this.parts.get("not-calibrated");
    const words = calibrationWords(calibrationOf(frame.dataSet));
    badge.hidden = words === "";
    write(badge, words);
    const perMillimetre = spacing && affine ? Math.hypot(affine.a, affine.b) / spacing[1] : 0;
    const available = this.parts.get("viewport").clientHeight / 3;
    const length = perMillimetre > 0 ? scaleBarLength(available / perMillimetre) : null;
    bar.hidden = length === null;
    if (length === null) return;
    bar.style.setProperty("--length", `${Math.round(length * perMillimetre)}px`);
    write(this.parts.get("scale-words"), lengthLabel(length));
  }
}
