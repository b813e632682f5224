/** Tells the portal that images are about to leave the viewer; nothing leaves before it says yes. */
import { Refused, Unreachable, Unusable } from "../http/failures.ts";
import { type PortalAccess, sendJson } from "../http/portal.ts";
import type { StudyConfig } from "../studies/config.ts";
import { _ } from "../words/say.ts";

export type How = "print" | "pdf" | "png" | "jpeg" | "zip";

export interface Taken {
  readonly how: How;
  readonly images: number;
  /** Left out where images of several series are taken. */
  readonly seriesInstanceUid?: string | undefined;
}

/** Throws where the portal does not say yes. */
export async function noteTaken(study: StudyConfig, taken: Taken, access: PortalAccess): Promise<void> {
  const { how, images, seriesInstanceUid } = taken;
  const body = { how, images, ...(seriesInstanceUid ? { series_instance_uid: seriesInstanceUid } : {}) };
  const { status } = await sendJson("POST", study.takenOutUrl, body, access);
  if (status >= 300) throw new Unusable(`the portal answered ${status}`);
}

/** Images may leave only with the permission to take them along. */
export function mayTake(study: StudyConfig | undefined): boolean {
  return study !== undefined && study.takenOutUrl !== "" && study.permissions.includes("download");
}

/** Why nothing left: what happened, what it means, what to do. */
export function takenTrouble(error: unknown): string {
  if (error instanceof Refused) {
    if (error.code === "not_signed_in" || error.status === 401) {
      return _("You are signed out, so nothing was given out. Load the page again to sign in.");
    }
    return _("You may no longer take images out of this study. Nothing was given out.");
  }
  if (error instanceof Unreachable) {
    return _(
      "The portal cannot be reached, so this cannot be recorded, and nothing was given out. Try again in a while.",
    );
  }
  return _("Something broke on our side. Nothing was given out. Try again.");
}
