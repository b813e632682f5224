/**
 * Fetches from the owning DICOM Server; renews the token once where it is refused. What a reader waits for is asked
 * for by forms that hold the token (RFC 6750 2.2): they need no leave (CORS pre-flight), which costs a round trip.
 */

import { archiveFrom } from "portal-archive";
import { type DataSet, dataSets } from "../dicom/dataset.ts";
import { type Frame, framesOf, type SeriesAddress } from "../dicom/frames.ts";
import { _ } from "../words/say.ts";
import { type BundleEvents, type FrameName, foundIn, keyOf, keyOfLocation } from "./bundles.ts";
import { failureOfFetch, Refused, Unreachable, Unusable } from "./failures.ts";
import type { Gate } from "./gate.ts";
import { parts, transferSyntaxOf } from "./multipart.ts";
import { PartReader } from "./part_reader.ts";
import { Alive, once, type Request, readAll } from "./requests.ts";
import type { TokenKeeper } from "./tokens.ts";

interface Answer {
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Without quotation marks: with them, Accept is no longer a header that needs no leave (CORS). */
const OCTETS = "multipart/related; type=application/octet-stream";
const JSON_TYPE = "application/dicom+json";
const ARCHIVE = "application/zip";

export class DicomWeb {
  constructor(
    private readonly tokens: TokenKeeper,
    private readonly gate: Gate,
  ) {}

  /** Address of a series on the server that the portal named. */
  async seriesAddress(studyInstanceUid: string, seriesInstanceUid: string): Promise<SeriesAddress> {
    const { dicomwebUrl } = await this.tokens.current();
    return { dicomwebUrl, studyInstanceUid, seriesInstanceUid };
  }

  /** Succeeds while the reader may open the study; throws Refused when they may no longer. */
  async stillOpen(studyInstanceUid: string): Promise<void> {
    const { dicomwebUrl } = await this.tokens.current();
    const url = `${dicomwebUrl}/studies?StudyInstanceUID=${studyInstanceUid}`;
    await this.get(url, { accept: JSON_TYPE, priority: "low" });
  }

  async seriesMetadata(series: SeriesAddress, signal?: AbortSignal): Promise<DataSet[]> {
    const url = `${pathOf(series)}/metadata`;
    const body = await this.get(url, { accept: JSON_TYPE, signal, priority: "high", form: {} });
    try {
      return dataSets(JSON.parse(new TextDecoder().decode(body.bytes)));
    } catch (error) {
      throw new Unusable(_("the series' description is no JSON"), { cause: error });
    }
  }

  /** The frames of a series, in reading order. */
  async seriesFrames(studyInstanceUid: string, seriesInstanceUid: string): Promise<Frame[]> {
    const address = await this.seriesAddress(studyInstanceUid, seriesInstanceUid);
    return framesOf(await this.seriesMetadata(address), address);
  }

  /**
   * Frames of one series, each told as soon as it is whole. What breaks off is asked for again from where it broke;
   * rejects only where nothing more will come.
   */
  async bundle(
    seriesPath: string,
    frames: readonly FrameName[],
    events: BundleEvents,
    signal?: AbortSignal,
    priority: RequestPriority = "auto",
  ): Promise<void> {
    const missing = new Map(frames.map((frame) => [keyOf(frame), frame]));
    const request = () => ({
      accept: OCTETS,
      signal,
      priority,
      form: { frames: [...missing.keys()].join(",") },
    });
    await this.persistently(signal, async (alive) => {
      if (missing.size === 0) return;
      const response = await this.authorised(`${seriesPath}/frames`, request(), alive);
      const reader = new PartReader(response.headers.get("Content-Type") ?? "", {
        part: (part) => {
          const key = keyOfLocation(part.location);
          const frame = missing.get(key);
          if (frame && missing.delete(key)) events.came(frame, foundIn(part));
        },
        begins: (location, contentType) => {
          const frame = missing.get(keyOfLocation(location));
          if (frame) events.begins?.(frame, transferSyntaxOf(contentType));
        },
        progress: (location, received, length) => {
          const frame = missing.get(keyOfLocation(location));
          if (frame) events.progress?.(frame, received / length);
        },
      });
      await readAll(response, (bytes) => reader.push(bytes), alive);
      reader.end();
    });
    for (const frame of missing.values()) events.came(frame, new Unusable(_("the answer lacks the frame")));
  }

