// Fetches a ZIP that a DICOM Server makes, and goes on where it stopped when the line breaks (RFC 9110 14).

const PAUSES = [1000, 2000, 5000, 10_000];
// Pieces are handed to the browser as it goes, which may keep them on disk.
const HANDED_OVER = 32 * 1024 * 1024;

class Cut extends Error {}

/** Whether a line broke, or nothing came for too long: then it may go on. */
function isPassing(error) {
  return error instanceof TypeError || error instanceof Cut || error.name === "TimeoutError";
}

/**
 * The whole ZIP. `ask(headers)` sends the request with a fresh token; `onShare` hears how much came, in per cent, and
 * `onBroken` that the line broke and is tried again. Throws where the server refuses, and when `signal` says so.
 */
export async function archiveFrom(ask, { signal, onShare, onBroken }) {
  const have = { blobs: [], pieces: [], held: 0, received: 0, total: 0, etag: "" };
  let failures = 0;
  for (;;) {
    const before = have.received;
    try {
      await goOn(ask, have, onShare);
      return new Blob([...have.blobs, ...have.pieces], { type: "application/zip" });
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      failures = have.received > before ? 0 : failures + 1;
      if (failures > PAUSES.length) throw error;
      onBroken();
      await pause(PAUSES[Math.min(failures, PAUSES.length - 1)], signal);
    }
  }
}

async function goOn(ask, have, onShare) {
  const range = have.received ? { Range: `bytes=${have.received}-`, "If-Range": have.etag } : {};
  const response = await ask({ Accept: "application/zip", ...range });
  if (!response.ok) throw new Error(`no images: ${response.status}`);
  if (response.status !== 206) {
    // The study grew in between: what came before is of another archive.
    Object.assign(have, { blobs: [], pieces: [], held: 0, received: 0 });
    have.total = Number(response.headers.get("Content-Length"));
    have.etag = response.headers.get("ETag") ?? "";
  }
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    have.pieces.push(value);
    have.held += value.length;
    have.received += value.length;
    if (have.held > HANDED_OVER) {
      have.blobs.push(new Blob(have.pieces));
      have.pieces = [];
      have.held = 0;
    }
    if (have.total > 0) onShare(Math.floor((100 * have.received) / have.total));
  }
  if (have.received < have.total) throw new Cut("the answer was cut off");
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
