/** The save dialog: the image as PNG or JPEG, its series as DICOM files; after the portal has written it down. */
import "./print.css";
import { part, write } from "../page/elements.ts";
import type { Pane } from "../panes/pane.ts";
import { _, _n } from "../words/say.ts";
import { seriesArchive } from "./archive.ts";
import { imageFileName, saveFile, seriesFileName, withName } from "./files.ts";
import type { Subject } from "./job.ts";
import { type OnScreen, onScreen, type PictureChoice, pictureOf } from "./picture_file.ts";
import { Running } from "./running.ts";
import { type How, noteTaken } from "./taken.ts";
import { bannerWords, seriesWithin } from "./words.ts";

type Form = "png" | "jpeg" | "zip";

const MEDIA_TYPES = { png: "image/png", jpeg: "image/jpeg" } as const;

/** Of a JPEG: nothing that an eye sees is lost. */
const QUALITY = 0.95;

export class SaveDialog {
  private readonly dialog = part<HTMLDialogElement>("save-dialog");
  private readonly form = part<HTMLFormElement>("save-form");
  private readonly running = new Running({
    progress: part("save-progress"),
    trouble: part("save-trouble"),
    stop: part("save-cancel"),
    locks: [part<HTMLButtonElement>("save-now"), part("save-choice")],
  });
  private subject: Subject | null = null;
  private screen: OnScreen | null = null;

  constructor() {
    part("save-close").addEventListener("click", () => this.leave());
    part("save-cancel").addEventListener("click", () => this.leave());
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.leave();
    });
    this.dialog.addEventListener("close", () => this.closed());
    part("save-copy").addEventListener("click", () => void this.copyHere());
    this.form.addEventListener("input", () => this.changed());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.save();
    });
  }

  open(subject: Subject, pane: Pane): void {
    this.begin(subject, pane);
    const n = subject.index + 1;
    const frame = subject.frames[subject.index];
    write(part("save-title"), _("Save image {n} of {series}", { n, series: seriesWithin(subject.series) }));
    const banner = frame ? bannerWords(frame, subject) : { name: "", rest: "" };
    write(part("save-patient"), banner.name);
    write(part("save-patient-rest"), banner.rest === "" ? "" : `, ${banner.rest}`);
    this.dialog.showModal();
    this.dialog.querySelector<HTMLElement>('input[name="form"]:checked')?.focus();
    this.running.allow("", true);
    this.changed();
  }

  /** Puts the image, as it lies on the screen and without identity, where one pastes from; says whether it did. */
  async copy(subject: Subject, pane: Pane): Promise<string> {
    const words = await this.copied(subject, onScreen(pane));
    write(part("spoken"), words);
    return words;
  }

  private async copied(subject: Subject, screen: OnScreen): Promise<string> {
    const choice = { asOnScreen: true, marks: true, corners: false, identity: false };
    const { study, series, config } = subject;
    const taken = { how: "png", images: 1, seriesInstanceUid: series.uid } as const;
    const make = async () => {
      await noteTaken(study.config, taken, config);
      return (await pictureOf(subject, choice, screen)).convertToBlob({ type: MEDIA_TYPES.png });
    };
    try {
      // The browser wants to know at the press of the key that something will come.
      await navigator.clipboard.write([new ClipboardItem({ "image/png": make() })]);
      return _("The image was copied, without name and ID.");
    } catch (error) {
      console.warn(error);
      return _("The image was not copied: the browser or the portal did not allow it.");
    }
  }

  private begin(subject: Subject, pane: Pane): void {
    this.subject = subject;
    this.screen = onScreen(pane);
  }

  private closed(): void {
    this.running.stop();
    this.subject = null;
  }

  private leave(): void {
    if (this.running.stop()) return;
    this.dialog.close();
  }

  private get how(): Form {
    const form = new FormData(this.form).get("form");
    return form === "jpeg" || form === "zip" ? form : "png";
  }

  private get choice(): PictureChoice {
    const data = new FormData(this.form);
    return {
      asOnScreen: data.get("size") === "screen",
      marks: data.has("marks"),
      corners: data.has("corners"),
      identity: data.has("identity"),
    };
  }

  private changed(): void {
    const { subject, how } = this;
    if (!subject) return;
    part("save-picture-fields").hidden = how === "zip";
    const identity = this.form.querySelector<HTMLInputElement>('input[name="identity"]');
    if (identity) identity.disabled = !this.choice.corners;
    write(part("save-note"), this.note(subject, how));
  }

  private note(subject: Subject, how: Form): string {
    const { series } = subject;
    if (how === "zip") {
      return _n(
        "{n} file as the DICOM Server keeps it. It holds the patient's name and ID.",
        "{n} files as the DICOM Server keeps them. They hold the patient's name and ID.",
        series.count,
      );
    }
    const layers = subject.hasLayers
      ? [_("Segments and drawings of presentation states are not saved with it; their greys are.")]
      : [];
    const whose = this.choice.identity
      ? _("The name of the file and the corners tell whose image this is.")
      : _(
          "Neither the file nor its name says whose image this is. Text that is burned into the image stays.",
        );
    return [whose, ...layers].join("\n");
  }

  private async copyHere(): Promise<void> {
    const { subject, screen } = this;
    if (subject && screen) write(part("save-progress"), await this.copied(subject, screen));
  }

  private async save(): Promise<void> {
    const { subject, screen, how } = this;
    if (!subject || !screen) return;
    const { study, series, config } = subject;
    const images = how === "zip" ? series.count : 1;
    const taken = { how: how as How, images, seriesInstanceUid: series.uid };
    const done = (files: number) =>
      how === "zip" ? _n("Saved {n} file.", "Saved {n} files.", files) : _("Saved.");
    await this.running.runAfter(
      () => noteTaken(study.config, taken, config),
      async (signal, progress) => {
        if (how !== "zip") return await this.savePicture(subject, screen, how);
        progress.say(_("Asking the DICOM Server"));
        saveFile(await seriesArchive(study, series, signal, progress), seriesFileName(series, "zip"));
        return series.count;
      },
      done,
    );
  }

  private async savePicture(subject: Subject, screen: OnScreen, form: "png" | "jpeg"): Promise<number> {
    const { choice } = this;
    const canvas = await pictureOf(subject, choice, screen);
    const blob = await canvas.convertToBlob({ type: MEDIA_TYPES[form], quality: QUALITY });
    const plain = imageFileName(subject.series, subject.index + 1, form === "png" ? "png" : "jpg");
    const frame = subject.frames[subject.index];
    const name = choice.identity && frame ? withName(plain, bannerWords(frame, subject).name) : plain;
    saveFile(blob, name);
    return 1;
  }
}
