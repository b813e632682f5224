// Sends files, a few at a time, each in pieces that are held against their digests (tus 1.0, by tus-js-client).

import { ErrandDenied } from "./errand.js";
import { digestOf, isDirectory } from "./import_files.js";

const AT_ONCE = 3;
const PIECE_BYTES = 8 * 1024 * 1024;
// For as long as a night without a line: the last pause repeats.
const PAUSES = [0, 1000, 3000, 5000, ...Array(2000).fill(10_000)];

// A file too large for a digest is told from others of its name and size by when it was changed; no name is kept.
const MARK = "upload ";

function mark(id, file) {
  globalThis.localStorage?.setItem(MARK + id, String(file.lastModified));
}

function isMarked(id, file) {
  return globalThis.localStorage?.getItem(MARK + id) === String(file.lastModified);
}

function forgetMarksBut(uploads) {
  const kept = new Set(uploads.map((one) => MARK + one.id));
  for (const key of Object.keys(globalThis.localStorage ?? {})) {
    if (key.startsWith(MARK) && !kept.has(key)) localStorage.removeItem(key);
  }
}

/** Puts the SHA-256 of each piece beside it. */
class CheckedStack {
  #inner = new tus.DefaultHttpStack({});

  createRequest(method, url) {
    const request = this.#inner.createRequest(method, url);
    const send = request.send.bind(request);
    request.send = async (body) => {
      if (body && globalThis.crypto?.subtle) {
        const digest = await crypto.subtle.digest("SHA-256", await body.arrayBuffer());
        request.setHeader("Upload-Checksum", `sha256 ${btoa(String.fromCharCode(...new Uint8Array(digest)))}`);
      }
      return send(body);
    };
    return request;
  }

  getName() {
    return "checked";
  }
}

export class Queue {
  #items = [];
  #running = 0;
  #stopped = false;
  #changed;
  #unfinished = new Map();

  /** `changed(item)` hears of each change; an item is {file, path, batch, errand, wish, state, sent, id, …}. */
  constructor(changed) {
    this.#changed = changed;
  }

  get items() {
    return this.#items;
  }

  get isStopped() {
    return this.#stopped;
  }

  /** Uploads at the server that were begun earlier, to go on with where the same file is chosen again. */
  know(uploads) {
    for (const one of uploads) {
      const key = `${one.length} ${one.name}`;
      this.#unfinished.set(key, [...(this.#unfinished.get(key) ?? []), one]);
    }
    forgetMarksBut(uploads);
  }

  /** The unfinished upload of this very file: two files of one name and size must never become one. */
  #earlierOf(item, digest) {
    const alike = this.#unfinished.get(`${item.file.size} ${item.path}`) ?? [];
    return alike.find((one) => (digest || one.sha256 ? one.sha256 === digest : isMarked(one.id, item.file)));
  }

  add(items) {
    for (const item of items) {
      this.#items.push({ ...item, state: "queued", sent: 0, id: "", result: null });
    }
    // A stable order, but lists of media last.
    this.#items.sort((a, b) => Number(isDirectory(a.path)) - Number(isDirectory(b.path)));
    this.#next();
  }

  stop() {
    this.#stopped = true;
    for (const item of this.#items) {
      if (item.upload && ["sending", "broken"].includes(item.state)) {
        item.upload.abort();
        this.#set(item, { state: "stopped" });
        this.#running -= 1;
      }
    }
  }

  goOn() {
    this.#stopped = false;
    for (const item of this.#items) if (item.state === "stopped") item.state = "queued";
    this.#next();
  }

  /** Called when others were taken in: what waited for them may begin. */
  wake() {
    this.#next();
  }

  #next() {
    while (!this.#stopped && this.#running < AT_ONCE) {
      const item = this.#items.find((one) => one.state === "queued" && this.#mayBegin(one));
      if (!item) return;
      this.#running += 1;
      this.#set(item, { state: "sending" });
      this.#send(item).catch((error) => this.#failed(item, error));
    }
  }

  #mayBegin(item) {
    return !isDirectory(item.path) || this.#items.every((one) => isDirectory(one.path) || one.state === "done");
  }

  async #send(item) {
    if (item.upload) {
      item.upload.start();
      return;
    }
    const digest = item.digest ?? (await digestOf(item.file));
    item.digest = digest;
    if (digest && !item.wish && (await this.#isKnown(item, digest))) return;
    const { base } = await item.errand.token();
    const earlier = item.wish ? undefined : this.#earlierOf(item, digest);
    item.upload = this.#uploadOf(item, base, digest, earlier);
    if (!this.#stopped) item.upload.start();
  }

  async #isKnown(item, digest) {
    const response = await item.errand.fetch("/imports/known", {
      method: "POST",
      body: JSON.stringify({ sha256: [digest] }),
    });
    const studies = response.ok ? (await response.json()).known[digest] : undefined;
    if (!studies) return false;
    this.#ended(item, { state: "done", result: { counts: { already_stored: 1 }, studies, not_taken: [] } });
    return true;
  }

  #uploadOf(item, base, digest, earlier) {
    const metadata = { filename: item.path, batch: item.batch, sha256: digest };
    if (item.wish) metadata.wish = JSON.stringify(item.wish);
    return new tus.Upload(item.file, {
      endpoint: `${base}/imports/`,
      uploadUrl: earlier ? `${base}/imports/${earlier.id}` : null,
      chunkSize: PIECE_BYTES,
      retryDelays: PAUSES,
      uploadDataDuringCreation: true,
      storeFingerprintForResuming: false,
      removeFingerprintOnSuccess: false,
      metadata,
      httpStack: new CheckedStack(),
      onBeforeRequest: async (request) => {
        const { token } = await item.errand.token();
        request.setHeader("Authorization", `Bearer ${token}`);
      },
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        const again = status === 0 || status === 423 || status === 409 || status === 460 || status === 429 || status >= 500;
        if (again && status === 0) this.#set(item, { state: "broken" });
        return again && !this.#stopped;
      },
      onProgress: (sent) => {
        if (item.state !== "stopped") this.#set(item, { state: "sending", sent });
      },
      onUploadUrlAvailable: () => {
        item.id = item.upload.url.split("/").pop();
        if (!digest) mark(item.id, item.file);
      },
      onError: (error) => this.#failed(item, error),
      onSuccess: () => this.#ended(item, { state: "waiting", sent: item.file.size }),
    });
  }

  #failed(item, error) {
    if (item.state === "stopped") return;
    const denied = error instanceof ErrandDenied || error.causingError instanceof ErrandDenied;
    const text = error.originalResponse?.getBody() ?? "";
    let explanation = "";
    try {
      explanation = JSON.parse(text).detail;
    } catch {
      explanation = "";
    }
    const refused = { name: item.path, outcome: "refused", explanation };
    this.#ended(item, { state: "done", denied, result: { counts: { refused: 1 }, studies: [], not_taken: [refused] } });
  }

  #ended(item, values) {
    this.#running -= 1;
    this.#set(item, values);
    this.#next();
  }

  #set(item, values) {
    Object.assign(item, values);
    this.#changed(item);
  }
}
