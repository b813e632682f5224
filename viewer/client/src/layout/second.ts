/** A second window for another monitor: the same study with access of its own; each follows the other. */
import { icon } from "../page/icons.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import { ONE } from "./arrangement.ts";
import type { Stand } from "./counterpart.ts";
import { type Layouts, seriesAfter } from "./layouts.ts";
import { bestPrior } from "./likeness.ts";
import type { Linking, Told } from "./linking.ts";
import { secondName } from "./opening.ts";

/** What the windows tell each other; nothing of the patient, only names of series and places. */
type Message =
  /** The first window shows this study; the second one goes there. */
  | { readonly kind: "study"; readonly path: string }
  | { readonly kind: "hello" }
  | {
      readonly kind: "here";
      readonly series: readonly string[];
      readonly linked: boolean;
      readonly stand: Stand;
    }
  | { readonly kind: "linked"; readonly on: boolean; readonly stand: Stand }
  | { readonly kind: "moved"; readonly told: Told }
  | { readonly kind: "ended"; readonly study: string }
  | { readonly kind: "gone" };

const KEPT = "second-window";

/** The first window answers within this time (ms), or is gone. */
const ANSWER = 600;

function newName(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

export class SecondWindow {
  readonly isSecond: boolean;
  private name: string | null;
  private channel: BroadcastChannel | null = null;
  private answered: ((here: readonly string[]) => void) | null = null;

  constructor(
    private readonly workspace: Workspace,
    private readonly layouts: Layouts,
    private readonly linking: Linking,
    /** Asks whether a study is still open to the reader. */
    private readonly lookAgain: (study: Study) => void,
  ) {
    const named = secondName();
    this.isSecond = named !== null;
    this.name = named ?? sessionStorage.getItem(KEPT);
    if (this.isSecond) document.title = _("{title}, 2nd window", { title: document.title });
    if (this.name) this.connect(this.name);
    if (this.name && !this.isSecond) this.post({ kind: "study", path: location.pathname + location.search });
    this.listen();
  }

  /** Opens the second window, or brings it to the front. */
  open(): void {
    this.name ??= newName();
    sessionStorage.setItem(KEPT, this.name);
    this.connect(this.name);
    const address = `${location.pathname}${location.search}#second=${this.name}`;
    const opened = window.open(address, `second-${this.name}`, "popup,width=1200,height=900");
    if (opened) opened.focus();
    else
      this.workspace.active.notice("second", _("The browser blocked the 2nd window: allow it for this page"));
  }

  /** In the second window: hangs what the first one does not show. */
  async hang(): Promise<void> {
    const there = await new Promise<readonly string[]>((resolve) => {
      this.answered = resolve;
      this.post({ kind: "hello" });
      setTimeout(() => resolve([]), ANSWER);
    });
    this.answered = null;
    const { study, studies } = this.workspace;
    const shown = study.config.series.find(({ uid }) => there.includes(uid));
    const next = seriesAfter(study.config.series, shown?.uid);
    const other = next.find(({ uid }) => !there.includes(uid));
    const prior = shown ? bestPrior(shown, studies.slice(1)) : null;
    const [earlier] = prior?.candidates ?? [];
    if (prior && earlier && !there.includes(earlier.uid)) {
      await this.layouts.hang(ONE, [{ study: prior.study, series: earlier }]);
    } else {
      const series = other ?? next[0];
      await this.layouts.hang(ONE, [series ? { study, series } : null]);
    }
  }

  private connect(name: string): void {
    if (this.channel) return;
    this.channel = new BroadcastChannel(`viewer ${name}`);
    this.channel.addEventListener("message", ({ data }: MessageEvent<Message>) => this.take(data));
  }

  private post(message: Message): void {
    this.channel?.postMessage(message);
  }

  private listen(): void {
    const { workspace, linking } = this;
    linking.tell = (told) => this.post({ kind: "moved", told });
    linking.switched = (on, stand) => this.post({ kind: "linked", on, stand });
    for (const name of ["opened", "layout"] as const) workspace.on(name, () => this.here());
    workspace.on("ended", (study) => this.post({ kind: "ended", study: study.uid }));
    window.addEventListener("pagehide", () => this.post({ kind: "gone" }));
  }

  private here(): void {
    const series = this.workspace.panes.flatMap((pane) => (pane.series ? [pane.series.uid] : []));
    this.post({ kind: "here", series, linked: this.linking.isOn, stand: this.linking.where });
  }

  private take(message: Message): void {
    switch (message.kind) {
      case "study":
        this.goTo(message.path);
        break;
      case "hello":
        this.here();
        break;
      case "here":
        this.mark(message.series);
        if (this.answered) this.join(message);
        break;
      case "linked":
        this.linking.turn(message.on, message.stand);
        break;
      case "moved":
        this.linking.follow(message.told);
        break;
      case "ended":
        for (const study of this.workspace.studies) if (study.uid === message.study) this.lookAgain(study);
        break;
      case "gone":
        this.mark([]);
        break;
    }
  }

  /** What the first window answers to the second one's hello. */
  private join({ series, linked, stand }: Extract<Message, { kind: "here" }>): void {
    this.linking.turn(linked, stand);
    this.answered?.(series);
  }

  /** The first window shows another study: this one never stays behind with another patient. */
  private goTo(path: string): void {
    if (!this.isSecond) return;
    if (path === location.pathname + location.search) this.here();
    else if (path.startsWith("/") && !path.startsWith("//")) location.assign(path + location.hash);
  }

  /** Marks in the rail what the other window shows. */
  private mark(series: readonly string[]): void {
    this.linking.hasOther = series.length > 0;
    this.linking.say();
    for (const button of document.querySelectorAll<HTMLElement>("[data-series-button]")) {
      const elsewhere = series.includes(button.dataset.seriesUid ?? "");
      const known = button.querySelector(".series-elsewhere");
      if (!elsewhere) known?.remove();
      else if (!known) button.querySelector(".series-words")?.append(elsewhereMark());
    }
  }
}

function elsewhereMark(): HTMLElement {
  const mark = document.createElement("span");
  const words = document.createElement("span");
  mark.className = "series-elsewhere";
  mark.dataset.testid = "series-elsewhere";
  mark.title = _("In the other window");
  words.className = "visually-hidden";
  words.textContent = mark.title;
  mark.append(icon("display"), words);
  return mark;
}
