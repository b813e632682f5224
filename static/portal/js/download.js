// Downloads a study as a ZIP of DICOM files, straight from the DICOM Server that holds it; the portal sees no image.
//
// [data-downloads] holds the address of the study's viewer token. The token stays in memory and travels in a header.

import { partsOf } from "./parts.js";
import { Zip, ZipTooLarge } from "./zip.js";

const ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const TOKEN_TIMEOUT = 20_000;

async function askForToken(url, signal) {
  const csrf = document.querySelector('input[name="csrfmiddlewaretoken"]');
  const response = await fetch(url, {
    method: "POST",
    cache: "no-store",
    redirect: "error",
    headers: { Accept: "application/json", "X-CSRFToken": csrf instanceof HTMLInputElement ? csrf.value : "" },
    signal: AbortSignal.any([signal, AbortSignal.timeout(TOKEN_TIMEOUT)]),
  });
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  const body = await response.json();
  return { base: body.server.dicomweb_url.replace(/\/+$/, ""), token: body.token };
}

async function archiveOf(button, signal, onShare) {
  const { base, token } = await askForToken(button.dataset.downloads, signal);
  const response = await fetch(`${base}/studies/${button.dataset.study}`, {
    cache: "no-store",
    credentials: "omit",
    referrerPolicy: "no-referrer",
    headers: { Accept: ACCEPT, Authorization: `Bearer ${token}` },
    signal,
  });
  if (!response.ok) throw new Error(`no images: ${response.status}`);
  const total = Number(response.headers.get("Content-Length"));
  let received = 0;
  const zip = new Zip();
  let number = 0;
  for await (const pieces of partsOf(response, (bytes) => {
    received += bytes;
    if (total > 0) onShare(Math.floor((100 * received) / total));
  })) {
    number += 1;
    zip.add(`IM${String(number).padStart(6, "0")}.dcm`, pieces);
  }
  return zip.finish();
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads the archive while it saves it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

for (const button of document.querySelectorAll("[data-downloads]")) {
  const words = button.querySelector("[data-words]");
  const state = document.querySelector("[data-download-state]");
  const idle = words.textContent;
  let running = null;
  button.hidden = false;

  const say = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };

  button.addEventListener("click", async () => {
    if (running) {
      running.abort();
      return;
    }
    running = new AbortController();
    words.textContent = button.dataset.stop;
    say(button.dataset.asking);
    try {
      const blob = await archiveOf(button, running.signal, (share) =>
        say(button.dataset.getting.replace("{share}", String(share))),
      );
      save(blob, button.dataset.name);
      say(button.dataset.done);
    } catch (error) {
      if (running.signal.aborted) say("");
      else say(error instanceof ZipTooLarge ? button.dataset.tooLarge : button.dataset.failed);
    } finally {
      running = null;
      words.textContent = idle;
    }
  });
}
