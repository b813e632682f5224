/** The one function of the loader's worker that is used; the package does not name the file it lies in. */
declare module "decode-image-frame" {
  import type { Values } from "../picture.ts";

  export function decodeImageFrame(
    imageFrame: object,
    transferSyntax: string,
    pixelData: Uint8Array,
    decodeConfig: object,
    options: { preScale: { enabled: boolean } },
  ): Promise<{ pixelData: Values; rows?: number; columns?: number; interleaveMode?: number }>;
}
