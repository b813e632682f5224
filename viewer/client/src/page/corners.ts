/** What stands on the image: patient, study, series and window in the corners, letters, scale, quality. */
import { number, personName, text } from "../dicom/dataset.ts";
import { type Frame, lossyRatio } from "../dicom/frames.ts";
import { type EdgeLetters, lengthLabel, patientSpacing, scaleBarLength } from "../dicom/geometry.ts";
import { shownAge, shownDate, shownIdentifier, shownName, shownTime } from "../dicom/people.ts";
import { Tag } from "../dicom/tags.ts";
import { type Preset, plainNumber, presetOf, type Window, windowLabel } from "../dicom/windows.ts";
import { type PatientSummary, type SeriesSummary, seriesName, type ViewerConfig } from "./config.ts";
import { part, write } from "./elements.ts";

export interface Shown {
  readonly frame: Frame;
  readonly series: SeriesSummary;
  readonly index: number;
  readonly count: number;
  readonly window: Window | null;
  readonly color: boolean;
  readonly zoom: number;
  readonly letters: EdgeLetters;
}

function lines(element: HTMLElement, values: readonly string[]): void {
  const wanted = values.filter((value) => value !== "");
  while (element.children.length > wanted.length) element.lastElementChild?.remove();
  while (element.children.length < wanted.length) element.append(document.createElement("div"));
  wanted.forEach((value, index) => {
    const line = element.children[index];
    if (line) write(line, value);
  });
}

/** The patient as the image says; as the portal knows only where the image names nobody. Never a mixture. */
function personOf({ dataSet }: Frame, config: ViewerConfig): PatientSummary {
  const name = personName(dataSet, Tag.PatientName);
  const identifier = text(dataSet, Tag.PatientID);
  if (name === "" && identifier === "") return config.patient;
  const birthDate = text(dataSet, Tag.PatientBirthDate);
  const age = shownAge(birthDate, text(dataSet, Tag.StudyDate));
  return { name, identifier, birthDate, age, sex: text(dataSet, Tag.PatientSex) };
}

/** Name; sex, age on the day of the study and birth date; ID. */
export function patientLines(frame: Frame, config: ViewerConfig, language: string): string[] {
  const { name, birthDate, age, sex, identifier } = personOf(frame, config);
  const sexAndAge = [sex, age].filter((value) => value !== "").join(" ");
  const second = [sexAndAge, shownDate(birthDate, language)].filter((value) => value !== "").join(", ");
  return [shownName(name), second, shownIdentifier(identifier)];
}

export function studyLines(frame: Frame, config: ViewerConfig, language: string): string[] {
  const ds = frame.dataSet;
  const date = shownDate(text(ds, Tag.StudyDate) || config.studyDate, language);
  const time = shownTime(text(ds, Tag.StudyTime));
  const accession = text(ds, Tag.AccessionNumber) || config.accessionNumber;
  return [
    text(ds, Tag.InstitutionName) || config.institution,
    [date, time].filter((value) => value !== "").join(", "),
    accession === "" ? "" : `ACC ${accession}`,
  ];
}

/** "z −520.8 mm, 1.0 mm": the axis of the patient nearest to the normal, and the slice's thickness. */
export function placeLine({ dataSet, position, row, column }: Frame): string {
  const thickness = number(dataSet, Tag.SliceThickness);
  const thick = thickness !== null && thickness > 0 ? `${plainNumber(thickness, 1)} mm` : "";
  if (!position || !row || !column) return thick === "" ? "" : `${thick} thick`;
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
    kernel === "" ? "" : `kernel ${kernel}`,
    measured(Tag.RepetitionTime, "TR ", " ms"),
    measured(Tag.EchoTime, "TE ", " ms"),
  ]
    .filter((value) => value !== "")
    .join(", ");
}

/** The badge: what is lost against the image as it was made. */
export function qualityWords(frame: Frame): { words: string; full: boolean } {
  const lossy = lossyRatio(frame.dataSet);
  if (lossy === null) return { words: "Full quality", full: true };
  return { words: `Lossy ${lossy}`.trim(), full: false };
}

export class Corners {
  constructor(
    private readonly config: ViewerConfig,
    private readonly presets: readonly Preset[],
    private readonly language: string,
  ) {}

  draw(shown: Shown): void {
    const { frame, series, index, count } = shown;
    lines(part("corner-patient"), patientLines(frame, this.config, this.language));
    lines(part("corner-study"), studyLines(frame, this.config, this.language));
    lines(part("corner-series"), [
      seriesName(series),
      `Image ${index + 1} of ${count}`,
      placeLine(frame),
      techniqueLine(frame),
    ]);
    this.drawView(shown);
    const quality = qualityWords(frame);
    const badge = part("quality");
    badge.dataset.full = String(quality.full);
    write(part("quality-words"), quality.words);
    badge.hidden = false;
  }

  /** What changes while the image stays: window, zoom, letters, scale. */
  drawView({ frame, series, window, color, zoom, letters }: Shown): void {
    const preset = window && series.modality === "CT" ? presetOf(window, this.presets) : null;
    const windowWords = window && !color ? windowLabel(window) : "";
    lines(part("corner-view"), [
      preset ? `${preset.name}: ${windowWords}` : windowWords,
      `Zoom ${Math.round(zoom * 100)} %`,
    ]);
    for (const edge of ["top", "right", "bottom", "left"] as const) {
      write(part(`letter-${edge}`), letters[edge]);
    }
    this.drawScale(frame, zoom);
  }

  private drawScale(frame: Frame, zoom: number): void {
    const bar = part("scale");
    const spacing = patientSpacing(frame.dataSet);
    part("not-calibrated").hidden = spacing !== null;
    const perMillimetre = spacing ? zoom / spacing[1] : 0;
    const available = part("viewport").clientHeight / 3;
    const length = perMillimetre > 0 ? scaleBarLength(available / perMillimetre) : null;
    bar.hidden = length === null;
    if (length === null) return;
    bar.style.setProperty("--length", `${Math.round(length * perMillimetre)}px`);
    write(part("scale-words"), lengthLabel(length));
  }
}
