/** Asks the portal for a viewer token. */
import { _ } from "../words/say.ts";
import { failureOf, failureOfFetch, Gone, problemCode, Refused, Unusable } from "./failures.ts";
import type { ViewerToken } from "./tokens.ts";

const TIMEOUT = 20_000;
const SHORTEST = 20_000;
const LONGEST = 300_000;

export interface TokenRequest {
  readonly url: string;
  readonly csrfHeader: string;
  readonly csrfToken: string;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new Unusable(_("the token answer is no object"));
  return value as Readonly<Record<string, unknown>>;
}

/**
 * Life of a token in milliseconds, by the portal's own clock (the `Date` header), so that a workstation whose
 * clock is wrong neither renews for ever nor uses a token that ended.
 */
export function lifetimeOf(expiresAt: string, dateHeader: string | null, now: number): number {
  const ends = Date.parse(expiresAt);
  if (Number.isNaN(ends)) throw new Unusable(_("the token answer has no usable expires_at"));
  const serverNow = Date.parse(dateHeader ?? "");
  const left = ends - (Number.isNaN(serverNow) ? now : serverNow);
  return Math.min(LONGEST, Math.max(SHORTEST, left));
}

export function parseToken(body: unknown, dateHeader: string | null, now: number): ViewerToken {
  const answer = record(body);
  const server = record(answer.server);
  const { token, expires_at: expiresAt } = answer;
  const dicomwebUrl = server.dicomweb_url;
  if (typeof token !== "string" || typeof expiresAt !== "string" || typeof dicomwebUrl !== "string") {
    throw new Unusable(_("the token answer lacks a field"));
  }
  return {
    token,
    dicomwebUrl: dicomwebUrl.replace(/\/+$/, ""),
    serverId: String(server.id ?? ""),
    lifetime: lifetimeOf(expiresAt, dateHeader, now),
  };
}

/** The token that the page brings, read as one that was asked for; null where it brings none that can be used. */
export function broughtToken(body: unknown): ViewerToken | null {
  if (body === null || body === undefined) return null;
  try {
    const { now } = record(body);
    return parseToken(body, typeof now === "string" ? now : null, Date.now());
  } catch {
    return null;
  }
}

/**
 * What an answer without a token means: a redirection is that to the sign-in page, absent and forbidden look the
 * same, and a server out of service is no reason to ask again and again.
 */
export async function tokenFailure(response: Response): Promise<Error | null> {
  if (response.type === "opaqueredirect") return new Refused(401, "not_signed_in", "sent to sign in");
  if (response.status === 503 && (await problemCode(response.clone())) === "unavailable") {
    return new Refused(503, "unavailable", "out of service");
  }
  const failure = await failureOf(response);
  return failure instanceof Gone ? new Refused(404, "not_found", failure.message) : failure;
}

export async function requestToken(request: TokenRequest): Promise<ViewerToken> {
  let response: Response;
  try {
    response = await fetch(request.url, {
      method: "POST",
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual",
      headers: { Accept: "application/json", [request.csrfHeader]: request.csrfToken },
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch (error) {
    throw failureOfFetch(error, undefined);
  }
  const failure = await tokenFailure(response);
  if (failure) throw failure;
  return parseToken(await response.json(), response.headers.get("Date"), Date.now());
}

export interface PortalAccess {
  readonly csrfHeader: string;
  readonly csrfToken: string;
}

/** An answer of the portal's own addresses: its status and its JSON, whatever they are. */
export interface PortalAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Sends JSON to the portal, as the person who is signed in. Conflicts (409) and refusals of what was sent (400) are
 * answers; throws Unreachable, Refused and Gone as `failureOf` has them.
 */
export async function sendJson(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  url: string,
  body: unknown,
  { csrfHeader, csrfToken }: PortalAccess,
  /** True for a short request that outlives its page. */
  keepalive = false,
): Promise<PortalAnswer> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual",
      headers: {
        Accept: "application/json",
        ...(method === "GET" ? {} : { [csrfHeader]: csrfToken }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT),
      keepalive,
    });
  } catch (error) {
    throw failureOfFetch(error, undefined);
  }
  if (response.status !== 409 && response.status !== 400) {
    const failure = await tokenFailure(response);
    if (failure) throw failure;
  }
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  return { status: response.status, body: isJson ? await response.json() : null };
}
