// The DICOM Server as "Find elsewhere" asks it: JSON below /elsewhere, by errand tokens that renew themselves.

import { Errand } from "./errand.js";

const TIMEOUT = 30_000;

/** The server answered that it will not; the message is for people. */
export class Problem extends Error {}

export class ElsewhereServer {
  #errand;

  constructor(id, name, errandsUrl, csrf) {
    this.id = id;
    this.name = name;
    this.isKnown = false;
    this.#errand = new Errand(errandsUrl, { errand: "find_elsewhere" }, csrf);
  }

  /** What the server answers; true where it answers nothing. Throws Problem, ErrandDenied, or what fetch throws. */
  async ask(path, method = "GET", body = null) {
    const options = { method, signal: AbortSignal.timeout(TIMEOUT), headers: { Accept: "application/json" } };
    if (body !== null) {
      options.body = JSON.stringify(body);
      options.headers["Content-Type"] = "application/json";
    }
    const response = await this.#errand.fetch(`/elsewhere${path}`, options);
    if (response.status === 204) return true;
    const answer = await response.json();
    if (!response.ok) throw new Problem(answer.detail || answer.title);
    return answer;
  }
}
