/** Names files so that they tell nobody whose images they hold, and hands them to the browser. */
import type { SeriesSummary } from "../studies/config.ts";

/** Letters, digits and dashes: a name that every file system takes. */
function plain(words: string): string {
  return words
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9-]+/g, "")
    .slice(0, 60);
}

/** "CT_series2": what it is, without whose it is. */
function stem({ modality, number }: SeriesSummary): string {
  const series = number === null ? "series" : `series${Math.abs(Math.trunc(number))}`;
  return [plain(modality), series].filter((part) => part !== "").join("_");
}

/** "CT_series2_image71.png"; image counted from 1. */
export function imageFileName(series: SeriesSummary, image: number, extension: "png" | "jpg"): string {
  return `${stem(series)}_image${image}.${extension}`;
}

/** "CT_series2.zip". */
export function seriesFileName(series: SeriesSummary, extension: "zip" | "pdf"): string {
  return `${stem(series)}.${extension}`;
}

/** The same with the patient's name in front, where somebody asked for it. */
export function withName(fileName: string, patientName: string): string {
  const name = patientName
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}-]+/gu, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 60);
  return name === "" ? fileName : `${name}_${fileName}`;
}

/** How long a browser may take to read a file that it saves (ms). */
const KEPT = 60_000;

export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}
