/** What the server wrote into the page for the viewer, checked once. */

import { DEFAULT_PRESETS, type Preset } from "../dicom/windows.ts";
import { _ } from "../words/say.ts";

export interface SeriesSummary {
  readonly uid: string;
  readonly number: number | null;
  readonly description: string;
  readonly modality: string;
  readonly bodyPart: string;
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

/** What may be done with a study. */
export type Permission = "view" | "download" | "report" | "share";

/** One study: the one opened, or a prior of the same patient. */
export interface StudyConfig {
  readonly studyInstanceUid: string;
  readonly serverId: string;
  readonly tokenUrl: string;
  /** The page's own answer to the first request for a token, as the portal writes it; null where it brings none. */
  readonly firstToken: unknown;
  readonly annotationsUrl: string;
  readonly takenOutUrl: string;
  readonly institution: string;
  readonly accessionNumber: string;
  readonly studyDate: string;
  readonly bodyParts: readonly string[];
  readonly description: string;
  readonly patient: PatientSummary;
  readonly series: readonly SeriesSummary[];
  readonly permissions: readonly Permission[];
  readonly isPrior: boolean;
}

/** What the reader has set, as the portal keeps it; each feature reads its own part. */
export type Preferences = Readonly<Record<string, unknown>>;

/** A layout that the reader saved for a modality and a body part. */
export interface Hanging {
  readonly modality: string;
  readonly bodyPart: string;
  readonly layout: Readonly<Record<string, unknown>>;
}

export interface ViewerConfig {
  readonly study: StudyConfig;
  /** Newest first. */
  readonly priors: readonly StudyConfig[];
  readonly csrfHeader: string;
  readonly csrfToken: string;
  readonly language: string;
  /** Name of the reader. */
  readonly me: string;
  /** Patients and holders of links: series, scroll, zoom, presets. */
  readonly simple: boolean;
  readonly presets: readonly Preset[];
  readonly preferences: Preferences;
  readonly preferencesUrl: string;
  readonly hangings: readonly Hanging[];
  readonly hangingsUrl: string;
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
    bodyPart: words(value.body_part),
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

const PERMISSIONS: readonly Permission[] = ["view", "download", "report", "share"];

function study(value: Fields, isPrior: boolean): StudyConfig {
  const patient = fields(value.patient);
  const permissions = Array.isArray(value.permissions) ? value.permissions : ["view"];
  return {
    studyInstanceUid: words(value.study_instance_uid),
    serverId: words(value.server_id),
    tokenUrl: words(value.token_url),
    firstToken: value.first_token ?? null,
    annotationsUrl: words(value.annotations_url),
    takenOutUrl: words(value.taken_out_url),
    institution: words(value.institution),
    accessionNumber: words(value.accession_number),
    studyDate: words(value.study_date),
    bodyParts: Array.isArray(value.body_parts) ? value.body_parts.map(words) : [],
    description: words(value.description),
    patient: {
      name: words(patient.patient_name),
      sex: words(patient.patient_sex),
      birthDate: words(patient.patient_birth_date),
      age: words(patient.patient_age),
      identifier: words(patient.patient_id),
    },
    series: list(value.series)
      .map(series)
      .filter(({ uid }) => uid !== ""),
    permissions: PERMISSIONS.filter((permission) => permissions.includes(permission)),
    isPrior,
  };
}

function hanging(value: Fields): Hanging {
  return { modality: words(value.modality), bodyPart: words(value.body_part), layout: fields(value.layout) };
}

export function parseConfig(value: unknown, csrfToken: string): ViewerConfig {
  const config = fields(value);
  const presets = list(config.presets)
    .map(preset)
    .filter(({ name }) => name !== "");
  return {
    study: study(config, false),
    priors: list(config.priors)
      .map((prior) => study(prior, true))
      .filter(({ studyInstanceUid }) => studyInstanceUid !== ""),
    csrfHeader: words(config.csrf_header) || "X-CSRFToken",
    csrfToken: words(config.csrf_token) || csrfToken,
    language: words(config.language) || "en",
    me: words(fields(config.me).name),
    simple: config.simple === true,
    presets: presets.length > 0 ? presets : DEFAULT_PRESETS,
    preferences: fields(config.preferences),
    preferencesUrl: words(config.preferences_url),
    hangings: list(config.hangings).map(hanging),
    hangingsUrl: words(config.hangings_url),
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
  "ANN",
  "SMR",
]);

/** Photographs and whatever else: their series may hold a video or a document, which has no small picture. */
const OF_MANY_KINDS = new Set(["", "ES", "GM", "OP", "OT", "SM", "XC"]);

/** A series longer than this is a stack of images. */
const FEW = 20;

/** True where only the metadata tell whether a series holds images. */
export function mayHoldOthers({ modality, count }: SeriesSummary): boolean {
  return OF_MANY_KINDS.has(modality) && count <= FEW;
}

export function mayHoldImages({ modality }: SeriesSummary): boolean {
  return !WITHOUT_IMAGES.has(modality);
}

/** The series to begin with: the first that is no mere scout, a series at least half as long as the longest. */
export function firstSeries(all: readonly SeriesSummary[]): SeriesSummary | null {
  const candidates = all.filter(mayHoldImages);
  const longest = Math.max(0, ...candidates.map(({ count }) => count));
  return candidates.find(({ count }) => count * 2 >= longest) ?? candidates[0] ?? all[0] ?? null;
}

/** True where two studies describe people who cannot be one, though the portal holds them for the same. */
export function areDifferentPeople({ patient: a }: StudyConfig, { patient: b }: StudyConfig): boolean {
  const differ = (one: string, other: string) => one !== "" && other !== "" && one !== other;
  const known = (sex: string) => (/^[MF]$/.test(sex) ? sex : "");
  return differ(a.birthDate, b.birthDate) || differ(known(a.sex), known(b.sex));
}

/** "2 Lung 1.0"; "Series 2" where it has no name. */
export function seriesName({ number, description }: SeriesSummary): string {
  const name = description.trim();
  if (name !== "") return number === null ? name : `${number} ${name}`;
  return number === null ? _("Series") : _("Series {n}", { n: number });
}
