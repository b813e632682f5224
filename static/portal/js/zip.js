// Puts files into a ZIP archive without packing them again: images are packed already (APPNOTE.TXT 6.3.10).

const MOST_BYTES = 0xffffffff;
const MOST_FILES = 0xffff;
const VERSION = 20;
const UTF8_NAMES = 0x0800;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

/** CRC-32 of pieces that follow each other. */
function checksum(pieces) {
  let sum = 0xffffffff;
  for (const piece of pieces) {
    for (const byte of piece) sum = TABLE[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

/** Numbers in little-endian order, each with its width in bytes. */
function packed(...fields) {
  const bytes = new Uint8Array(fields.reduce((total, [width]) => total + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return bytes;
}

function dosMoment(now) {
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
  const day = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  return [time, day];
}

export class ZipTooLarge extends Error {}

/** One archive. Files go into blobs at once, which a browser may keep on disk. */
export class Zip {
  #blobs = [];
  #directory = [];
  #length = 0;
  #files = 0;
  #moment = dosMoment(new Date());

  /** Adds a file whose bytes are `pieces`, one after the other. */
  add(name, pieces) {
    const size = pieces.reduce((total, piece) => total + piece.length, 0);
    const path = new TextEncoder().encode(name);
    if (this.#files >= MOST_FILES || this.#length + size + path.length + 64 > MOST_BYTES) throw new ZipTooLarge();
    const [time, day] = this.#moment;
    const common = [
      [2, VERSION],
      [2, UTF8_NAMES],
      [2, 0],
      [2, time],
      [2, day],
      [4, checksum(pieces)],
      [4, size],
      [4, size],
      [2, path.length],
      [2, 0],
    ];
    const head = packed([4, 0x04034b50], ...common);
    this.#directory.push(
      packed([4, 0x02014b50], [2, VERSION], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, this.#length]),
      path,
    );
    this.#blobs.push(new Blob([head, path, ...pieces]));
    this.#length += head.length + path.length + size;
    this.#files += 1;
  }

  /** The whole archive. */
  finish() {
    const directory = new Blob(this.#directory);
    const end = packed(
      [4, 0x06054b50],
      [2, 0],
      [2, 0],
      [2, this.#files],
      [2, this.#files],
      [4, directory.size],
      [4, this.#length],
      [2, 0],
    );
    return new Blob([...this.#blobs, directory, end], { type: "application/zip" });
  }
}
