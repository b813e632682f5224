/**
 * Standardised uptake value by body weight (SUVbw) of PET, by the QIBA's vendor-neutral formula: stored activity
 * times the patient's weight, divided by the dose as it was when the scan began.
 */
import { type DataSet, items, number, text } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";

const DAY = 86_400;

/** `YYYYMMDD` or `YYYY-MM-DD` as days since 1970, or null. */
function days(value: string): number | null {
  const match = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(value);
  return match ? Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) / (DAY * 1000) : null;
}

/** `HHMMSS.FFFFFF` as seconds since midnight, or null. */
function seconds(value: string): number | null {
  const match = /^(\d{2}):?(\d{2}):?(\d{2}(?:\.\d+)?)/.exec(value);
  return match ? Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]) : null;
}

/** Date and time of a DT attribute in the machine's own clock: both ends of the decay are told by it. */
function moment(date: string, time: string): number | null {
  const day = days(date);
  const second = seconds(time);
  return day === null || second === null ? null : day * DAY + second;
}

function momentOfDateTime(value: string): number | null {
  return value.length >= 14 ? moment(value.slice(0, 8), value.slice(8)) : null;
}

/** From an acquisition's begin to the moment of its average count rate, in seconds. */
function averageCountRate(duration: number, halfLife: number): number {
  const decay = (Math.LN2 / halfLife) * duration;
  return Math.log(decay / (1 - Math.exp(-decay))) * (halfLife / Math.LN2);
}

/**
 * When the scan began, to which the pixels are decay-corrected: the series' own time, unless that lies after the
 * acquisition, as it does where the series was made again later. Then it is counted back from the acquisition.
 */
function scanMoment(ds: DataSet, halfLife: number): number | null {
  const series = moment(text(ds, Tag.SeriesDate), text(ds, Tag.SeriesTime));
  const acquisition = moment(text(ds, Tag.AcquisitionDate), text(ds, Tag.AcquisitionTime));
  if (acquisition === null || (series !== null && series <= acquisition)) return series;
  const offset = number(ds, Tag.FrameReferenceTime);
  const duration = number(ds, Tag.ActualFrameDuration);
  if (offset === null || duration === null || offset <= 0 || duration <= 0) return null;
  return acquisition - offset / 1000 + averageCountRate(duration / 1000, halfLife);
}

function injectionMoment(drug: DataSet, scan: number): number | null {
  const full = momentOfDateTime(text(drug, Tag.RadiopharmaceuticalStartDateTime));
  if (full !== null) return full;
  const time = seconds(text(drug, Tag.RadiopharmaceuticalStartTime));
  if (time === null) return null;
  const sameDay = Math.floor(scan / DAY) * DAY + time;
  return sameDay > scan ? sameDay - DAY : sameDay;
}

/** The dose in becquerel to which the pixels relate, or null where that cannot be known. */
function effectiveDose(ds: DataSet): number | null {
  const [drug] = items(ds, Tag.RadiopharmaceuticalInformationSequence);
  const dose = drug ? number(drug, Tag.RadionuclideTotalDose) : null;
  if (!drug || dose === null || dose <= 0) return null;
  const correction = text(ds, Tag.DecayCorrection);
  if (correction === "ADMIN") return dose;
  const halfLife = number(drug, Tag.RadionuclideHalfLife);
  if (correction !== "START" || halfLife === null || halfLife <= 0) return null;
  const scan = scanMoment(ds, halfLife);
  if (scan === null) return null;
  const injected = injectionMoment(drug, scan);
  if (injected === null) return null;
  const waited = scan - injected;
  return waited < 0 || waited > DAY ? null : dose * 2 ** (-waited / halfLife);
}

/** What a pixel's value is multiplied with to become an SUVbw, or null where the data set does not tell. */
export function suvFactor(ds: DataSet): number | null {
  const units = text(ds, Tag.Units);
  if (units === "GML") return ["", "BW"].includes(text(ds, Tag.SUVType)) ? 1 : null;
  if (units !== "BQML") return null;
  const corrected = (ds[Tag.CorrectedImage]?.Value ?? []).map(String);
  const weight = number(ds, Tag.PatientWeight);
  if (weight === null || weight <= 0 || !corrected.includes("DECY") || !corrected.includes("ATTN"))
    return null;
  const dose = effectiveDose(ds);
  return dose === null ? null : (weight * 1000) / dose;
}
