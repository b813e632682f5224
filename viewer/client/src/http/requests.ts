/** One request to a DICOM Server, with the token where it belongs, for as long as something still comes. */
import { _ } from "../words/say.ts";
import { failureOf, Unusable } from "./failures.ts";
import type { ViewerToken } from "./tokens.ts";

export interface Request {
  readonly accept: string;
  readonly signal?: AbortSignal | undefined;
  readonly priority?: RequestPriority;
  /** Beside those of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST as a form, with the token in it: needs no pre-flight. Else the token is in a header. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent by POST as it is. */
  readonly body?: Blob;
  readonly contentType?: string;
}

/** Nothing came for this long (ms). */
const TIMEOUT = 60_000;

/** Ends a request when nobody wants it any more, or when nothing has come for too long. */
export class Alive {
  private readonly abort = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  readonly signal: AbortSignal;

  constructor(wanted?: AbortSignal) {
    this.signal = wanted ? AbortSignal.any([wanted, this.abort.signal]) : this.abort.signal;
    this.again();
  }

  /** Something came. */
  again(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.abort.abort(new DOMException("no answer", "TimeoutError")), TIMEOUT);
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

/** Hands the answer's bytes on as they come. */
export async function readAll(
  response: Response,
  take: (bytes: Uint8Array) => void,
  alive: Alive,
): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) throw new Unusable(_("the answer is empty"));
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive.again();
      take(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error;
  }
}

export async function once(
  url: string,
  request: Request,
  alive: Alive,
  { token }: ViewerToken,
): Promise<Response> {
  const { accept, form, body, contentType, priority = "auto" } = request;
  const headers = {
    ...request.headers,
    Accept: accept,
    ...(contentType === undefined ? {} : { "Content-Type": contentType }),
    ...(form ? {} : { Authorization: `Bearer ${token}` }),
  };
  const sent = form ? new URLSearchParams({ access_token: token, ...form }) : body;
  const response = await fetch(url, {
    ...(sent ? { method: "POST", body: sent } : {}),
    headers,
    credentials: "omit",
    priority,
    referrerPolicy: "no-referrer",
    signal: alive.signal,
  });
  const failure = await failureOf(response);
  if (failure) throw failure;
  return response;
}
