/** Takes a multipart answer apart while it still comes: each part says its length and, if it likes, its address. */
import { _ } from "../words/say.ts";
import { Unusable } from "./failures.ts";
import { parameter } from "./multipart.ts";

export interface LocatedPart {
  readonly contentType: string;
  /** `Content-Location`; "" where it is absent. */
  readonly location: string;
  /** `Warning`, as in HTTP; "" where there is nothing to be known. */
  readonly warning: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface PartEvents {
  part(part: LocatedPart): void;
  /** The head of a part has come. */
  begins?(location: string, contentType: string): void;
  /** Some of a part has come. */
  progress?(location: string, received: number, length: number): void;
}

/** Headers of a part are shorter than this. */
const LONGEST_HEAD = 8192;

const LONGEST_PART = 2 ** 31;

interface Head {
  readonly contentType: string;
  readonly location: string;
  readonly warning: string;
}

function field(head: string, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, "im").exec(head)?.[1] ?? "";
}

export class PartReader {
  private readonly delimiter: string;
  private text = "";
  private head: Head | null = null;
  private body: Uint8Array<ArrayBuffer> | null = null;
  private filled = 0;
  private closed = false;
  private readonly decoder = new TextDecoder("latin1");

  constructor(
    contentType: string,
    private readonly events: PartEvents,
  ) {
    const boundary = parameter(contentType, "boundary");
    if (boundary === "") throw new Unusable(_("the multipart answer names no boundary"));
    this.delimiter = `--${boundary}`;
  }

  /** Takes the next bytes of the answer; they may end anywhere. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.closed) {
      at = this.body ? this.fill(this.body, bytes, at) : this.readHead(bytes, at);
    }
  }

  /** The answer has ended. */
  end(): void {
    if (!this.closed) throw new TypeError("the answer broke off");
  }

  private fill(body: Uint8Array<ArrayBuffer>, bytes: Uint8Array, from: number): number {
    const taken = Math.min(body.length - this.filled, bytes.length - from);
    body.set(bytes.subarray(from, from + taken), this.filled);
    this.filled += taken;
    const { head } = this;
    if (!head) return from + taken;
    this.events.progress?.(head.location, this.filled, body.length);
    if (this.filled === body.length) {
      this.body = null;
      this.head = null;
      this.events.part({ ...head, body });
    }
    return from + taken;
  }

  /** Reads on until the head of a part, or the end of all, is complete. */
  private readHead(bytes: Uint8Array, from: number): number {
    const before = this.text.length;
    const piece = bytes.subarray(from, from + LONGEST_HEAD);
    this.text += this.decoder.decode(piece);
    if (this.text.replace(/^\r\n/, "").startsWith(`${this.delimiter}--`)) {
      this.closed = true;
      return bytes.length;
    }
    const end = this.text.indexOf("\r\n\r\n");
    if (end === -1) {
      if (this.text.length > LONGEST_HEAD) throw new Unusable(_("a part of the answer has no head"));
      return from + piece.length;
    }
    const head = this.text.slice(0, end);
    this.text = "";
    this.begin(head);
    return from + end + 4 - before;
  }

  private begin(head: string): void {
    const length = field(head, "content-length");
    if (!head.replace(/^\r\n/, "").startsWith(`${this.delimiter}\r\n`) || !/^\d+$/.test(length)) {
      throw new Unusable(_("a part of the answer does not say how long it is"));
    }
    if (Number(length) > LONGEST_PART) throw new Unusable(_("a part of the answer is too long"));
    this.head = {
      contentType: field(head, "content-type"),
      location: field(head, "content-location"),
      warning: field(head, "warning"),
    };
    this.body = new Uint8Array(Number(length));
    this.filled = 0;
    this.events.begins?.(this.head.location, this.head.contentType);
    if (this.body.length === 0) this.fill(this.body, this.body, 0);
  }
}
