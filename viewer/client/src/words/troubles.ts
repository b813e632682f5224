/** Says in plain words what went wrong: what happened, what it means, what to do. */
import { Gone, Refused, Undecodable, Unusable } from "../http/failures.ts";

const SYNTAX_NAMES: Readonly<Record<string, string>> = {
  "1.2.840.10008.1.2.4.50": "JPEG baseline",
  "1.2.840.10008.1.2.4.51": "JPEG extended",
  "1.2.840.10008.1.2.4.57": "JPEG lossless",
  "1.2.840.10008.1.2.4.70": "JPEG lossless",
  "1.2.840.10008.1.2.4.80": "JPEG-LS",
  "1.2.840.10008.1.2.4.81": "JPEG-LS",
  "1.2.840.10008.1.2.4.90": "JPEG 2000",
  "1.2.840.10008.1.2.4.91": "JPEG 2000",
  "1.2.840.10008.1.2.5": "RLE",
};

const NO_LONGER = "You may no longer open this study. Its images were taken off this screen.";

/** Why nothing more is given out, for good. */
export function refusal({ status, code }: Refused): string {
  if (code === "token_revoked") return NO_LONGER;
  if (code.startsWith("token_")) {
    return "The DICOM Server does not accept what the portal gave this page. What is loaded can still be read.";
  }
  if (code === "not_signed_in" || status === 401) {
    return "You are signed out. Load the page again to sign in; what is loaded can still be read until then.";
  }
  if (code === "unavailable") {
    return "The DICOM Server of this study was taken out of service. What is loaded can still be read.";
  }
  return NO_LONGER;
}

/** Why one image cannot be shown. */
export function imageTrouble(error: unknown, number: number): string {
  const others = "The other images work.";
  if (error instanceof Undecodable) {
    const name = SYNTAX_NAMES[error.transferSyntax];
    const how = name ? ` (${name})` : "";
    return `Image ${number} cannot be shown: its pixels are damaged, or compressed in a way${how} that this viewer cannot read. ${others}`;
  }
  if (error instanceof Refused) return refusal(error);
  if (error instanceof Gone) return `Image ${number} is no longer on the DICOM Server. ${others}`;
  if (error instanceof Unusable) return `Image ${number} cannot be shown: ${error.message}. ${others}`;
  return `Image ${number} cannot be shown. ${others}`;
}

/** Why a whole series, or the study, cannot be shown. */
export function seriesTrouble(error: unknown): string {
  if (error instanceof Refused) return refusal(error);
  if (error instanceof Gone) return "This series is no longer on the DICOM Server.";
  if (error instanceof Unusable) return `This series cannot be shown: ${error.message}.`;
  return "This series cannot be shown. Something broke in the viewer; nothing was lost.";
}

/** A series that holds no pixels. */
export function noImages(modality: string): string {
  const kind = modality === "" ? "" : ` (${modality})`;
  return `This series${kind} holds no images to show here.`;
}

/** A study without series. */
export const NOTHING_YET = "No image of this study has arrived yet. Load the page again in a while.";

/** "02:38" of the reader's own clock. */
export function clockTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

export function portalTrouble(since: number): string {
  return `The portal cannot be reached since ${clockTime(since)}. What is loaded can still be read.`;
}

export function serverTrouble(institution: string, since: number): string {
  const who = institution === "" ? "The DICOM Server" : `The DICOM Server of ${institution}`;
  return `${who} cannot be reached since ${clockTime(since)}. The images are safe there, and what is loaded can still be read.`;
}
