/** Says of objects without a picture what they are, and why there is none. */
import { type DataSet, items, number, personName, text } from "../dicom/dataset.ts";
import { shownDate, shownName } from "../dicom/people.ts";
import { Tag } from "../dicom/tags.ts";
import { _, _n } from "../words/say.ts";
import { element, type Renderer } from "./renderer.ts";
import { structuresOf } from "./structures.ts";

const PREFIX = "1.2.840.10008.5.1.4.1.1.";

type Say = (ds: DataSet) => readonly string[];

function planLines(ds: DataSet): string[] {
  const beams = items(ds, "300A00B0")
    .map((beam) => text(beam, "300A00C2"))
    .filter((name) => name !== "");
  return [
    [_("Radiotherapy plan"), text(ds, "300A0002")].filter((words) => words !== "").join(": "),
    ...(beams.length > 0 ? [_("Beams: {names}", { names: beams.join(", ") })] : []),
    _(
      "A plan says how a patient is irradiated. It holds no picture; the dose and the structures that belong to it may.",
    ),
  ];
}

function structureLines(ds: DataSet): string[] {
  const structures = structuresOf(ds);
  return [
    _n(
      "{n} structure drawn by hand or by a machine",
      "{n} structures drawn by hand or by a machine",
      structures.length,
    ),
    structures.map(({ label }) => label).join(", "),
    _("They are lines that lie on images; the images they were drawn on are not in this study."),
  ];
}

const KINDS: Readonly<Record<string, Say>> = {
  [`${PREFIX}481.3`]: structureLines,
  [`${PREFIX}481.5`]: planLines,
  [`${PREFIX}481.8`]: planLines,
  [`${PREFIX}481.4`]: () => [_("A record of radiotherapy beams. It holds numbers, and no picture.")],
  [`${PREFIX}66`]: () => [_("Raw data of a machine. Only software of its maker can show them.")],
  [`${PREFIX}66.1`]: () => [
    _("A registration: it says how two series lie on each other, and holds no picture."),
  ],
  [`${PREFIX}66.2`]: () => [_("Fiducial points of other images. It holds no picture of its own.")],
  [`${PREFIX}66.3`]: () => [
    _("A registration: it says how two series lie on each other, and holds no picture."),
  ],
  [`${PREFIX}66.5`]: () => [_("A surface for 3D, which this viewer does not draw.")],
  [`${PREFIX}91.1`]: () => [
    _("Annotations of a microscope's image: many points or outlines, which this viewer does not draw."),
  ],
  [`${PREFIX}78.1`]: () => [_("Measurements of spectacles. They hold numbers, and no picture.")],
};

const UNKNOWN: Say = (ds) => [
  _("An object of a kind that this viewer does not know ({kind}). It holds no picture.", {
    kind: text(ds, Tag.SOPClassUID) || "?",
  }),
];

function facts(ds: DataSet, language: string): string[] {
  const who = personName(ds, "00081070");
  return [
    text(ds, Tag.SeriesDescription),
    shownDate(text(ds, "00080023") || text(ds, Tag.SeriesDate), language),
    [text(ds, "00080070"), text(ds, "00081090")].filter((words) => words !== "").join(" "),
    who === "" ? "" : shownName(who),
  ].filter((words) => words !== "");
}

/** Storage classes of pictures (PS3.4 B.5), by what follows their common beginning. */
const PICTURES = /^(1|2|3|4|6|7|12|13|14|20|30|77|128|130|481\.1|481\.2|501)(\.|$)/;

/** Objects that should be pictures and are none: why not. */
function lackOf(ds: DataSet): string | null {
  const kind = text(ds, Tag.SOPClassUID);
  const isPicture = kind.startsWith(PREFIX) && PICTURES.test(kind.slice(PREFIX.length));
  if (!isPicture && text(ds, Tag.PhotometricInterpretation) === "") return null;
  if ((number(ds, Tag.Rows) ?? 0) === 0)
    return _("An image that does not say how large it is, so it cannot be shown.");
  return _("An image without pixels: they are missing from what was sent.");
}

export const renderSummary: Renderer = ({ root, instances, language }) => {
  for (const instance of instances.slice(0, 20)) {
    const article = element("article", "object-paper");
    const lack = lackOf(instance);
    const [title = "", ...rest] = lack
      ? [lack]
      : (KINDS[text(instance, Tag.SOPClassUID)] ?? UNKNOWN)(instance);
    article.append(element("h2", "report-heading", title));
    article.append(...rest.filter((words) => words !== "").map((words) => element("p", "", words)));
    article.append(element("p", "object-hint", facts(instance, language).join(" · ")));
    root.append(article);
  }
};
