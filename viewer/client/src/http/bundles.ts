/** Frames of a series in one answer: how they are asked for, and what a part stands for. */
import { _ } from "../words/say.ts";
import { Gone, Unusable } from "./failures.ts";
import { transferSyntaxOf } from "./multipart.ts";
import type { LocatedPart } from "./part_reader.ts";

/** A frame as the server knows it. */
export interface FrameName {
  readonly sopInstanceUid: string;
  /** Counted from 1 within its instance. */
  readonly frameNumber: number;
}

export interface EncodedFrame {
  readonly transferSyntax: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** True where its instance holds more pixels than rows, columns and frames say. */
  readonly leavesPixels: boolean;
}

export interface BundleEvents {
  /** A frame came, or the reason why it never will. */
  came(frame: FrameName, found: EncodedFrame | Error): void;
  /** Its first bytes came. */
  begins?(frame: FrameName, transferSyntax: string): void;
  progress?(frame: FrameName, share: number): void;
}

export function keyOf({ sopInstanceUid, frameNumber }: FrameName): string {
  return `${sopInstanceUid}:${frameNumber}`;
}

/** The series' address, from that of one of its frames. */
export function seriesPathOf(frameUrl: string): string {
  const end = frameUrl.lastIndexOf("/instances/");
  if (end === -1) throw new Unusable(_("the frame's address names no instance"));
  return frameUrl.slice(0, end);
}

/** The frame that `Content-Location` names, as `keyOf` writes it; "" where it names none. */
export function keyOfLocation(location: string): string {
  const match = /\/instances\/([0-9.]+)\/frames\/(\d+)$/.exec(location);
  return match ? `${match[1]}:${match[2]}` : "";
}

function troubleOf(body: Uint8Array): Error {
  let status = 0;
  try {
    const problem: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof problem === "object" && problem !== null && "status" in problem)
      status = Number(problem.status);
  } catch {
    return new Unusable(_("the server cannot read the frame"));
  }
  return status === 404 || status === 410
    ? new Gone(`answered ${status}`)
    : new Unusable(_("the server cannot read the frame"));
}

/** The frame that a part holds, or why it holds none. */
export function foundIn({ contentType, warning, body }: LocatedPart): EncodedFrame | Error {
  if (contentType.startsWith("application/problem+json")) return troubleOf(body);
  if (body.length === 0) return new Unusable(_("the frame is empty"));
  return { transferSyntax: transferSyntaxOf(contentType), bytes: body, leavesPixels: warning !== "" };
}
