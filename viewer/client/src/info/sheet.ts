/** Info: UIDs, facts and all attributes of the image that is shown; beside the images, on a narrow screen over them. */
import { keyName } from "../commands/keys.ts";
import { type DataSet, text } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";
import { icon } from "../page/icons.ts";
import type { Workspace } from "../page/workspace.ts";
import { _ } from "../words/say.ts";
import { copyButton } from "./copy.ts";
import { factsOf } from "./facts.ts";
import { AttributeList } from "./list.ts";
import { type Subject, subjectOf } from "./subject.ts";

/** A stack that is scrolled is not written out image by image (ms). */
const SETTLE = 120;

/** Keys that move the list while it has the focus, and not the images. */
const MOVES = /^(Up|Down|PageUp|PageDown|Home|End|Space|Shift\+Space)$/;

function make<Name extends keyof HTMLElementTagNameMap>(
  tag: Name,
  name: string,
  words = "",
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = words;
  return made;
}

function foreign(tag: "dd" | "span", name: string, words: string): HTMLElement {
  const made = make(tag, name, words);
  made.dir = "auto";
  made.setAttribute("translate", "no");
  return made;
}

function uidRows(study: string, series: string, instance: string): HTMLElement[] {
  const rows: [id: string, what: string, uid: string][] = [
    ["study", "Study Instance UID", study],
    ["series", "Series Instance UID", series],
    ["instance", "SOP Instance UID", instance],
  ];
  return rows.flatMap(([id, what, uid]) => {
    if (uid === "") return [];
    const field = foreign("span", "info-uid", uid);
    const place = make("dd", "");
    const button = copyButton(what, field);
    field.dataset.testid = `info-${id}-uid`;
    button.dataset.testid = `info-copy-${id}-uid`;
    place.append(field, button);
    return [make("dt", "", what), place];
  });
}

export class InfoSheet {
  private readonly element = make("aside", "info");
  private readonly title = make("p", "info-subject");
  private readonly uids = make("dl", "info-uids");
  private readonly facts = make("dl", "info-facts");
  private readonly body = make("div", "info-body scroll");
  private readonly search = make("input", "");
  private readonly count = make("p", "info-count");
  private readonly list: AttributeList;
  private readonly which = make("div", "info-which");
  private at = 0;
  private subject: Subject | null = null;
  private opener: Element | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private round = 0;

  constructor(private readonly workspace: Workspace) {
    this.list = new AttributeList((words) => {
      this.count.textContent = words;
    });
    this.build();
    document.body.append(this.element);
    for (const name of ["shown", "active", "opened", "state"] as const) workspace.on(name, () => this.soon());
    document.addEventListener("keydown", (event) => {
      const isTaken = event.defaultPrevented || document.querySelector("dialog[open]") !== null;
      if (event.key === "Escape" && this.isOpen && !isTaken) this.close();
    });
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.open();
  }

  private open(): void {
    this.opener = document.activeElement;
    this.element.hidden = false;
    this.workspace.commands.show("info", true);
    this.element.focus({ preventScroll: true });
    void this.draw();
  }

  private close(): void {
    const hadFocus = this.element.contains(document.activeElement);
    this.element.hidden = true;
    this.workspace.commands.show("info", false);
    if (!hadFocus) return;
    const back = this.opener instanceof HTMLElement && this.opener.isConnected ? this.opener : null;
    (back && back !== document.body ? back : this.workspace.active.viewport).focus({ preventScroll: true });
  }

