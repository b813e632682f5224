/** Tells the reader what became of marks that are not as they left them, and that some are not saved yet. */
import type { Study } from "../studies/study.ts";
import { _, _n } from "../words/say.ts";
import type { Marking, News } from "./marking.ts";
import type { Refusal } from "./outbox.ts";
import type { StudyMarks } from "./store.ts";

/** A message stands for this long (ms). */
const SHOWN = 8_000;

export function newsWords(news: News): string {
  switch (news.kind) {
    case "conflict":
      return news.copy
        ? _("This mark was changed elsewhere meanwhile. Theirs is shown; yours is kept as a copy.")
        : _("This mark was changed elsewhere meanwhile. It was not taken away.");
    case "refused":
      return refusalWords(news.why);
    case "not-yours":
      return _("This is a mark of {author}. Copy it in the list to change it.", { author: news.author });
  }
}

export function refusalWords(why: Refusal): string {
  switch (why) {
    case "not-allowed":
      return _("This mark is not saved: you may no longer mark this study.");
    case "study-gone":
      return _("This mark is not saved: the study is no longer open to you.");
    case "not-accepted":
      return _("This mark is not saved: the portal does not accept it.");
  }
}

export interface SavedWords {
  readonly words: string;
  readonly trouble: boolean;
}

/** What stands under the list: "Saved", or what is wrong and what becomes of it. */
export function savedWords(store: StudyMarks): SavedWords {
  if (!store.saves) {
    return {
      words: _("You may draw and measure here. It is not saved, because you do not report on this study."),
      trouble: false,
    };
  }
  if (store.state === "failed") return { words: _("The marks cannot be read. Trying again."), trouble: true };
  if (store.state === "refused") return { words: _("The marks are not open to you."), trouble: true };
  const { saveState } = store;
  switch (saveState.kind) {
    case "saved":
      return { words: _("Saved"), trouble: false };
    case "saving":
      return { words: _("Saving"), trouble: false };
    case "waiting":
      return { words: waitingWords(saveState.count, saveState.signedOut), trouble: true };
    case "refused":
      return { words: refusalWords(saveState.why), trouble: true };
  }
}

function waitingWords(count: number, signedOut: boolean): string {
  return signedOut
    ? _n(
        "{n} mark is not saved yet: you are signed out. Sign in in another tab, then it is saved.",
        "{n} marks are not saved yet: you are signed out. Sign in in another tab, then they are saved.",
        count,
      )
    : _n("{n} mark is not saved yet. Trying again.", "{n} marks are not saved yet. Trying again.", count);
}

/** Shows what must be told under the badge of the active pane, and speaks it. */
export function startNews(marking: Marking): void {
  const { workspace } = marking;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const say = (words: string) => {
    const pane = workspace.active;
    clearTimeout(timer);
    pane.notice("marks", words);
    const spoken = document.getElementById("spoken");
    if (spoken) spoken.textContent = words;
    timer = setTimeout(() => pane.notice("marks", null), SHOWN);
  };
  marking.onNews((news) => say(newsWords(news)));
  const told = new Set<Study>();
  marking.onChange(() => {
    for (const pane of workspace.panes) {
      const { study } = pane;
      if (!study) continue;
      const { saveState, saves, all } = marking.storeOf(study);
      const waits = saveState.kind === "waiting";
      pane.notice("marks-waiting", waits ? waitingWords(saveState.count, saveState.signedOut) : null);
      if (!saves && !told.has(study) && all.some(({ author }) => author.isMe)) {
        told.add(study);
        say(savedWords(marking.storeOf(study)).words);
      }
    }
  });
}

/** Asks before a tab is closed while something is not saved. */
export function startLeaving(marking: Marking): void {
  const stores = () => marking.open;
  window.addEventListener("beforeunload", (event) => {
    // What is done now waits in the tab's own store, whatever becomes of the page.
    marking.settle();
    for (const { saveState } of stores()) if (saveState.kind === "waiting") event.preventDefault();
  });
  window.addEventListener("online", () => {
    for (const store of stores()) store.tryNow();
  });
}
