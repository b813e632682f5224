/** Brings printing and saving to the page: commands for those who may take images along; all else comes when used. */
import { keyName } from "../commands/keys.ts";
import type { Marking } from "../measure/marking.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import type { MarkSource } from "./burned.ts";
import { type Subject, subjectOf } from "./job.ts";
import { mayTake } from "./taken.ts";

const NO_MARKS: MarkSource = {
  on: () => [],
  numbers: () => {
    throw new Error("there are no marks");
  },
  keyImages: () => [],
};

function sourceOf(marking: Marking | null): MarkSource {
  if (!marking) return NO_MARKS;
  return {
    on: (study, { sopInstanceUid, frameNumber }) =>
      marking.storeOf(study).on({ seriesUid: "", sopInstanceUid, frameNumber }),
    numbers: (mark) => marking.numbers(mark),
    keyImages: (study) => marking.storeOf(study).all.filter(({ kind }) => kind === "key_image"),
  };
}

/** Loads a part of the program once. */
function once<Part>(make: () => Promise<Part>): () => Promise<Part> {
  let made: Promise<Part> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}

const loadPrinting = once(async () => {
  const { PrintDialog } = await import("./dialog.ts");
  return new PrintDialog();
});

const loadSaving = once(async () => {
  const { SaveDialog } = await import("./saving.ts");
  return new SaveDialog();
});

/** Paper carries what Print makes, never the screen as it is: the browser's own printing has no record and no head. */
function keepBrowserFromPrinting(workspace: Workspace): void {
  document.addEventListener(
    "keydown",
    (event) => {
      if (keyName(event) !== "Ctrl+P") return;
      event.preventDefault();
      // In a field the key would stay with the field; there too it means to print.
      const inField = document.activeElement?.matches("input, textarea, select") ?? false;
      if (inField && !document.querySelector("dialog[open]")) workspace.commands.run("print");
    },
    { capture: true },
  );
}

export function startPrinting(workspace: Workspace, marking: Marking | null): void {
  keepBrowserFromPrinting(workspace);
  const { commands, studies, config } = workspace;
  if (!studies.some((study) => mayTake(study.config))) return;
  const marks = sourceOf(marking);
  const subject = (): Subject | null => subjectOf(workspace.active, marks, config);
  const enabled = () => workspace.active.view.frame !== null && mayTake(workspace.active.study?.config);
  let openFor: Study | null = null;
  const act = (open: (subject: Subject) => Promise<unknown>) => () => {
    const found = subject();
    if (!found) return;
    openFor = found.study;
    void open(found);
  };
  commands.add(
    {
      id: "print",
      group: "view",
      title: _("Print"),
      keys: ["Ctrl+P"],
      enabled,
      run: act(async (found) => (await loadPrinting()).open(found)),
    },
    {
      id: "save",
      group: "view",
      title: _("Save an image, or its series"),
      keys: ["Ctrl+S"],
      enabled,
      run: act(async (found) => (await loadSaving()).open(found, workspace.active)),
    },
    {
      id: "copy-image",
      group: "view",
      title: _("Copy the image"),
      keys: ["Shift+C"],
      enabled,
      run: act(async (found) => (await loadSaving()).copy(found, workspace.active)),
    },
  );
  workspace.on("shown", () => commands.changed());
  workspace.on("ended", (study) => {
    if (study !== openFor) return;
    for (const dialog of document.querySelectorAll<HTMLDialogElement>("#print-dialog, #save-dialog"))
      dialog.close();
    for (const pages of document.querySelectorAll(".printed-pages")) pages.remove();
  });
}
