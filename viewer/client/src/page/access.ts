/** Watches over access to the open studies: what is refused for good, and what happens to the images then. */
import { forgetPictures } from "../engine/loader.ts";
import { Refused } from "../http/failures.ts";
import { isEndOfAccess, Watch } from "../http/watch.ts";
import type { Pane } from "../panes/pane.ts";
import type { Study } from "../studies/study.ts";
import { refusal } from "../words/troubles.ts";
import type { Notice } from "./notice.ts";
import type { Workspace } from "./workspace.ts";

export class Access {
  private readonly watches = new Map<Study, Watch>();

  constructor(
    private readonly workspace: () => Workspace,
    private readonly notice: Notice,
  ) {}

  /** To be called for each study that is read; once is enough. */
  watch(study: Study): void {
    if (this.watches.has(study)) return;
    const watch = new Watch(
      () => study.dicomweb.stillOpen(study.uid),
      (error) => void this.refused(study, error),
    );
    this.watches.set(study, watch);
    watch.start();
  }

  /** Asks now whether a study is still open: another window has learnt that it is not. */
  look(study: Study): void {
    study.dicomweb.stillOpen(study.uid).catch((error: unknown) => void this.refused(study, error));
  }

  /** After a refusal nothing more is asked for, until somebody says Try now. */
  isFinal({ study }: Pane, error: unknown): boolean {
    return study !== null && this.refused(study, error);
  }

  private refused(study: Study, error: unknown): boolean {
    if (!(error instanceof Refused)) return false;
    const again = this.panesOf(study).map((pane) => ({ pane, series: pane.series }));
    this.notice.refused(refusal(error), () => {
      this.notice.accepted();
      this.watches.get(study)?.start();
      for (const { pane, series } of again) if (series) void pane.open(study, series);
    });
    if (isEndOfAccess(error)) this.end(study, refusal(error));
    return true;
  }

  /** Access has ended: the images leave the screen and the memory. */
  private end(study: Study, words: string): void {
    this.watches.get(study)?.stop();
    const panes = this.panesOf(study);
    study.forget();
    forgetPictures();
    for (const pane of panes) {
      pane.close();
      pane.say(words, "ended");
    }
    this.workspace().emit("ended", study);
  }

  private panesOf(study: Study): Pane[] {
    return this.workspace().panes.filter((pane) => pane.study === study);
  }
}
