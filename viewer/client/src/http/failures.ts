/** What can go wrong between the page, the portal and a DICOM Server, split by what the caller does. */
import { _ } from "../words/say.ts";

/** Nothing answered, or only a gateway did: worth trying again. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** The answer is no, and trying again does not change it until somebody signs in or gives access. */
export class Refused extends Error {
  override readonly name = "Refused";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What was asked for is not there any more. */
export class Gone extends Error {
  override readonly name = "Gone";
}

/** The answer came, but cannot be used. */
export class Unusable extends Error {
  override readonly name = "Unusable";
}

/** The pixels came, but no decoder reads them. */
export class Undecodable extends Error {
  override readonly name = "Undecodable";
  constructor(
    readonly transferSyntax: string,
    cause: unknown,
  ) {
    super("the image's compression cannot be read", { cause });
  }
}

const GATEWAY = new Set([408, 425, 429, 502, 503, 504]);

/** `code` of a problem document (RFC 9457), or "". */
export async function problemCode(response: Response): Promise<string> {
  if (!(response.headers.get("Content-Type") ?? "").includes("json")) return "";
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null && "code" in body) return String(body.code);
  } catch {
    return "";
  }
  return "";
}

/** The failure that a response stands for, or null where it is a success. */
export async function failureOf(response: Response): Promise<Error | null> {
  if (response.ok) return null;
  if (GATEWAY.has(response.status)) return new Unreachable(`answered ${response.status}`);
  const code = await problemCode(response);
  if (response.status === 401 || response.status === 403) {
    return new Refused(response.status, code, `answered ${response.status}`);
  }
  if (response.status === 404 || response.status === 410) return new Gone(`answered ${response.status}`);
  return new Unusable(_("the server answered with an error ({status})", { status: response.status }));
}

/** The failure that a rejected fetch stands for; an abort by the caller stays what it is. */
export function failureOfFetch(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return error;
  const timedOut = error instanceof DOMException && error.name === "TimeoutError";
  if (timedOut || error instanceof TypeError) return new Unreachable("no answer", { cause: error });
  return error;
}
