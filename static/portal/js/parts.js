// Reads an answer of many parts (multipart/related) while it arrives. Each part of a DICOM Server tells its length.

const LONGEST_LINE = 4096;

class Source {
  #reader;
  #rest = new Uint8Array(0);
  #onBytes;

  constructor(stream, onBytes) {
    this.#reader = stream.getReader();
    this.#onBytes = onBytes;
  }

  async #more() {
    const { done, value } = await this.#reader.read();
    if (done) throw new Error("the answer was cut off");
    this.#onBytes(value.length);
    return value;
  }

  /** The text up to the next line break, without it. */
  async line() {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0) {
        const text = new TextDecoder().decode(this.#rest.subarray(0, end));
        this.#rest = this.#rest.subarray(end + 1);
        return text.replace(/\r$/, "");
      }
      if (this.#rest.length > LONGEST_LINE) throw new Error("a line of the answer is too long");
      const next = await this.#more();
      const joined = new Uint8Array(this.#rest.length + next.length);
      joined.set(this.#rest);
      joined.set(next, this.#rest.length);
      this.#rest = joined;
    }
  }

  /** The next `length` bytes, in the pieces in which they came. */
  async take(length) {
    const pieces = [];
    for (let missing = length; missing > 0; ) {
      if (this.#rest.length === 0) this.#rest = await this.#more();
      const piece = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(piece.length);
      pieces.push(piece);
      missing -= piece.length;
    }
    return pieces;
  }
}

/** Yields the body of each part as a list of byte arrays; `onBytes` hears how many bytes came. */
export async function* partsOf(response, onBytes) {
  const boundary = /boundary="?([^";]+)"?/.exec(response.headers.get("Content-Type") ?? "")?.[1];
  if (!boundary || !response.body) throw new Error("the answer has no parts");
  const source = new Source(response.body, onBytes);
  for (;;) {
    let line = await source.line();
    while (line === "") line = await source.line();
    if (line === `--${boundary}--`) return;
    if (line !== `--${boundary}`) throw new Error("the answer is no list of parts");
    let length = -1;
    for (line = await source.line(); line !== ""; line = await source.line()) {
      const told = /^content-length:\s*(\d+)$/i.exec(line);
      if (told) length = Number(told[1]);
    }
    if (length < 0) throw new Error("a part does not tell its length");
    yield await source.take(length);
  }
}
