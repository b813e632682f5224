/** What the server wrote into the page for the viewer, checked once. */
import { DEFAULT_PRESETS, type Preset } from "../dicom/windows.ts";

export interface SeriesSummary {
  readonly uid: string;
  readonly number: number | null;
  readonly description: string;
  readonly modality: string;
  readonly count: number;
}

export interface PatientSummary {
  readonly name: string;
  readonly sex: string;
  readonly birthDate: string;
  /** On the day of the study, as the portal writes it. */
  readonly age: string;
  readonly identifier: string;
}

export interface ViewerConfig {
  readonly studyInstanceUid: string;
  readonly tokenUrl: string;
  readonly csrfHeader: string;
  readonly csrfToken: string;
  readonly institution: string;
  readonly accessionNumber: string;
  readonly studyDate: string;
  readonly patient: PatientSummary;
  readonly series: readonly SeriesSummary[];
  readonly presets: readonly Preset[];
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

function words(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function series(value: Fields): SeriesSummary {
  return {
    uid: words(value.series_instance_uid),
    number: finite(value.number),
    description: words(value.description),
    modality: words(value.modality),
    count: finite(value.number_of_instances) ?? 0,
  };
}

function preset(value: Fields): Preset {
  const center = finite(value.window_center);
  const width = finite(value.window_width);
  return {
    key: words(value.key),
    name: words(value.name),
    window: center !== null && width !== null && width > 0 ? { center, width } : null,
  };
}

export function parseConfig(value: unknown, csrfToken: string): ViewerConfig {
  const config = fields(value);
  const patient = fields(config.patient);
  const presets = list(config.presets)
    .map(preset)
    .filter(({ name }) => name !== "");
  return {
    studyInstanceUid: words(config.study_instance_uid),
    tokenUrl: words(config.token_url),
    csrfHeader: words(config.csrf_header) || "X-CSRFToken",
    csrfToken: words(config.csrf_token) || csrfToken,
    institution: words(config.institution),
    accessionNumber: words(config.accession_number),
    studyDate: words(config.study_date),
    patient: {
      name: words(patient.patient_name),
      sex: words(patient.patient_sex),
      birthDate: words(patient.patient_birth_date),
      age: words(patient.patient_age),
      identifier: words(patient.patient_id),
    },
    series: list(config.series)
      .map(series)
      .filter(({ uid }) => uid !== ""),
    presets: presets.length > 0 ? presets : DEFAULT_PRESETS,
  };
}

/** Objects without pixels of their own, by modality: nothing to put into a viewport. */
const WITHOUT_IMAGES = new Set([
  "SR",
  "PR",
  "KO",
  "SEG",
  "DOC",
  "RTSTRUCT",
  "RTPLAN",
  "RTRECORD",
  "REG",
  "FID",
  "RWV",
  "ECG",
  "HD",
  "AU",
  "PLAN",
]);

export function mayHoldImages({ modality }: SeriesSummary): boolean {
  return !WITHOUT_IMAGES.has(modality);
}

/** The series to begin with: the first that is no mere scout, a series at least half as long as the longest. */
export function firstSeries(all: readonly SeriesSummary[]): SeriesSummary | null {
  const candidates = all.filter(mayHoldImages);
  const longest = Math.max(0, ...candidates.map(({ count }) => count));
  return candidates.find(({ count }) => count * 2 >= longest) ?? candidates[0] ?? all[0] ?? null;
}

/** "2 Lung 1.0"; "Series 2" where it has no name. */
export function seriesName({ number, description }: SeriesSummary): string {
  const name = description.trim();
  if (name !== "") return number === null ? name : `${number} ${name}`;
  return number === null ? "Series" : `Series ${number}`;
}
