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
  /** The highest of the stored bits, counted from 0. */
  readonly highBit: number;
  /** 1: signed. */
  readonly pixelRepresentation: number;
  /** True for Float and Double Float Pixel Data. */
  readonly isFloat: boolean;
}

/** The colours of a PALETTE COLOR image: stored values from `first` on, each to its red, green and blue. */
export interface Palette {
  readonly first: number;
  readonly rgb: Uint8Array;
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

/** Why samples that were decoded make no picture. */
export type Flaw =
  | { readonly why: "missing" | "colours" | "packing" }
  | { readonly why: "bits"; readonly bits: number }
  | { readonly why: "size"; readonly columns: number; readonly rows: number };

export class Flawed extends Error {
  override readonly name = "Flawed";
  constructor(readonly flaw: Flaw) {
    super(flaw.why);
  }
}

/** A message to a worker, and its answer: with what was decoded, or with what went wrong. */
export interface Question {
  readonly id: number;
  readonly task: DecodeTask;
}

export interface Answer {
  readonly id: number;
  readonly decoded?: Decoded;
  readonly flaw?: Flaw;
  readonly trouble?: string;
}
