/** Takes multipart/related answers (PS3.18 8.6.1.2) apart. */
import { _ } from "../words/say.ts";
import { Unusable } from "./failures.ts";

export interface Part {
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;
const DASH = 45;

/** A parameter of a media type: `boundary`, `transfer-syntax`; "" where it is absent. */
export function parameter(contentType: string, name: string): string {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]*))`, "i").exec(contentType);
  return match?.[1] ?? match?.[2] ?? "";
}

function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const first = wanted[0];
  if (first === undefined) return -1;
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (at + wanted.length > bytes.length) return -1;
    let same = 1;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same += 1;
    if (same === wanted.length) return at;
  }
  return -1;
}

function headerOf(bytes: Uint8Array): string {
  const lines = new TextDecoder("latin1").decode(bytes).split("\r\n");
  const line = lines.find((candidate) => /^content-type\s*:/i.test(candidate));
  return line ? line.slice(line.indexOf(":") + 1).trim() : "";
}

/** The parts of an answer; an answer that is not multipart is its own only part. */
export function parts(contentType: string, bytes: Uint8Array<ArrayBuffer>): Part[] {
  if (!/^\s*multipart\//i.test(contentType)) return [{ contentType, body: bytes }];
  const boundary = parameter(contentType, "boundary");
  if (boundary === "") throw new Unusable(_("the multipart answer names no boundary"));
  const encoder = new TextEncoder();
  const opening = encoder.encode(`--${boundary}`);
  const following = encoder.encode(`\r\n--${boundary}`);
  const emptyLine = encoder.encode("\r\n\r\n");
  const found: Part[] = [];
  let at = find(bytes, opening, 0);
  while (at !== -1) {
    let start = at + opening.length;
    if (bytes[start] === DASH && bytes[start + 1] === DASH) return found;
    while (bytes[start] !== LINE_FEED && start < bytes.length) start += 1;
    const headersEnd = bytes[start - 1] === CARRIAGE_RETURN ? find(bytes, emptyLine, start - 1) : -1;
    const end = headersEnd === -1 ? -1 : find(bytes, following, headersEnd + 2);
    if (end === -1) throw new Unusable(_("the multipart answer is cut off"));
    found.push({
      contentType: headerOf(bytes.subarray(start + 1, headersEnd)),
      body: bytes.subarray(headersEnd + emptyLine.length, Math.max(end, headersEnd + emptyLine.length)),
    });
    at = end + 2;
  }
  throw new Unusable(_("the multipart answer is cut off"));
}

const BY_MEDIA_TYPE: Readonly<Record<string, string>> = {
  "image/jpeg": "1.2.840.10008.1.2.4.50",
  "image/x-dicom-rle": "1.2.840.10008.1.2.5",
  "image/dicom-rle": "1.2.840.10008.1.2.5",
  "image/x-jls": "1.2.840.10008.1.2.4.80",
  "image/jls": "1.2.840.10008.1.2.4.80",
  "image/jp2": "1.2.840.10008.1.2.4.90",
  "image/jphc": "1.2.840.10008.1.2.4.203",
};

/** The transfer syntax of a frame: as the part says, else by its media type (PS3.18 table 8.7.3-5). */
export function transferSyntaxOf(contentType: string): string {
  const stated = parameter(contentType, "transfer-syntax");
  if (stated !== "" && stated !== "*") return stated;
  const mediaType = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  return BY_MEDIA_TYPE[mediaType] ?? "1.2.840.10008.1.2.1";
}
