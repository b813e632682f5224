/** What the reader must know of a choice before paper carries it: in plain words, beside the choice. */
import { plainNumber } from "../dicom/windows.ts";
import { personOf } from "../panes/corners.ts";
import { _, _n } from "../words/say.ts";
import type { Choice, Item, Subject } from "./job.ts";
import { headHeight, isDetectorOnly, patientSize, turned } from "./paper.ts";
import { planPage, trueSizeBox } from "./plan.ts";

export interface Notes {
  readonly words: readonly string[];
  /** Why it cannot be printed like this, or "". */
  readonly trouble: string;
  readonly attention: boolean;
}

/** Why an image has no true size. */
function uncalibrated(item: Item): string {
  const n = item.index + 1;
  if (isDetectorOnly(item)) {
    return _(
      "Image {n} has no true size: its millimetres are those at the detector, where the patient appears larger. Choose Fit.",
      { n },
    );
  }
  return _(
    "Image {n} has no true size: it does not say how large its pixels are in the patient. Choose Fit.",
    { n },
  );
}

function trueSizeNotes(subject: Subject, choice: Choice, items: readonly Item[]): Notes {
  const sizes = items.map((item) => ({ item, size: patientSize(item, turned(subject, item).rotation) }));
  const unknown = sizes.find(({ size }) => size === null);
  if (unknown) return { words: [], trouble: uncalibrated(unknown.item), attention: true };
  const words = [
    _("On the printer choose 100 %, without fitting to the page. Then check the 50 mm bar at the foot."),
  ];
  const [cell] = planPage(choice.sheet, choice.across, choice.down, headHeight(choice)).cells;
  const large = sizes.find(({ size }) => size && cell && trueSizeBox(cell, size).cut);
  if (!large?.size || !cell) return { words, trouble: "", attention: false };
  const { box } = trueSizeBox(cell, large.size);
  const values = {
    width: plainNumber(large.size.width),
    height: plainNumber(large.size.height),
    shownWidth: plainNumber(box.width),
    shownHeight: plainNumber(box.height),
  };
  const cut = _(
    "At true size only the middle {shownWidth} × {shownHeight} mm of {width} × {height} mm have room. Choose fewer images on a page, A3, or Fit.",
    values,
  );
  return { words: [cut, ...words], trouble: "", attention: true };
}

/** True where the images say that they are of different people: one head would be wrong for some. */
function areOfSeveral({ study }: Subject, items: readonly Item[]): boolean {
  const people = items.map(({ frame }) => {
    const { name, identifier } = personOf(frame, study.config);
    return `${name.trim()}\n${identifier.trim()}`;
  });
  return new Set(people).size > 1;
}

export function notesOn(subject: Subject, choice: Choice, items: readonly Item[]): Notes {
  const marked = choice.marks
    ? items.filter(({ frame }) =>
        subject.marks.on(subject.study, frame).some(({ kind }) => kind !== "key_image"),
      ).length
    : 0;
  const words = [_("Paper shows fewer greys than the screen. The page says: not for diagnosis.")];
  if (marked > 0) {
    words.push(
      _n("{n} image carries measurements or marks.", "{n} images carry measurements or marks.", marked),
    );
  }
  if (choice.withoutIdentity) {
    words.push(
      _(
        "The page names nobody. Text that is burned into the images, and what people wrote as marks, stays: look at each page.",
      ),
    );
  }
  if (subject.hasLayers) {
    words.push(_("Segments and drawings of presentation states are not printed; their greys are."));
  }
  if (!choice.withoutIdentity && areOfSeveral(subject, items)) {
    const trouble = _(
      "These images name different patients, so no page can name them all. Print them one by one, and tell whoever looks after the archive.",
    );
    return { words, trouble, attention: true };
  }
  if (!choice.trueSize) return { words, trouble: "", attention: choice.withoutIdentity };
  const size = trueSizeNotes(subject, choice, items);
  return { ...size, words: [...size.words, ...words] };
}
