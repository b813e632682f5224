// Small pictures of series, from the DICOM Server that holds them, once their tiles come into view.
//
// [data-pictures] holds the address of the study's viewer token, a [data-thumbnail] inside it the series. The token
// stays in memory and travels in a header. A tile that gets no picture keeps its quiet words.

const AT_ONCE = 4;
const TIMEOUT = 20_000;
/** A token lives five minutes at most; one of this age is not used for another picture. */
const TOKEN_AGE = 4 * 60_000;

/** @type {Map<string, {at: number, answer: Promise<{base: string, token: string}>}>} */
const tokens = new Map();
/** @type {HTMLElement[]} */
const waiting = [];
let running = 0;

async function askForToken(url) {
  const csrf = document.querySelector('input[name="csrfmiddlewaretoken"]');
  const response = await fetch(url, {
    method: "POST",
    cache: "no-store",
    redirect: "error",
    headers: { Accept: "application/json", "X-CSRFToken": csrf instanceof HTMLInputElement ? csrf.value : "" },
    signal: AbortSignal.timeout(TIMEOUT),
  });
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  const body = await response.json();
  return { base: body.server.dicomweb_url.replace(/\/+$/, ""), token: body.token };
}

function tokenOf(url) {
  const held = tokens.get(url);
  if (held && Date.now() - held.at < TOKEN_AGE) return held.answer;
  const answer = askForToken(url);
  tokens.set(url, { at: Date.now(), answer });
  return answer;
}

async function picture(tile) {
  const study = tile.closest("[data-pictures]");
  const { base, token } = await tokenOf(study.dataset.pictures);
  const response = await fetch(`${base}/studies/${study.dataset.study}/series/${tile.dataset.thumbnail}/thumbnail`, {
    credentials: "omit",
    referrerPolicy: "no-referrer",
    headers: { Accept: "image/jpeg", Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT),
  });
  if (!response.ok) throw new Error(`no picture: ${response.status}`);
  return response.blob();
}

async function show(tile) {
  const image = new Image();
  image.alt = "";
  image.src = URL.createObjectURL(await picture(tile));
  try {
    await image.decode();
    tile.replaceChildren(image);
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

function next() {
  while (running < AT_ONCE && waiting.length > 0) {
    const tile = waiting.shift();
    running += 1;
    show(tile)
      .then(() => {
        tile.dataset.state = "shown";
      })
      .catch(() => {
        // The server is away or has no picture: the words in the tile say enough.
        tile.dataset.state = "without";
      })
      .finally(() => {
        running -= 1;
        next();
      });
  }
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      waiting.push(entry.target);
    }
    next();
  },
  { rootMargin: "200px" },
);

for (const tile of document.querySelectorAll("[data-pictures] [data-thumbnail]")) seen.observe(tile);
