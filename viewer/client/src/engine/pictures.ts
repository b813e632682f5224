/** Makes the picture of a frame from its bytes, its description and its tables. */
import type { Frame } from "../dicom/frames.ts";
import type { EncodedFrame } from "../http/bundles.ts";
import type { DicomWeb } from "../http/dicomweb.ts";
import { Refused, Undecodable, Unusable } from "../http/failures.ts";
import { decode } from "./decoding/pool.ts";
import { type Decoded, type DecodeTask, Flawed } from "./decoding/task.ts";
import { descriptionOf, flawWords, paddingOf, rescaleOf } from "./describing.ts";
import { paletteOf, supplementalPaletteOf } from "./palette.ts";
import type { ColorPicture, GreyPicture, Picture } from "./picture.ts";
import { modalityLut, throughLut, voiLut } from "./tables.ts";

async function decoded(task: DecodeTask, isUrgent: boolean): Promise<Decoded> {
  try {
    return await decode(task, isUrgent);
  } catch (error) {
    if (error instanceof Flawed)
      throw new Unusable(flawWords(error.flaw, task.description), { cause: error });
    throw new Undecodable(task.transferSyntax, error);
  }
}

/** The picture as the DICOM Server draws it, for frames that nothing here decodes; null where it cannot either. */
async function drawnElsewhere(
  source: DicomWeb,
  url: string,
  signal: AbortSignal,
): Promise<ColorPicture | null> {
  try {
    const picture = await createImageBitmap(await source.rendered(url, signal));
    const { width: columns, height: rows } = picture;
    const context = new OffscreenCanvas(columns, rows).getContext("2d", { willReadFrequently: true });
    if (!context) return null;
    context.drawImage(picture, 0, 0);
    picture.close();
    const { data } = context.getImageData(0, 0, columns, rows);
    const rgb = new Uint8Array(rows * columns * 3);
    for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
      rgb.set(data.subarray(from, from + 3), to);
    }
    return { kind: "color", rows, columns, rgb, isReduced: true };
  } catch (error) {
    if (signal.aborted || error instanceof Refused) throw error;
    return null;
  }
}

/** The frame's picture; bytes and tables are asked for side by side. */
export async function pictureFrom(
  { dataSet, url }: Frame,
  source: DicomWeb,
  bytesOfFrame: EncodedFrame | Promise<EncodedFrame>,
  isUrgent: boolean,
  signal: AbortSignal,
): Promise<Picture> {
  const description = descriptionOf(dataSet);
  const fetchBulk = (uri: string) => source.bulkData(url, uri, signal);
  const [palette, colors, lut, voi, { bytes, transferSyntax, leavesPixels }] = await Promise.all([
    paletteOf(dataSet, fetchBulk),
    supplementalPaletteOf(dataSet, fetchBulk),
    modalityLut(dataSet, fetchBulk),
    voiLut(dataSet, fetchBulk),
    bytesOfFrame,
  ]);
  const { rows, columns } = description;
  let found: Decoded;
  try {
    found = await decoded({ bytes, transferSyntax, description, palette }, isUrgent);
  } catch (error) {
    const drawn = error instanceof Undecodable ? await drawnElsewhere(source, url, signal) : null;
    if (drawn?.rows === rows && drawn.columns === columns) return drawn;
    throw error;
  }
  if (found.kind === "color") return { kind: "color", rows, columns, leavesPixels, rgb: found.rgb };
  const grey: GreyPicture = {
    kind: "grey",
    rows,
    columns,
    leavesPixels,
    stored: found.values,
    min: found.min,
    max: found.max,
    padding: paddingOf(dataSet, description),
    rescale: rescaleOf(dataSet),
    voi,
    colors,
  };
  return lut ? throughLut(grey, lut) : grey;
}
