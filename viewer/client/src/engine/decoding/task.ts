/** What the page asks of a decoding worker, and what comes back. */
import type { Values } from "../picture.ts";

/** Image pixel description of a frame (PS3.3 C.7.6.3). */
export interface PixelDescription {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly photometricInterpretation: string;
  readonly planarConfiguration: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  /** 1: signed. */
  readonly pixelRepresentation: number;
  /** True for Float and Double Float Pixel Data. */
  readonly isFloat: boolean;
}

/** Three tables of a PALETTE COLOR image: stored values from `first` on, each to its entry of 8 or 16 bits. */
export interface Palette {
  readonly first: number;
  readonly bits: number;
  readonly tables: readonly [readonly number[], readonly number[], readonly number[]];
}

export interface DecodeTask {
  readonly bytes: Uint8Array;
  readonly transferSyntax: string;
  readonly description: PixelDescription;
  readonly palette: Palette | null;
}

export type Decoded =
  | { readonly kind: "grey"; readonly values: Values; readonly min: number; readonly max: number }
  | { readonly kind: "color"; readonly rgb: Uint8Array };

/** A message to a worker, and its answer: with what was decoded, or with what went wrong. */
export interface Question {
  readonly id: number;
  readonly task: DecodeTask;
}

export interface Answer {
  readonly id: number;
  readonly decoded?: Decoded;
  readonly trouble?: string;
}
