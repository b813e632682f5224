/** What a mark said before: opened on demand, read from the portal. */
import { shownTime } from "../dicom/people.ts";
import { _, _n } from "../words/say.ts";
import { keptNumbers, mainWords } from "./format.ts";
import type { Mark } from "./marks.ts";

/** "14:02" of an ISO date and time, in the reader's zone. */
export function clockTime(iso: string): string {
  const date = new Date(iso);
  if (iso === "" || Number.isNaN(date.getTime())) return "";
  const two = (value: number) => String(value).padStart(2, "0");
  return shownTime(`${two(date.getHours())}${two(date.getMinutes())}00`);
}

/** "changed 3 times, last 14:02 by Dr Elena Pascaru". */
export function changedWords({ version, changedAt, author }: Mark): string {
  if (version < 2) return "";
  const words = { time: clockTime(changedAt), author: author.name };
  return _n(
    "changed once, {time} by {author}",
    "changed {n} times, last {time} by {author}",
    version - 1,
    words,
  );
}

export class VersionList {
  readonly element = document.createElement("details");
  private readonly summary = document.createElement("summary");
  private readonly list = document.createElement("ol");
  private read = 0;

  constructor(private readonly fetchVersions: () => Promise<Mark[]>) {
    this.element.className = "marked-versions";
    this.element.dataset.testid = "mark-versions";
    this.element.append(this.summary, this.list);
    this.element.addEventListener("toggle", () => void this.fill());
  }

  private version = 0;

  update(mark: Mark): void {
    const words = changedWords(mark);
    this.version = mark.version;
    this.element.hidden = words === "";
    if (this.summary.textContent !== words) this.summary.textContent = words;
    if (this.element.open) void this.fill();
  }

  private async fill(): Promise<void> {
    if (!this.element.open || this.read === this.version) return;
    this.read = this.version;
    try {
      const versions = await this.fetchVersions();
      this.list.replaceChildren(...versions.map(versionLine));
    } catch {
      this.read = 0;
      const item = document.createElement("li");
      item.textContent = _("The earlier versions cannot be read now.");
      this.list.replaceChildren(item);
    }
  }
}

function versionLine(mark: Mark): HTMLLIElement {
  const item = document.createElement("li");
  const said = [clockTime(mark.changedAt), mainWords(keptNumbers(mark.values)), mark.text];
  item.textContent = said.filter((words) => words !== "").join(", ");
  return item;
}
