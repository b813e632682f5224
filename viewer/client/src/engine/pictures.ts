/** Makes the picture of a frame from its bytes, its description and its tables. */
import type { Frame } from "../dicom/frames.ts";
import type { EncodedFrame } from "../http/bundles.ts";
import type { DicomWeb } from "../http/dicomweb.ts";
import { Undecodable, Unusable } from "../http/failures.ts";
import { decode } from "./decoding/pool.ts";
import { type Decoded, type DecodeTask, Flawed } from "./decoding/task.ts";
import { descriptionOf, flawWords, paddingOf, rescaleOf } from "./describing.ts";
import { paletteOf } from "./palette.ts";
import type { GreyPicture, Picture } from "./picture.ts";
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
  const [palette, lut, voi, { bytes, transferSyntax }] = await Promise.all([
    paletteOf(dataSet, fetchBulk),
    modalityLut(dataSet, fetchBulk),
    voiLut(dataSet, fetchBulk),
    bytesOfFrame,
  ]);
  const found = await decoded({ bytes, transferSyntax, description, palette }, isUrgent);
  const { rows, columns } = description;
  if (found.kind === "color") return { kind: "color", rows, columns, rgb: found.rgb };
  const grey: GreyPicture = {
    kind: "grey",
    rows,
    columns,
    stored: found.values,
    min: found.min,
    max: found.max,
    padding: paddingOf(dataSet, description),
    rescale: rescaleOf(dataSet),
    voi,
  };
  return lut ? throughLut(grey, lut) : grey;
}
