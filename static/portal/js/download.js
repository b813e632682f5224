// Downloads a study as a ZIP with a DICOMDIR, straight from the DICOM Server that holds it; the portal sees no image.
//
// [data-downloads] holds the address of the study's viewer token. The token stays in memory and travels in a header.

import { archiveFrom } from "./archive.js";

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

/** A token is asked for each time: a long download outlives the first. */
function archiveOf(button, signal, onShare, onBroken) {
  const ask = async (headers) => {
    const { base, token } = await askForToken(button.dataset.downloads, signal);
    return fetch(`${base}/studies/${button.dataset.study}/archive`, {
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      headers: { ...headers, Authorization: `Bearer ${token}` },
      signal,
    });
  };
  return archiveFrom(ask, { signal, onShare, onBroken });
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
      const onShare = (share) => say(button.dataset.getting.replace("{share}", String(share)));
      const blob = await archiveOf(button, running.signal, onShare, () => say(button.dataset.broken));
      save(blob, button.dataset.name);
      say(button.dataset.done);
    } catch {
      say(running.signal.aborted ? "" : button.dataset.failed);
    } finally {
      running = null;
      words.textContent = idle;
    }
  });
}
