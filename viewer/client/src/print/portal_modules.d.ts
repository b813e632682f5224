/** What the study page downloads with (static/portal/js): the same modules serve here. */

declare module "portal-zip" {
  export class ZipTooLarge extends Error {}
  export class Zip {
    /** Adds a file whose bytes are `pieces`, one after the other. */
    add(name: string, pieces: readonly Uint8Array[]): void;
    finish(): Blob;
  }
}

declare module "portal-parts" {
  /** Yields the body of each part as a list of byte arrays; `onBytes` hears how many bytes came. */
  export function partsOf(
    response: Response,
    onBytes: (bytes: number) => void,
  ): AsyncGenerator<Uint8Array[], void, void>;
}
