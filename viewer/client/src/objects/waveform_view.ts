/** Shows waveforms as leads on millimetre paper. */
import { type DataSet, items } from "../dicom/dataset.ts";
import { Unusable } from "../http/failures.ts";
import { _, withMark } from "../words/say.ts";
import { element, type Place, type Renderer } from "./renderer.ts";
import { ObjectTag } from "./tags.ts";
import { type Lead, type Paper, paperOf } from "./trace.ts";
import { remarksOf, type Waveform, waveformOf } from "./waveform.ts";

const SVG = "http://www.w3.org/2000/svg";

function drawn(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** Lines every millimetre, and stronger ones every five. */
function grid({ width, height }: Paper): SVGElement[] {
  const lines = (step: number) => {
    const across = Array.from(
      { length: Math.floor(width / step) + 1 },
      (_x, at) => `M${at * step} 0V${height}`,
    );
    const down = Array.from(
      { length: Math.floor(height / step) + 1 },
      (_y, at) => `M0 ${at * step}H${width}`,
    );
    return [...across, ...down].join("");
  };
  return [
    drawn("path", { d: lines(1), class: "ecg-fine" }),
    drawn("path", { d: lines(5), class: "ecg-coarse" }),
  ];
}

function lead({ label, x, y, path }: Lead): SVGElement[] {
  const name = drawn("text", { x: x + 1, y: y - 10, class: "ecg-label" });
  name.textContent = label;
  // A pulse of 1 mV and 5 mm, as machines draw it, before each lead.
  const pulse = drawn("path", { d: `M${x - 7} ${y}h1v-10h5v10h1`, class: "ecg-line" });
  return [name, pulse, drawn("path", { d: path, class: "ecg-line" })];
}

function sheet(waveform: Waveform): HTMLElement {
  const paper = paperOf(waveform);
  const box = element("section", "ecg");
  const seconds = (waveform.channels[0]?.values.length ?? 0) / waveform.frequency;
  const facts = [
    waveform.label,
    "25 mm/s",
    paper.gainWords || _("each lead in its own scale"),
    _("{n} s at {frequency} Hz", {
      n: withMark(String(Number(seconds.toFixed(2)))),
      frequency: waveform.frequency,
    }),
  ];
  box.append(element("p", "ecg-facts", facts.filter((words) => words !== "").join(" · ")));
  const { width, height } = paper;
  const svg = drawn("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width: `${width}mm`,
    height: `${height}mm`,
    role: "img",
    "aria-label": waveform.channels.map(({ label }) => label).join(", "),
  });
  svg.append(...grid(paper), ...paper.leads.flatMap(lead));
  const scroller = element("div", "ecg-paper");
  scroller.tabIndex = 0;
  scroller.append(svg);
  box.append(scroller);
  return box;
}

async function one(place: Place, instance: DataSet): Promise<void> {
  const groups = items(instance, ObjectTag.WaveformSequence);
  if (groups.length === 0) throw new Unusable(_("it holds no waveform"));
  const remarks = remarksOf(instance);
  if (remarks.length > 0) {
    const list = element("ul", "ecg-remarks");
    list.append(...[...new Set(remarks)].slice(0, 40).map((words) => element("li", "", words)));
    place.root.append(list);
  }
  for (const group of groups) {
    const data = group[ObjectTag.WaveformData];
    if (!data) throw new Unusable(_("the samples are missing from it"));
    const bytes = await place.bytes(data);
    place.signal.throwIfAborted();
    place.root.append(sheet(waveformOf(group, bytes)));
  }
}

export const renderWaveform: Renderer = async (place) => {
  for (const instance of place.instances) await one(place, instance);
};
