/** Says in plain words what went wrong: what happened, what it means, what to do. */
import { Gone, Refused, Undecodable, Unusable } from "../http/failures.ts";
import { _ } from "./say.ts";

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

const noLonger = () => _("You may no longer open this study. Its images were taken off this screen.");

/** Why nothing more is given out, for good. */
export function refusal({ status, code }: Refused): string {
  if (code === "token_revoked") return noLonger();
  if (code.startsWith("token_")) {
    return _(
      "The DICOM Server does not accept what the portal gave this page. What is loaded can still be read.",
    );
  }
  if (code === "not_signed_in" || status === 401) {
    return _(
      "You are signed out. Load the page again to sign in; what is loaded can still be read until then.",
    );
  }
  if (code === "unavailable") {
    return _("The DICOM Server of this study was taken out of service. What is loaded can still be read.");
  }
  return noLonger();
}

function undecodable(n: number, { transferSyntax }: Undecodable): string {
  const name = SYNTAX_NAMES[transferSyntax];
  if (name === undefined) {
    return _(
      "Image {n} cannot be shown: its pixels are damaged, or compressed in a way that this viewer cannot read. The other images work.",
      { n },
    );
  }
  return _(
    "Image {n} cannot be shown: its pixels are damaged, or compressed in a way ({name}) that this viewer cannot read. The other images work.",
    { n, name },
  );
}

/** Why one image cannot be shown. */
export function imageTrouble(error: unknown, n: number): string {
  if (error instanceof Undecodable) return undecodable(n, error);
  if (error instanceof Refused) return refusal(error);
  if (error instanceof Gone) {
    return _("Image {n} is no longer on the DICOM Server. The other images work.", { n });
  }
  if (error instanceof Unusable) {
    return _("Image {n} cannot be shown: {why}. The other images work.", { n, why: error.message });
  }
  return _("Image {n} cannot be shown. The other images work.", { n });
}

/** Why a whole series, or the study, cannot be shown. */
export function seriesTrouble(error: unknown): string {
  if (error instanceof Refused) return refusal(error);
  if (error instanceof Gone) return _("This series is no longer on the DICOM Server.");
  if (error instanceof Unusable) return _("This series cannot be shown: {why}.", { why: error.message });
  return _("This series cannot be shown. Something broke in the viewer; nothing was lost.");
}

/** A series that holds no pixels. */
export function noImages(modality: string): string {
  if (modality === "") return _("This series holds no images to show here.");
  return _("This series ({modality}) holds no images to show here.", { modality });
}

/** A study without series. */
export function nothingYet(): string {
  return _("No image of this study has arrived yet. Load the page again in a while.");
}

/** "02:38" of the reader's own clock. */
export function clockTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

export function portalTrouble(since: number): string {
  return _("The portal cannot be reached since {time}. What is loaded can still be read.", {
    time: clockTime(since),
  });
}

export function serverTrouble(institution: string, since: number): string {
  const time = clockTime(since);
  if (institution === "") {
    return _(
      "The DICOM Server cannot be reached since {time}. The images are safe there, and what is loaded can still be read.",
      { time },
    );
  }
  return _(
    "The DICOM Server of {institution} cannot be reached since {time}. The images are safe there, and what is loaded can still be read.",
    { institution, time },
  );
}
