/** Knows whether somebody sits at the page: an open viewer on an empty chair keeps no session alive. */

/** What a person does, as against a film that runs by itself. */
const ACTS = ["keydown", "pointerdown", "wheel"] as const;

export class Attendance {
  private acted = true;

  constructor(target: EventTarget) {
    const note = () => {
      this.acted = true;
    };
    for (const act of ACTS) target.addEventListener(act, note, { capture: true, passive: true });
  }

  /** The address of a token, which says so where nobody did anything since it was asked for last. */
  stamp(url: string): string {
    const attended = this.acted;
    this.acted = false;
    if (attended) return url;
    return `${url}${url.includes("?") ? "&" : "?"}unattended=true`;
  }
}