  /** A series as one ZIP, as its server makes it; where the line breaks, it goes on where it stopped. */
  async seriesArchive(
    series: SeriesAddress,
    signal: AbortSignal,
    came: (share: number) => void,
  ): Promise<Blob> {
    let alive = new Alive(signal);
    const ask = async (headers: Readonly<Record<string, string>>) => {
      alive.end();
      alive = new Alive(signal);
      const request = { accept: ARCHIVE, headers, signal, priority: "low" } as const;
      return await this.authorised(`${pathOf(series)}/archive`, request, alive);
    };
    const onShare = (share: number) => {
      alive.again();
      came(share);
    };
    try {
      return await archiveFrom(ask, { signal, onShare, onBroken: () => {} });
    } catch (error) {
      throw failureOfFetch(error, signal);
    } finally {
      alive.end();
    }
  }

  /** A picture of what is in the middle of a series, as something an <img> can show; `side` in pixels. */
  async thumbnail(
    series: SeriesAddress,
    {
      side,
      signal,
      priority = "low",
    }: { side?: number; signal?: AbortSignal; priority?: RequestPriority } = {},
  ): Promise<Blob> {
    const url = `${pathOf(series)}/thumbnail${side === undefined ? "" : `?viewport=${side},${side}`}`;
    const { contentType, bytes } = await this.get(url, { accept: "image/jpeg", signal, priority, form: {} });
    if (!/^image\/(jpeg|png|webp|gif)\b/.test(contentType))
      throw new Unusable(_("the thumbnail is no picture"));
    return new Blob([bytes], { type: contentType });
  }

  /** A frame as the server draws it, in its own window. */
  async rendered(frameUrl: string, signal?: AbortSignal): Promise<Blob> {
    const { contentType, bytes } = await this.get(`${frameUrl}/rendered`, { accept: "image/jpeg", signal });
    return new Blob([bytes], { type: contentType });
  }

  /** Bulk data that the metadata point to, only ever from the server that sent them. */
  async bulkData(frameUrl: string, uri: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const url = new URL(uri, frameUrl);
    if (url.origin !== new URL(frameUrl).origin) throw new Unusable(_("the bulk data lie on another server"));
    const { contentType, bytes } = await this.get(url.href, { accept: OCTETS, signal });
    const [part] = parts(contentType, bytes);
    if (!part) throw new Unusable(_("the bulk data are empty"));
    return part.body;
  }

  /**
   * Stores files (PS3.10) in a study by STOW-RS (PS3.18 10.5). Not tried again by itself: the caller knows whether
   * storing twice does harm. Throws Refused, Unreachable, and Unusable where an instance was not taken.
   */
  async store(studyInstanceUid: string, files: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
    const { dicomwebUrl } = await this.tokens.current();
    const boundary = `dicom-network-${crypto.randomUUID()}`;
    const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
    const body = new Blob([...files.flatMap((file) => [head, file, "\r\n"]), `--${boundary}--\r\n`]);
    const contentType = `multipart/related; type="application/dicom"; boundary=${boundary}`;
    const accept = JSON_TYPE;
    const alive = new Alive();
    let response: Response;
    try {
      const url = `${dicomwebUrl}/studies/${studyInstanceUid}`;
      response = await this.authorised(url, { accept, body, contentType }, alive);
    } catch (error) {
      throw failureOfFetch(error, undefined);
    } finally {
      alive.end();
    }
    // 202: some were stored, some were not (PS3.18 10.5.3.1).
    if (response.status !== 200) throw new Unusable(_("the DICOM Server did not take all of it"));
  }

  private async get(url: string, request: Request): Promise<Answer> {
    return await this.persistently(request.signal, async (alive) => {
      const response = await this.authorised(url, request, alive);
      const bytes = new Uint8Array(await response.arrayBuffer());
      return { contentType: response.headers.get("Content-Type") ?? "", bytes };
    });
  }

  /** Tries for as long as the server cannot be reached; the signal ends that. */
  private async persistently<T>(
    signal: AbortSignal | undefined,
    attempt: (alive: Alive) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      await this.gate.pass();
      signal?.throwIfAborted();
      const alive = new Alive(signal);
      try {
        const result = await attempt(alive);
        this.gate.succeeded();
        return result;
      } catch (error) {
        const failure = failureOfFetch(error, signal);
        if (!(failure instanceof Unreachable)) {
          // Whoever refuses can be reached.
          if (failure instanceof Refused) this.gate.succeeded();
          throw failure;
        }
        this.gate.failed();
      } finally {
        alive.end();
      }
    }
  }

  private async authorised(url: string, request: Request, alive: Alive): Promise<Response> {
    const token = await this.tokens.current();
    try {
      return await once(url, request, alive, token);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      return await once(url, request, alive, await this.tokens.after(token));
    }
  }
}

function pathOf({ dicomwebUrl, studyInstanceUid, seriesInstanceUid }: SeriesAddress): string {
  return `${dicomwebUrl}/studies/${studyInstanceUid}/series/${seriesInstanceUid}`;
}
