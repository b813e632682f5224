/** The panel's tab of what lies over the images: presentation states, segments, structures, key images. */
import { shownDate } from "../dicom/people.ts";
import { _, _n } from "../words/say.ts";
import type { Pane, Workspace } from "./host.ts";
import type { Overlays } from "./overlays.ts";
import { element } from "./renderer.ts";
import type { SegmentOverlay } from "./segment_layer.ts";
import type { LoadedState, StructureSet } from "./study_objects.ts";

interface Choice {
  readonly words: string;
  readonly hint?: string;
  readonly checked: boolean;
  readonly color?: readonly [number, number, number];
  change(checked: boolean): void;
}

/** A switch with its name; what it stands for is told in its hint. */
function choice({ words, hint = "", checked, color, change }: Choice): HTMLElement {
  const label = element("label", "object-choice");
  const box = element("input");
  box.type = "checkbox";
  box.checked = checked;
  box.addEventListener("change", () => change(box.checked));
  label.append(box);
  if (color) {
    const swatch = element("span", "object-swatch");
    swatch.style.setProperty("background-color", `rgb(${color.join(" ")})`);
    label.append(swatch);
  }
  const text = element("span", "object-choice-words", words);
  if (hint !== "") text.append(element("span", "object-hint", hint));
  label.append(text);
  return label;
}

function section(title: string, ...content: HTMLElement[]): HTMLElement {
  const box = element("section", "object-section");
  box.append(element("h3", "object-title", title), ...content);
  return box;
}

function opacity(value: number, change: (opacity: number) => void): HTMLElement {
  const label = element("label", "object-opacity", _("Opacity"));
  const range = element("input");
  range.type = "range";
  range.min = "0";
  range.max = "100";
  range.value = String(Math.round(value * 100));
  range.addEventListener("input", () => change(Number(range.value) / 100));
  label.append(range);
  return label;
}

function toggled(hidden: Set<number>, number: number, isOn: boolean): void {
  if (isOn) hidden.delete(number);
  else hidden.add(number);
}

export class ObjectsPanel {
  constructor(
    private readonly body: HTMLElement,
    private readonly workspace: Workspace,
    private readonly overlays: Overlays,
  ) {
    body.classList.add("objects-panel");
  }

  /** Writes the tab anew for the active pane. */
  draw(): void {
    const pane = this.workspace.active;
    const parts = [
      this.states(pane),
      this.segments(pane),
      this.structures(pane),
      this.keys(pane),
      this.planes(pane),
    ].filter((part) => part !== null);
    const nothing = element("p", "object-hint", _("Nothing lies over these images."));
    this.body.replaceChildren(...(parts.length > 0 ? parts : [nothing]));
  }

  private states(pane: Pane): HTMLElement | null {
    const states = this.overlays.statesOn(pane);
    if (states.length === 0) return null;
    const applied = this.overlays.states.on(pane);
    return section(_("Presentation states"), ...states.map((one) => this.state(pane, one, one === applied)));
  }

  private state(pane: Pane, loaded: LoadedState, checked: boolean): HTMLElement {
    const { label, description, creator, date } = loaded.state;
    const who = [creator, shownDate(date, this.workspace.config.language)];
    return choice({
      words: description || label || _("Presentation state"),
      hint: who.filter((words) => words !== "").join(", "),
      checked,
      change: (isOn) => {
        this.overlays.apply(pane, isOn ? loaded : null);
        this.draw();
      },
    });
  }

  private segments(pane: Pane): HTMLElement | null {
    const all = this.overlays.segmentationsOn(pane);
    if (all.length === 0) return null;
    return section(_("Segments"), ...all.flatMap((one) => this.segmentation(one)));
  }

  private segmentation(overlay: SegmentOverlay): HTMLElement[] {
    const { settings, segmentation, label } = overlay;
    const redraw = () => this.workspace.redraw();
    return [
      element("p", "object-hint", label),
      ...segmentation.segments.map((segment) =>
        choice({
          words: segment.label || _("Segment {n}", { n: segment.number }),
          hint: segment.property,
          checked: !settings.hidden.has(segment.number),
          color: segment.color,
          change: (isOn) => {
            toggled(settings.hidden, segment.number, isOn);
            redraw();
          },
        }),
      ),
      opacity(settings.opacity, (value) => {
        settings.opacity = value;
        redraw();
      }),
    ];
  }

  private structures(pane: Pane): HTMLElement | null {
    const sets = this.overlays.structuresOn(pane);
    if (sets.length === 0) return null;
    return section(_("Structures"), ...sets.flatMap((set) => this.structureSet(set)));
  }

  private structureSet({ label, structures, hidden }: StructureSet): HTMLElement[] {
    return [
      element("p", "object-hint", label),
      ...structures.map((one) =>
        choice({
          words: one.label || _("Structure {n}", { n: one.number }),
          checked: !hidden.has(one.number),
          color: one.color,
          change: (isOn) => {
            toggled(hidden, one.number, isOn);
            this.workspace.redraw();
          },
        }),
      ),
    ];
  }

  private keys(pane: Pane): HTMLElement | null {
    const count = this.overlays.keyFrames(pane).length;
    if (count === 0) return null;
    const words = _n("Only the {n} key image", "Only the {n} key images", count);
    return section(
      _("Key images"),
      choice({
        words,
        hint: this.overlays.keyTitles(pane).join(", "),
        checked: this.overlays.isFiltered(pane),
        change: (isOn) => this.overlays.filter(pane, isOn),
      }),
    );
  }

  private planes(pane: Pane): HTMLElement | null {
    if (!this.overlays.hasPlanes(pane)) return null;
    const { planesShown } = this.overlays;
    return section(
      _("Drawings in the image"),
      choice({
        words: _("Show what the machine drew"),
        checked: planesShown,
        change: (isOn) => {
          this.overlays.planesShown = isOn;
          this.workspace.redraw();
        },
      }),
    );
  }
}
