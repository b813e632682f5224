// Tokens for errands at a DICOM Server: asked of the portal when they are needed, kept in memory, renewed in time.

const TOKEN_TIMEOUT = 20_000;
const RENEW_BEFORE = 60_000;

export class ErrandDenied extends Error {}

export class Errand {
  #url;
  #order;
  #csrf;
  #current = null;
  #asking = null;

  /** `url` is the portal's address of errands at the server, `order` what is asked of it. */
  constructor(url, order, csrf) {
    this.#url = url;
    this.#order = order;
    this.#csrf = csrf;
  }

  /** The server's base address and a token that is good for a while. Throws ErrandDenied where it is not given. */
  async token() {
    if (this.#current && this.#current.until - RENEW_BEFORE > Date.now()) return this.#current;
    // Many files ask at once; one answer serves all.
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    this.#current = await this.#asking;
    return this.#current;
  }

  async #ask() {
    const response = await fetch(this.#url, {
      method: "POST",
      cache: "no-store",
      redirect: "error",
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": this.#csrf },
      body: JSON.stringify(this.#order),
      signal: AbortSignal.timeout(TOKEN_TIMEOUT),
    });
    if ([400, 401, 403, 404].includes(response.status)) throw new ErrandDenied(`no token: ${response.status}`);
    if (!response.ok) throw new Error(`no token: ${response.status}`);
    const body = await response.json();
    return { base: body.server.base_url.replace(/\/+$/, ""), token: body.token, until: Date.parse(body.expires_at) };
  }

  /** Asks the DICOM Server; `path` begins below its base address. */
  async fetch(path, options = {}) {
    const { base, token } = await this.token();
    return fetch(`${base}${path}`, {
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      ...options,
      headers: { ...options.headers, Authorization: `Bearer ${token}` },
    });
  }
}