  private build(): void {
    const { element } = this;
    const head = make("div", "dialog-head");
    const heading = make("h2", "", _("Info"));
    const close = make("button", "icon-button");
    heading.id = "info-title";
    element.id = "info";
    element.hidden = true;
    element.tabIndex = -1;
    element.dataset.testid = "info";
    element.setAttribute("aria-labelledby", heading.id);
    close.type = "button";
    close.setAttribute("aria-label", _("Close"));
    close.dataset.testid = "info-close";
    close.append(icon("x-lg"));
    close.addEventListener("click", () => this.close());
    const words = make("div", "info-head");
    words.append(heading, this.title);
    head.append(words, close);
    this.title.setAttribute("role", "status");
    this.title.dataset.testid = "info-subject";
    this.facts.dataset.testid = "info-facts";
    this.body.append(this.which, this.uids, this.facts, this.searching(), this.list.element);
    this.body.tabIndex = 0;
    this.body.setAttribute("role", "region");
    this.body.setAttribute("aria-label", _("Attributes"));
    this.body.addEventListener("keydown", (event) => {
      if (MOVES.test(keyName(event))) event.stopPropagation();
    });
    element.append(head, this.body);
  }

  private searching(): HTMLElement {
    const row = make("div", "info-search");
    const label = make("label", "", _("Search the attributes"));
    const { search, count } = this;
    search.type = "search";
    search.id = label.htmlFor = "info-search";
    search.autocomplete = "off";
    search.spellcheck = false;
    search.maxLength = 200;
    search.placeholder = _("Tag, name or value");
    search.dataset.testid = "info-search";
    search.addEventListener("input", () => this.soon());
    count.setAttribute("role", "status");
    count.dataset.testid = "info-count";
    row.append(label, search, count);
    return row;
  }

  private soon(): void {
    if (!this.isOpen) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.draw(), SETTLE);
  }

  private async draw(): Promise<void> {
    this.round += 1;
    const { round } = this;
    const { active } = this.workspace;
    if (active.series?.uid !== this.subject?.series.uid) this.at = 0;
    const subject = await subjectOf(active, this.at);
    // Another image has come meanwhile, or the sheet was closed.
    if (round !== this.round || !this.isOpen) return;
    this.subject = subject;
    this.write(subject);
  }

  private write(subject: Subject | null): void {
    const { instance, shown, words = "", study, series } = subject ?? {};
    const uid = instance ? text(instance, Tag.SOPInstanceUID) : "";
    if (this.title.textContent !== words) this.title.textContent = words;
    // What the reader is about to copy stays where it is while only the search changes.
    const uids = [study?.uid ?? "", series?.uid ?? "", uid];
    if (this.uids.dataset.of !== uids.join(" ")) {
      this.uids.dataset.of = uids.join(" ");
      this.uids.replaceChildren(...uidRows(uids[0] ?? "", uids[1] ?? "", uid));
    }
    this.writeFacts(shown ?? null);
    this.writeWhich(subject);
    if (instance) this.list.show(instance, this.search.value);
    else {
      this.list.element.replaceChildren();
      this.count.textContent = this.whyNone(subject);
    }
  }

  private whyNone(subject: Subject | null): string {
    if (!subject) return _("Nothing is open in this place.");
    if (this.workspace.active.view.frame)
      return _("This picture was made from the series here: it has no attributes of its own.");
    return _("The description of this series has not come yet.");
  }

  private writeFacts(ds: DataSet | null): void {
    const facts = ds ? factsOf(ds, this.workspace.config.language) : [];
    this.facts.replaceChildren(
      ...facts.flatMap(([what, words]) => [make("dt", "", what), foreign("dd", "", words)]),
    );
  }

  /** Several documents stand in one place: the reader goes from one to the next. */
  private writeWhich(subject: Subject | null): void {
    const count = subject?.count ?? 1;
    this.which.hidden = count < 2;
    if (count < 2) return;
    const go = (by: number, words: string) => {
      const button = make("button", "button small", words);
      button.type = "button";
      button.disabled = this.at + by < 0 || this.at + by >= count;
      button.addEventListener("click", () => {
        this.at += by;
        void this.draw();
      });
      return button;
    };
    const words = make("span", "", _("Object {n} of {count}", { n: this.at + 1, count }));
    this.which.replaceChildren(go(-1, _("Previous")), words, go(1, _("Next")));
  }
}
