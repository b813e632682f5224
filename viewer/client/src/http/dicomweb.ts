/** Fetches from the owning DICOM Server with the token in a header; renews it once where it is refused. */
import { type DataSet, dataSets } from "../dicom/dataset.ts";
import { type Frame, framesOf, type SeriesAddress } from "../dicom/frames.ts";
import { failureOf, failureOfFetch, Refused, Unreachable, Unusable } from "./failures.ts";
import type { Gate } from "./gate.ts";
import { parts, transferSyntaxOf } from "./multipart.ts";
import type { TokenKeeper, ViewerToken } from "./tokens.ts";

export interface EncodedFrame {
  readonly transferSyntax: string;
  readonly bytes: Uint8Array;
}

interface Request {
  readonly accept: string;
  readonly signal?: AbortSignal | undefined;
  readonly priority?: RequestPriority;
  /** Sent by POST; absent: GET. */
  readonly body?: Blob;
  readonly contentType?: string;
}

const TIMEOUT = 60_000;

/** Without quotation marks: with them, Accept is no longer a header that needs no leave (CORS). */
const OCTETS = "multipart/related; type=application/octet-stream";
const FRAME = `${OCTETS}; transfer-syntax=*`;

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
    await this.get(url, { accept: "application/dicom+json", priority: "low" });
  }

  async seriesMetadata(series: SeriesAddress, signal?: AbortSignal): Promise<DataSet[]> {
    const url = `${pathOf(series)}/metadata`;
    const body = await this.get(url, { accept: "application/dicom+json", signal, priority: "high" });
    try {
      return dataSets(JSON.parse(new TextDecoder().decode(body.bytes)));
    } catch (error) {
      throw new Unusable("the series' description is no JSON", { cause: error });
    }
  }

  /** The frames of a series, in reading order. */
  async seriesFrames(studyInstanceUid: string, seriesInstanceUid: string): Promise<Frame[]> {
    const address = await this.seriesAddress(studyInstanceUid, seriesInstanceUid);
    return framesOf(await this.seriesMetadata(address), address);
  }

  async frame(url: string, signal?: AbortSignal, priority: RequestPriority = "auto"): Promise<EncodedFrame> {
    const { contentType, bytes } = await this.get(url, { accept: FRAME, signal, priority });
    const [part] = parts(contentType, bytes);
    if (!part || part.body.length === 0) throw new Unusable("the frame is empty");
    return { transferSyntax: transferSyntaxOf(part.contentType), bytes: part.body };
  }

  /** A small picture of a series, as something an <img> can show. */
  async thumbnail(series: SeriesAddress, signal?: AbortSignal): Promise<Blob> {
    const url = `${pathOf(series)}/thumbnail`;
    const { contentType, bytes } = await this.get(url, { accept: "image/jpeg", signal, priority: "low" });
    if (!/^image\/(jpeg|png|webp|gif)\b/.test(contentType)) throw new Unusable("the thumbnail is no picture");
    return new Blob([bytes], { type: contentType });
  }

  /** Bulk data that the metadata point to, only ever from the server that sent them. */
  async bulkData(frameUrl: string, uri: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const url = new URL(uri, frameUrl);
    if (url.origin !== new URL(frameUrl).origin) throw new Unusable("the bulk data lie on another server");
    const { contentType, bytes } = await this.get(url.href, { accept: OCTETS, signal });
    const [part] = parts(contentType, bytes);
    if (!part) throw new Unusable("the bulk data are empty");
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
    const accept = "application/dicom+json";
    let response: Response;
    try {
      response = await this.authorised(`${dicomwebUrl}/studies/${studyInstanceUid}`, {
        accept,
        body,
        contentType,
      });
    } catch (error) {
      throw failureOfFetch(error, undefined);
    }
    // 202: some were stored, some were not (PS3.18 10.5.3.1).
    if (response.status !== 200) throw new Unusable("the DICOM Server did not take all of it");
  }

  /** Waits for as long as the server cannot be reached; the signal ends that. */
  private async get(
    url: string,
    request: Request,
  ): Promise<{ contentType: string; bytes: Uint8Array<ArrayBuffer> }> {
    for (;;) {
      await this.gate.pass();
      request.signal?.throwIfAborted();
      try {
        const response = await this.authorised(url, request);
        const bytes = new Uint8Array(await response.arrayBuffer());
        this.gate.succeeded();
        return { contentType: response.headers.get("Content-Type") ?? "", bytes };
      } catch (error) {
        const failure = failureOfFetch(error, request.signal);
        if (!(failure instanceof Unreachable)) {
          // Whoever refuses can be reached.
          if (failure instanceof Refused) this.gate.succeeded();
          throw failure;
        }
        this.gate.failed();
      }
    }
  }

  private async authorised(url: string, request: Request): Promise<Response> {
    const token = await this.tokens.current();
    try {
      return await this.once(url, request, token);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      return await this.once(url, request, await this.tokens.after(token));
    }
  }

  private async once(url: string, request: Request, { token }: ViewerToken): Promise<Response> {
    const timeout = AbortSignal.timeout(TIMEOUT);
    const response = await fetch(url, {
      ...(request.body ? { method: "POST", body: request.body } : {}),
      headers: {
        Accept: request.accept,
        Authorization: `Bearer ${token}`,
        ...(request.contentType ? { "Content-Type": request.contentType } : {}),
      },
      credentials: "omit",
      priority: request.priority ?? "auto",
      referrerPolicy: "no-referrer",
      signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
    });
    const failure = await failureOf(response);
    if (failure) throw failure;
    return response;
  }
}

function pathOf({ dicomwebUrl, studyInstanceUid, seriesInstanceUid }: SeriesAddress): string {
  return `${dicomwebUrl}/studies/${studyInstanceUid}/series/${seriesInstanceUid}`;
}
