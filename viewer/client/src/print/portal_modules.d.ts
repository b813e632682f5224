/** What the study page downloads with (static/portal/js): the same module serves here. */

declare module "portal-archive" {
  /**
   * The whole ZIP, asked for anew from where it stopped whenever the line breaks. `ask` sends a request with these
   * headers; `onShare` hears how much came, in per cent.
   */
  export function archiveFrom(
    ask: (headers: Readonly<Record<string, string>>) => Promise<Response>,
    events: {
      readonly signal: AbortSignal;
      readonly onShare: (share: number) => void;
      readonly onBroken: () => void;
    },
  ): Promise<Blob>;
}
