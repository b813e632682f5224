/** Talks to the portal about the marks of one study. */

import { failureOf, failureOfFetch, Refused, Unusable } from "../http/failures.ts";
import { _ } from "../words/say.ts";
import { isKind, type Mark, POINTS, type Point, type Values } from "./marks.ts";

export interface Access {
  readonly csrfHeader: string;
  readonly csrfToken: string;
}

/** Somebody changed the mark since the version that was changed here. */
export class ChangedMeanwhile extends Error {
  override readonly name = "ChangedMeanwhile";
  constructor(readonly current: Mark | null) {
    super("the mark was changed meanwhile");
  }
}

export interface MarksApi {
  list(): Promise<Mark[]>;
  /** Saves what a mark says; answers with the mark as it is kept. */
  put(mark: Mark, basedOn: number): Promise<Mark>;
  remove(id: string, version: number): Promise<void>;
  versions(id: string): Promise<Mark[]>;
}

const TIMEOUT = 15_000;

/** Requests of fewer characters than this may outlive their page. */
const SHORT = 16_000;

/** A page of more marks than this many pages is not followed. */
const PAGES = 40;

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function words(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function whole(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : 0;
}

function point(value: unknown): Point | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [x, y] = value as unknown[];
  return Number.isFinite(x) && Number.isFinite(y) ? [x as number, y as number] : null;
}

function values(value: unknown): Values {
  const known = Object.entries(fields(value)).filter(
    ([, one]) => typeof one === "string" || (typeof one === "number" && Number.isFinite(one)),
  );
  return Object.fromEntries(known) as Values;
}

/** Marks of other programs may have more points than ours: a circle by its diameter, a rectangle by four corners. */
function ourPoints(kind: Mark["kind"], points: readonly Point[]): readonly Point[] {
  const [a, b, c] = points;
  const isCircle = kind === "circle" || kind === "draw_circle";
  // An arrow by its tip alone comes from up and left.
  if (kind === "arrow" && points.length === 1 && a) return [a, [a[0] - 20, a[1] - 20]];
  const isRectangle = kind === "rectangle" || kind === "draw_rectangle";
  if (isCircle && points.length === 3 && a && c) return [[(a[0] + c[0]) / 2, (a[1] + c[1]) / 2], a];
  if (isRectangle && points.length > 2 && a && c) return [a, c];
  return kind === "diameter" && points.length === 3 && a && b ? [a, b] : points;
}

/** A mark out of the portal's answer, or null where it is none that can be drawn. */
export function parseMark(value: unknown): Mark | null {
  const mark = fields(value);
  const { kind } = mark;
  if (!isKind(kind) || mark.is_deleted === true) return null;
  const given = Array.isArray(mark.points) ? mark.points.map(point) : [];
  if (given.includes(null)) return null;
  const points = ourPoints(kind, given as Point[]);
  const [least, most] = POINTS[kind];
  const id = words(mark.id);
  const sopInstanceUid = words(mark.sop_instance_uid);
  if (points.length < least || points.length > most || id === "" || sopInstanceUid === "") return null;
  const author = fields(mark.author);
  return {
    id,
    kind,
    seriesUid: words(mark.series_instance_uid),
    sopInstanceUid,
    frameNumber: Math.max(1, whole(mark.frame_number)),
    points,
    text: words(mark.text),
    values: values(mark.values),
    author: { name: words(author.name), isMe: author.is_me === true },
    version: whole(mark.version),
    createdAt: words(mark.created_at),
    changedAt: words(mark.changed_at),
  };
}

/** What is sent: no author and no times, which are the portal's to say. */
export function bodyOf(mark: Mark, basedOn: number): Fields {
  return {
    version: basedOn,
    kind: mark.kind,
    series_instance_uid: mark.seriesUid,
    sop_instance_uid: mark.sopInstanceUid,
    frame_number: mark.frameNumber,
    points: mark.points,
    text: mark.text,
    values: mark.values,
  };
}

export class PortalMarks implements MarksApi {
  constructor(
    /** Of the list; it may carry a query, which goes along with every request. */
    private readonly url: string,
    private readonly access: Access,
  ) {}

  async list(): Promise<Mark[]> {
    return this.pages(this.address());
  }

  versions(id: string): Promise<Mark[]> {
    return this.pages(this.address(`${id}/versions/`));
  }

  async put(mark: Mark, basedOn: number): Promise<Mark> {
    const url = this.address(`${mark.id}/`);
    const response = await this.send("PUT", url, JSON.stringify(bodyOf(mark, basedOn)));
    const kept = parseMark(await response.json());
    if (!kept) throw new Unusable(_("the portal's answer is no mark"));
    return kept;
  }

  async remove(id: string, version: number): Promise<void> {
    const url = this.address(`${id}/`);
    url.searchParams.set("version", String(version));
    await this.send("DELETE", url);
  }

  private address(path = ""): URL {
    const url = new URL(this.url, window.location.href);
    url.pathname += path;
    return url;
  }

  private async pages(first: URL): Promise<Mark[]> {
    const found: Mark[] = [];
    let url: URL | null = first;
    for (let page = 0; url && page < PAGES; page += 1) {
      const answer = fields(await (await this.send("GET", url)).json());
      const results = Array.isArray(answer.results) ? answer.results : [];
      found.push(...results.map(parseMark).filter((mark) => mark !== null));
      url = typeof answer.next === "string" ? new URL(answer.next, window.location.href) : null;
      // A portal behind a proxy may name itself by another origin; cookies go to this one only.
      if (url) url = new URL(url.pathname + url.search, window.location.href);
    }
    return found;
  }

  private async send(method: string, url: URL, body?: string): Promise<Response> {
    const { csrfHeader, csrfToken } = this.access;
    const json: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        credentials: "same-origin",
        cache: "no-store",
        redirect: "manual",
        headers: { Accept: "application/json", [csrfHeader]: csrfToken, ...json },
        ...(body === undefined ? {} : { body }),
        // A tab that is closed right after a line was drawn still saves it; browsers allow this for short requests.
        keepalive: method !== "GET" && (body?.length ?? 0) < SHORT,
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch (error) {
      throw failureOfFetch(error, undefined);
    }
    if (response.type === "opaqueredirect") throw new Refused(401, "not_signed_in", "sent to sign in");
    if (response.status === 409) throw new ChangedMeanwhile(parseMark(fields(await response.json()).current));
    const failure = await failureOf(response);
    if (failure) throw failure;
    return response;
  }
}
