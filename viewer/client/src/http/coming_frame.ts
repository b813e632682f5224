/** One frame on its way from its DICOM Server; the first image's is asked for before the code that shows it has come. */
import type { Frame } from "../dicom/frames.ts";
import { _ } from "../words/say.ts";
import { type EncodedFrame, seriesPathOf } from "./bundles.ts";
import type { DicomWeb } from "./dicomweb.ts";
import { Unusable } from "./failures.ts";

export interface FrameEvents {
  /** Its first bytes came. */
  begins(transferSyntax: string): void;
  /** A share of it came, from 0 to 1. */
  progress(share: number): void;
}

export interface FrameRequest {
  readonly priority: RequestPriority;
  readonly signal?: AbortSignal;
}

export class ComingFrame {
  readonly bytes: Promise<EncodedFrame>;
  private transferSyntax: string | null = null;
  private share = 0;
  private hearer: FrameEvents | null = null;

  constructor(source: DicomWeb, frame: Frame, request: FrameRequest) {
    this.bytes = this.fetch(source, frame, request);
  }

  /** Tells of it from now on, and of what came before. */
  hear(hearer: FrameEvents): void {
    this.hearer = hearer;
    if (this.transferSyntax !== null) hearer.begins(this.transferSyntax);
    if (this.share > 0) hearer.progress(this.share);
  }

  private async fetch(source: DicomWeb, frame: Frame, request: FrameRequest): Promise<EncodedFrame> {
    const found: (EncodedFrame | Error)[] = [];
    const events = {
      came: (_name: unknown, one: EncodedFrame | Error) => void found.push(one),
      begins: (_name: unknown, transferSyntax: string) => {
        this.transferSyntax = transferSyntax;
        this.hearer?.begins(transferSyntax);
      },
      progress: (_name: unknown, share: number) => {
        this.share = share;
        this.hearer?.progress(share);
      },
    };
    await source.bundle(seriesPathOf(frame.url), [frame], events, request.signal, request.priority);
    const [one] = found;
    if (!one || one instanceof Error) throw one ?? new Unusable(_("the answer lacks the frame"));
    return one;
  }
}

const early = new Map<string, ComingFrame>();

/** Asks for a frame that somebody will want soon. */
export function askEarly(source: DicomWeb, frame: Frame): void {
  const coming = new ComingFrame(source, frame, { priority: "high" });
  // A failure is told to whoever wants the frame, who asks again.
  coming.bytes.catch(() => early.delete(frame.imageId));
  early.set(frame.imageId, coming);
}

/** The frame that was asked for early, once; null where it was not, or did not come. */
export function takeEarly({ imageId }: Frame): ComingFrame | null {
  const coming = early.get(imageId) ?? null;
  early.delete(imageId);
  return coming;
}
